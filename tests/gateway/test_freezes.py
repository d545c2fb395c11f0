"""Freezes and emergencies in issues."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.freezes import authors_of, emergency_of, freezes_of, labellers_of
from protocol.facts import Freeze, Known, Missing, Permission
from tests.nodes import GATE, bot, issue, labelled, listed, person

BERLIN = ZoneInfo("Europe/Berlin")
OURS = frozenset({"gate[bot]"})
DOWN = "environment: production\nDown"
WRITERS: dict[str, Permission] = {"grace": Permission.WRITE, "rita": Permission.READ}


def frozen(
    body: str, permissions: Known[dict[str, Permission]] = WRITERS, **changes: Any
) -> tuple[Freeze, ...]:
    return freezes_of(listed(issue(body, "deploy-freeze", **changes)), permissions, BERLIN, OURS)


@pytest.mark.parametrize(
    ("body", "environments", "until", "reason"),
    [
        pytest.param("", set(), None, "Stock-taking", id="nothing: all, until closed, the title"),
        pytest.param("environment: production", {"production"}, None, "Stock-taking", id="one environment"),
        pytest.param(
            "Environments: production, staging", {"production", "staging"}, None, "Stock-taking", id="two"
        ),
        pytest.param("environment: all", set(), None, "Stock-taking", id="all of them"),
        pytest.param(
            "until: 2027-01-04 08:00",
            set(),
            "2027-01-04T08:00:00+01:00",
            "Stock-taking",
            id="the policy's zone",
        ),
        pytest.param(
            "until: 2027-01-04T08:00Z",
            set(),
            "2027-01-04T08:00:00+00:00",
            "Stock-taking",
            id="its own offset",
        ),
        pytest.param(
            "until: 2026-10-25 02:30", set(), "2026-10-25T02:30:00+01:00", "Stock-taking", id="the later pass"
        ),
        pytest.param(
            "until: 2027-01-04", set(), "2027-01-05T00:00:00+01:00", "Stock-taking", id="a day, whole"
        ),
        pytest.param(
            "until: 2027-01-04 24:00", set(), "2027-01-05T00:00:00+01:00", "Stock-taking", id="midnight"
        ),
        pytest.param("until: next week", set(), None, "Stock-taking", id="an unreadable end is none"),
        pytest.param("until: 9999-12-31 23:59-05:00", set(), None, "Stock-taking", id="an end beyond clocks"),
        pytest.param("reason: Sale\n\nmore", set(), None, "Sale", id="a line for the reason"),
        pytest.param(
            "environment: production\n\nWe count\nstock.",
            {"production"},
            None,
            "We count stock.",
            id="the rest",
        ),
        pytest.param("<!-- until: 2020-01-01 -->Sale", set(), None, "Sale", id="a hidden line is none"),
    ],
)
def test_a_freeze_is_read(body: str, environments: set[str], until: str | None, reason: str) -> None:
    (freeze,) = frozen(body)
    assert freeze.environments == environments
    assert (freeze.until.isoformat() if freeze.until else None) == until
    assert freeze.reason == reason


def test_without_write_access_nobody_freezes() -> None:
    assert frozen("", by="rita") == frozen("", by="stranger") == ()


def test_an_apps_freeze_holds() -> None:
    (freeze,) = frozen("", author=bot("gate"))
    assert freeze.by == "gate[bot]"


def test_a_freeze_holds_where_permissions_could_not_be_found_out() -> None:
    assert len(frozen("", Missing("no answer"), by="rita")) == 1


def test_another_label_is_no_freeze() -> None:
    assert freezes_of(listed(issue("", "deploy-emergency")), WRITERS, BERLIN, OURS) == ()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, True, id="written"),
        pytest.param({"body": "environment: staging\nDown"}, False, id="for another environment"),
        pytest.param({"body": "Down"}, False, id="for none"),
        pytest.param({"lastEditedAt": "2026-11-25T11:30:00Z"}, False, id="edited by whomever"),
        pytest.param({"author": bot("gate")}, False, id="by a bot"),
    ],
)
def test_an_emergency_is_for_an_environment_by_a_person_and_unedited(
    changes: dict[str, Any], found: bool
) -> None:
    declared = {**issue("environment: production\nDown", "deploy-emergency"), **changes}
    assert (emergency_of(listed(declared), GATE, WRITERS, OURS) is not None) is found


def test_the_newest_emergency_counts() -> None:
    old = issue("environment: production\nOld", "deploy-emergency")
    new = issue("environment: production\nNew", "deploy-emergency", createdAt="2026-11-25T11:45:00Z")
    emergency = emergency_of(listed(new, old), GATE, WRITERS, OURS)
    assert emergency is not None
    assert emergency.reason == "New"


def test_a_strangers_emergency_is_none_and_hides_nobodys() -> None:
    old = issue("environment: production\nOld", "deploy-emergency")
    strangers = issue(
        "environment: production\nHa", "deploy-emergency", by="rita", createdAt="2026-11-25T11:45:00Z"
    )
    emergency = emergency_of(listed(strangers, old), GATE, WRITERS, OURS)
    assert emergency is not None
    assert emergency.reason == "Old"
    assert emergency_of(listed(strangers), GATE, WRITERS, OURS) is None


MINE, GATES = ("deploy-emergency", person("grace")), ("deploy-emergency", bot("gate"))
RITAS, BOS = ("deploy-emergency", person("rita")), ("deploy-emergency", person("Bo"))
UNKNOWN = Missing("GitHub does not say who set the label of #3")
FOR_GRACE = {"author": bot("gate"), "body": "<!-- deploy-protocol:asked by=grace comment=7 -->\n" + DOWN}


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        pytest.param({"labellings": labelled(MINE)}, "", id="whoever wrote it"),
        pytest.param({"labellings": labelled(RITAS)}, "rita", id="another"),
        pytest.param({"labellings": labelled(RITAS, MINE)}, "", id="the last who did"),
        pytest.param({"labellings": labelled(MINE, RITAS)}, "rita", id="another, after it was taken off"),
        pytest.param({"labellings": labelled(MINE, ("bug", person("rita")))}, "", id="of that label alone"),
        pytest.param({"labellings": labelled(("Deploy-Emergency", bot("echo")))}, "echo[bot]", id="a bot"),
        pytest.param({"labellings": labelled(("bug", person("grace")))}, UNKNOWN, id="not told"),
        pytest.param({"labellings": {**labelled(MINE), "nodes": [None]}}, UNKNOWN, id="not shown"),
        pytest.param({**FOR_GRACE, "labellings": labelled(GATES)}, "", id="our App"),
        pytest.param({**FOR_GRACE, "labellings": labelled()}, "", id="our App, as it began"),
        pytest.param({**FOR_GRACE, "labellings": labelled(more=True)}, UNKNOWN, id="our App, or a later one"),
        pytest.param({**FOR_GRACE, "labellings": labelled(RITAS)}, "rita", id="another, on our App's issue"),
    ],
)
def test_who_made_an_issue_an_emergency_is_told(changes: dict[str, Any], by: Known[str]) -> None:
    declared = {**issue(DOWN, "deploy-emergency"), **changes}
    emergency = emergency_of(listed(declared), GATE, WRITERS, OURS)
    assert emergency is not None
    assert (emergency.by, emergency.labelled_by) == ("grace", by)
    asked_about = frozenset() if isinstance(by, Missing) or by == "" else {by}
    assert labellers_of(listed(declared), OURS) == asked_about


@pytest.mark.parametrize(
    "labellings", [labelled(RITAS), labelled(("deploy-emergency", bot("echo"))), labelled()]
)
def test_a_strangers_label_hides_no_emergency(labellings: dict[str, Any]) -> None:
    old = issue(f"{DOWN} for long", "deploy-emergency", labellings=labelled(BOS))
    new = issue(DOWN, "deploy-emergency", createdAt="2026-11-25T11:45:00Z", labellings=labellings)
    emergency = emergency_of(listed(new, old), GATE, {**WRITERS, "bo": Permission.WRITE}, OURS)
    assert emergency is not None
    assert (emergency.reason, emergency.labelled_by) == ("Down for long", "bo")


@pytest.mark.parametrize(
    ("author", "by"),
    [
        pytest.param(bot("gate"), "ada", id="our App speaks for whom it names"),
        pytest.param(bot("github-actions"), "github-actions[bot]", id="a workflow speaks for itself"),
        pytest.param({"__typename": "User", "login": "grace"}, "grace", id="a person speaks for herself"),
    ],
)
def test_only_our_own_app_opens_an_issue_in_anothers_name(author: dict[str, Any], by: str) -> None:
    asked = "<!-- deploy-protocol:asked by=Ada comment=7 -->"
    (freeze,) = frozen(f"{asked}\nSale", author=author)
    declared = issue(f"{asked}\nenvironment: production\nDown", "deploy-emergency", author=author)
    assert freeze.by == by
    assert authors_of(listed(declared), OURS) == {by}
