"""Which words of people count, and for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.approvals import commented, dismissed, environment_answers, environment_approved, reviewed
from gateway.reading import Unreadable
from gateway.text import button_line
from protocol.facts import Approval
from tests.nodes import GATE, NOON, SHA, bot, comment, dismissal, listed, person, review

ENVIRONMENTS = frozenset({"production", "staging"})


def heard(*comments: dict[str, Any], our_logins: frozenset[str] = frozenset()) -> list[tuple[str, str, str]]:
    found = commented(listed(*comments), GATE, since=NOON, environments=ENVIRONMENTS, our_logins=our_logins)
    return [(one.by, one.state, one.reason) for one in found]


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        pytest.param("/approve", [("grace", "approved", "")], id="the word alone"),
        pytest.param("/approve production", [("grace", "approved", "")], id="with the environment"),
        pytest.param("/approve Production", [("grace", "approved", "")], id="in any case"),
        pytest.param("/approve\nLooks fine.", [("grace", "approved", "")], id="more below"),
        pytest.param("/approve staging", [], id="another environment"),
        pytest.param("/approve stagign", [], id="a typing error approves nothing"),
        pytest.param("/approved", [], id="another word"),
        pytest.param("I'd say\n/approve", [], id="not on the first line"),
        pytest.param("/reject", [("grace", "rejected", "")], id="a rejection"),
        pytest.param(
            "/reject too risky today", [("grace", "rejected", "too risky today")], id="with a reason"
        ),
        pytest.param("/reject production too risky", [("grace", "rejected", "too risky")], id="with both"),
        pytest.param("/reject staging too risky", [], id="another environment's rejection"),
        pytest.param("/withdraw", [("grace", "withdrawn", "")], id="taken back"),
    ],
)
def test_a_command_stands_on_the_first_line(body: str, meant: list[tuple[str, str, str]]) -> None:
    assert heard(comment(body)) == meant


def test_an_edited_comment_says_nothing() -> None:
    assert heard(comment("/approve", lastEditedAt="2026-11-25T12:31:00Z")) == []


def test_a_bots_comment_says_nothing() -> None:
    assert heard(comment("/approve", bot("renovate"))) == []


def test_peers_15_an_approval_from_before_the_run_was_for_another_commit() -> None:
    before = "2026-11-25T11:59:59Z"
    assert heard(comment("/approve", createdAt=before)) == []
    assert heard(comment("/reject", createdAt=before)) == [("grace", "rejected", "")]


def test_a_click_our_app_wrote_down_is_the_persons_word() -> None:
    line = button_line(by="Grace", state="approved", environment="production", sha=SHA)
    ours = frozenset({"gate[bot]"})
    assert heard(comment(f"{line}\n@Grace approved.", bot("gate")), our_logins=ours) == [
        ("grace", "approved", "")
    ]


@pytest.mark.parametrize(("environment", "counted"), [("Production EU", 1), ("Production_EU", 0)])
def test_a_click_is_for_its_own_environment_whatever_that_is_called(environment: str, counted: int) -> None:
    line = button_line(by="grace", state="approved", environment=environment, sha=SHA)
    found = commented(
        listed(comment(line, bot("gate"))),
        replace(GATE, environment="Production EU"),
        since=NOON,
        environments=ENVIRONMENTS,
        our_logins=frozenset({"gate[bot]"}),
    )
    assert len(found) == counted


@pytest.mark.parametrize("by", [person("mallory"), bot("github-actions"), bot("echo")])
def test_nobody_else_writes_down_clicks(by: dict[str, Any]) -> None:
    line = button_line(by="grace", state="approved", environment="production", sha=SHA)
    assert heard(comment(line, by), our_logins=frozenset({"gate[bot]"})) == []


def test_peers_15_a_click_is_for_the_commit_it_was_given_for_whenever_that_was() -> None:
    line = button_line(by="grace", state="approved", environment="production", sha="b" * 40)
    before = "2026-11-25T11:00:00Z"
    (click,) = commented(
        listed(comment(line, bot("gate"), createdAt=before)),
        GATE,
        since=NOON,
        environments=ENVIRONMENTS,
        our_logins=frozenset({"gate[bot]"}),
    )
    assert (click.by, click.method, click.sha) == ("grace", "button", "b" * 40)


def test_a_click_for_another_environment_says_nothing() -> None:
    line = button_line(by="grace", state="approved", environment="staging", sha=SHA)
    assert heard(comment(line, bot("gate")), our_logins=frozenset({"gate[bot]"})) == []


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        ("APPROVED", ["approved"]),
        ("CHANGES_REQUESTED", ["rejected"]),
        ("COMMENTED", []),
    ],
)
def test_a_review_is_an_opinion_or_none(state: str, meant: list[str]) -> None:
    assert [one.state for one in reviewed(listed(review(state)), listed())] == meant


@pytest.mark.parametrize(
    ("before", "by", "left"),
    [
        pytest.param("CHANGES_REQUESTED", "ada", "rejected", id="a rejection, by another"),
        pytest.param("CHANGES_REQUESTED", "ghost", "rejected", id="a rejection, by nobody knows whom"),
        pytest.param("CHANGES_REQUESTED", "Grace", "withdrawn", id="a rejection, by its author"),
        pytest.param("APPROVED", "ada", "withdrawn", id="an approval, by another"),
        pytest.param("APPROVED", "grace", "withdrawn", id="an approval, by its author"),
    ],
)
def test_only_its_author_takes_a_rejection_back_by_dismissing_it(before: str, by: str, left: str) -> None:
    given = review("DISMISSED", sha="b" * 40)
    events = listed(dismissal(before, by, given))
    assert reviewed(listed(given), events) == ()
    assert [(one.by, one.state, one.sha, one.at) for one in dismissed(events)] == [
        ("grace", left, "b" * 40, NOON - timedelta(minutes=30))
    ]


def test_a_dismissal_of_which_it_is_not_told_whose_it_was_is_unknown() -> None:
    with pytest.raises(Unreadable, match="who dismissed the review of grace"):
        reviewed(listed(review("DISMISSED")), listed(dismissal("APPROVED", "ada", review("DISMISSED", "bo"))))
    with pytest.raises(Unreadable, match="whose review was dismissed"):
        dismissed(listed(dismissal("CHANGES_REQUESTED", "ada", None)))


def test_a_part_of_the_dismissals_is_not_all() -> None:
    with pytest.raises(Unreadable, match="goes on longer"):
        dismissed(listed(dismissal("APPROVED", "ada", review("DISMISSED")), more=True))


def test_a_review_keeps_its_commit_and_its_first_line() -> None:
    (given,) = reviewed(listed(review("APPROVED", sha="b" * 40)), listed())
    assert (given.sha, given.reason, given.at) == ("b" * 40, "Fine", NOON - timedelta(minutes=30))


def test_a_part_of_the_reviews_is_not_all() -> None:
    with pytest.raises(Unreadable, match="goes on longer"):
        reviewed(listed(review("APPROVED"), more=True), listed())


def suite(run: int, *environments: str, state: str = "APPROVED") -> dict[str, Any]:
    names = listed(*({"name": name} for name in environments))
    answer = {"state": state, "comment": "Go", "user": person("grace"), "environments": names}
    return {"workflowRun": {"databaseId": run, "deploymentReviews": listed(answer)}}


APPROVED = Approval(by="grace", method="environment", state="approved", at=NOON, reason="Go")


def test_an_environment_is_approved_for_one_run() -> None:
    suites = listed(suite(6, "production"), suite(7, "staging"), {"workflowRun": None})
    assert environment_approved(suites, GATE) == ()
    assert environment_approved(listed(suite(7, "staging", "Production")), GATE) == (APPROVED,)


def test_a_run_that_is_not_shown_is_unknown() -> None:
    assert environment_approved(listed(suite(6, "production"), more=True), GATE) is None


def test_rest_says_the_same_of_a_run() -> None:
    answer = {
        "state": "approved",
        "comment": "Go",
        "user": person("grace"),
        "environments": [{"name": "production"}],
    }
    assert environment_answers([answer, {**answer, "state": "pending"}], GATE) == (APPROVED,)
