from __future__ import annotations

from typing import Any

import pytest

from protocol.errors import PolicyError
from protocol.facts import Changes, Evidence, Missing, People, Tick
from protocol.policy import Policy
from tests.decisions import codes_of, finding_of
from tests.facts import EARLIER, NOW, make_deployment, make_facts, make_pull_request
from tests.policies import make_policy

DONE = ("allow", "checklist.done")
LEFT = ("allow", "checklist.left_to_action")
UNKNOWN = ("wait", "facts.unavailable")
ITEM = "The item"


def item(**kind: Any) -> Policy:
    channels = {"before": ["slack"], "during": ["slack"], "after": ["slack"]}
    return make_policy({"checklist": [{"item": ITEM, **kind}]}, notify=channels)


def tick(by: str = "bo", of: str = ITEM) -> Tick:
    return Tick(item=of, by=by, at=EARLIER)


UNTICKED = ("wait", "checklist.unticked")


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        pytest.param((tick(),), DONE, id="by somebody who may"),
        pytest.param((tick("reader"), tick()), DONE, id="by two, one of whom may"),
        pytest.param((), UNTICKED, id="by nobody"),
        pytest.param((tick("reader"),), UNTICKED, id="by somebody who may not"),
        pytest.param((tick("robot[bot]"),), UNTICKED, id="by a bot"),
        pytest.param((tick(of="Another item"),), UNTICKED, id="of another item"),
        pytest.param(Missing("no answer"), UNKNOWN, id="unreadable"),
    ],
)
def test_an_item_is_ticked_by_somebody_who_may(ticks: Any, expected: tuple[str, str]) -> None:
    assert codes_of("checklist", item(tick=["permission:write"]), make_facts(ticks=ticks)) == [expected]


def test_a_tick_by_somebody_of_an_unknown_team_waits() -> None:
    facts = make_facts(ticks=(tick(),), people=People())
    assert codes_of("checklist", item(tick=["team:acme/dba"]), facts) == [UNKNOWN]


def test_the_sentence_says_who_may_tick_and_who_may_not() -> None:
    policy = item(tick=["permission:admin", "user:cy"])
    finding = finding_of("checklist", policy, make_facts(ticks=(tick(),)))
    assert (
        finding.why
        == "The item: to be ticked on the pull request by anyone with admin access or cy; bo may not"
    )
    assert finding.who == ("permission:admin", "user:cy")


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        ((make_deployment(),), DONE),
        ((make_deployment(finished_at=NOW),), DONE),
        ((make_deployment(state="in_progress"),), ("wait", "checklist.not_deployed")),
        ((make_deployment(state="failure"),), ("wait", "checklist.not_deployed")),
        ((), ("wait", "checklist.not_deployed")),
        (Missing("no answer"), UNKNOWN),
    ],
    ids=["succeeded", "without baking", "under way", "failed", "never", "unreadable"],
)
def test_the_commit_ran_where_the_item_says(deployments: Any, expected: tuple[str, str]) -> None:
    assert codes_of("checklist", item(deployed="staging"), make_facts(deployments=deployments)) == [expected]


def body(text: str) -> Any:
    return make_pull_request(body=text)


NOT_WRITTEN = ("wait", "checklist.section_missing")


@pytest.mark.parametrize(
    ("pull_request", "expected"),
    [
        pytest.param(body("### ROLLBACK plan\nDeploy v1."), DONE, id="filled"),
        pytest.param(body("### Rollback plan\n<!-- how? -->"), NOT_WRITTEN, id="empty"),
        pytest.param(body("Deploy v1."), NOT_WRITTEN, id="no heading"),
        pytest.param(None, NOT_WRITTEN, id="no pull request"),
        pytest.param(Missing("no answer"), UNKNOWN, id="unreadable"),
    ],
)
def test_a_section_is_filled_in_the_pull_request(pull_request: Any, expected: tuple[str, str]) -> None:
    facts = make_facts(pull_request=pull_request)
    assert codes_of("checklist", item(section="Rollback plan"), facts) == [expected]


@pytest.mark.parametrize(
    ("pull_request", "why"),
    [
        (body("# Rollback plan"), "The item: write something under 'Rollback plan' in pull request #7"),
        (body(""), "The item: pull request #7 has no heading 'Rollback plan'"),
        (None, "The item: no pull request brought abc1234, so 'Rollback plan' is written nowhere"),
    ],
)
def test_the_sentence_says_what_to_write_where(pull_request: Any, why: str) -> None:
    assert (
        finding_of("checklist", item(section="Rollback plan"), make_facts(pull_request=pull_request)).why
        == why
    )


SHOWN = {ITEM: Evidence(passed=True, detail="exit 0")}
FAILED = {ITEM: Evidence(passed=False, detail="exit 1: no alert for the basket")}
NOT_SHOWN = ("wait", "checklist.not_shown")
NOT_PASSED = ("wait", "checklist.failed")


@pytest.mark.parametrize(
    "kind", [{"run": "ops/check-alerts"}, {"notified": "before"}], ids=["run", "notified"]
)
@pytest.mark.parametrize(
    ("place", "evidence", "expected"),
    [
        ("gate", {}, LEFT),
        ("gate", SHOWN, DONE),
        ("gate", FAILED, NOT_PASSED),
        ("action", {}, NOT_SHOWN),
        ("action", SHOWN, DONE),
        ("action", FAILED, NOT_PASSED),
        ("action", {ITEM: Missing("no answer")}, UNKNOWN),
    ],
)
def test_what_only_the_action_can_show_is_left_to_it(
    kind: dict[str, str], place: Any, evidence: Any, expected: tuple[str, str]
) -> None:
    assert codes_of("checklist", item(**kind), make_facts(place=place, evidence=evidence)) == [expected]


@pytest.mark.parametrize("moment", ["during", "after"])
def test_what_is_sent_later_does_not_hold_the_deployment_back(moment: str) -> None:
    facts = make_facts(place="action", evidence={})
    assert codes_of("checklist", item(notified=moment), facts) == [LEFT]


def test_an_item_that_does_not_apply_asks_for_nothing() -> None:
    policy = item(tick=["anyone"], when={"labels": ["needs-maintenance"]})
    assert codes_of("checklist", policy) == [("allow", "policy.not_asked")]
    assert codes_of("checklist", policy, make_facts(pull_request=Missing("no answer"))) == [UNKNOWN]


def test_checks_and_reviews_are_other_rules() -> None:
    assert codes_of("checklist", item(checks="all")) == [("allow", "policy.not_asked")]


def test_every_item_is_named() -> None:
    items = [{"item": "One", "tick": ["anyone"]}, {"item": "Two", "deployed": "staging"}]
    assert codes_of("checklist", make_policy({"checklist": items})) == [UNTICKED, DONE]


SQL = "migrations/1.sql"
MIGRATING: dict[str, Any] = {
    "after": {"environment": "staging"},
    "steps": {
        "backup": {"run": "ops/backup"},
        "migrate": {
            "run": "up",
            "undo": "down",
            "lint": "migrations/*.sql",
            "rehearse": "ops/rehearse",
        },
    },
}
NOT_GIVEN = object()
MIGRATED = Changes(paths=(SQL,), lines=3)


def migration(kind: str, **changes: Any) -> Policy:
    return make_policy(MIGRATING | {"checklist": [{"item": ITEM, "migration": kind}]} | changes)


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        pytest.param("local", {"ticks": (tick(),)}, DONE, id="tested locally"),
        pytest.param("local", {"ticks": ()}, UNTICKED, id="tested locally, says nobody"),
        pytest.param("local", {"ticks": (tick("reader"),)}, UNTICKED, id="says somebody who may not write"),
        pytest.param("staging", {"deployments": (make_deployment(),)}, DONE, id="tested in staging"),
        pytest.param("staging", {"deployments": ()}, ("wait", "checklist.not_deployed"), id="never there"),
        pytest.param("backup", {}, DONE, id="backup before"),
        pytest.param("reversible", {}, DONE, id="reversible"),
        pytest.param("rollback_tested", {"place": "gate"}, LEFT, id="rehearsed by the action"),
        pytest.param("rollback_tested", {"place": "action", "evidence": SHOWN}, DONE, id="rehearsed"),
        pytest.param(
            "rollback_tested", {"place": "action", "evidence": FAILED}, NOT_PASSED, id="rehearsed in vain"
        ),
    ],
)
def test_the_migration_checklist_has_evidence_for_each_of_its_items(
    kind: str, facts: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert codes_of("checklist", migration(kind), make_facts(changes=MIGRATED, **facts)) == [expected]


@pytest.mark.parametrize("kind", ["local", "staging", "backup", "reversible", "rollback_tested"])
def test_without_a_changed_migration_nothing_is_asked_of_one(kind: str) -> None:
    facts = make_facts(changes=Changes(paths=("src/app.py",), lines=3), deployments=())
    assert codes_of("checklist", migration(kind), facts) == [("allow", "policy.not_asked")]


@pytest.mark.parametrize(
    ("kind", "changes", "cure"),
    [
        ("local", {"steps": {}}, "add steps.migrate"),
        ("staging", {"after": NOT_GIVEN}, "add after"),
        ("backup", {"steps": {"migrate": {"run": "up"}}}, "add steps.backup"),
        ("reversible", {"steps": {"migrate": {"run": "up"}}}, "add steps.migrate.undo"),
        ("rollback_tested", {"steps": {"migrate": {"run": "up"}}}, "add steps.migrate.rehearse"),
    ],
)
def test_evidence_that_can_never_be_had_is_a_fault_of_the_policy(
    kind: str, changes: dict[str, Any], cure: str
) -> None:
    keys = {key: value for key, value in (MIGRATING | changes).items() if value is not NOT_GIVEN}
    with pytest.raises(PolicyError, match=f"'migration: {kind}' can never be shown: {cure}"):
        make_policy({**keys, "checklist": [{"item": ITEM, "migration": kind}]})
