from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from protocol.facts import Deployment, Missing, Relation
from tests.decisions import codes_of, finding_of, findings_of
from tests.facts import NOW, OTHER, SHA, at, make_deployment, make_facts
from tests.policies import make_policy

AFTER = {"after": {"environment": "staging", "bake": "30m"}}
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (Relation.NOTHING_DEPLOYED, ("allow", "outdated.not")),
        (Relation.IDENTICAL, ("allow", "outdated.not")),
        (Relation.AHEAD, ("allow", "outdated.not")),
        (Relation.BEHIND, ("refuse", "outdated")),
        (Relation.DIVERGED, ("wait", "outdated.diverged")),
        (Missing("no answer"), ("wait", "facts.unavailable")),
    ],
)
def test_what_runs_there_must_not_be_newer(relation: Any, expected: tuple[str, str]) -> None:
    assert codes_of("outdated", make_policy(), make_facts(relations={"production": relation})) == [expected]


def test_what_was_not_compared_waits() -> None:
    assert codes_of("outdated", make_policy(), make_facts(relations={})) == [("wait", "facts.unavailable")]


@pytest.mark.parametrize("verdict", ["wait", "refuse", "allow"])
def test_the_policy_says_what_a_diverged_commit_gets(verdict: str) -> None:
    facts = make_facts(relations={"production": Relation.DIVERGED})
    assert codes_of("outdated", make_policy({"diverged": verdict}), facts) == [(verdict, "outdated.diverged")]


def test_a_hotfix_lacks_what_other_environments_run() -> None:
    relations = {"production": Relation.DIVERGED}
    facts = make_facts(branch="hotfix/basket", relations=relations)
    assert codes_of("outdated", make_policy(hotfix={}), facts) == [("allow", "outdated.diverged")]


@pytest.mark.parametrize("state", ["queued", "pending", "in_progress"])
@pytest.mark.parametrize("verdict", ["wait", "refuse", "allow"])
def test_another_deployment_under_way_gets_what_the_policy_says(state: Any, verdict: str) -> None:
    facts = make_facts(deployments=(make_deployment("production", state=state, sha=OTHER),))
    assert codes_of("in_flight", make_policy({"in_flight": verdict}), facts) == [(verdict, "in_flight.other")]


@pytest.mark.parametrize("state", ["waiting", "success", "failure", "error", "inactive", "abandoned"])
def test_what_waits_or_has_ended_is_not_under_way(state: Any) -> None:
    facts = make_facts(deployments=(make_deployment("production", state=state),))
    assert codes_of("in_flight", make_policy(), facts) == [("allow", "in_flight.none")]


def test_what_is_under_way_elsewhere_does_not_matter() -> None:
    facts = make_facts(deployments=(make_deployment("staging", state="in_progress"),))
    assert codes_of("in_flight", make_policy(), facts) == [("allow", "in_flight.none")]


def test_every_deployment_under_way_is_named() -> None:
    one = make_deployment("production", id=1, state="in_progress", creator="bo", sha=OTHER)
    two = make_deployment("Production", id=2, state="queued", creator="")
    first, second = findings_of("in_flight", make_policy(), make_facts(deployments=(one, two)))
    assert first.why == "Another deployment to Production is queued: abc1234"
    assert second.why == "Another deployment to production is in progress: fff9999 by bo"
    assert second.who == ("user:bo",)


@pytest.mark.parametrize("rule", ["in_flight", "order", "rollback"])
def test_deployments_that_cannot_be_read_wait(rule: str) -> None:
    facts = make_facts(
        deployments=Missing("no answer"), intent="rollback" if rule == "rollback" else "deploy"
    )
    assert codes_of(rule, make_policy(AFTER), facts) == [("wait", "facts.unavailable")]


def order(*deployments: Deployment) -> list[tuple[str, str]]:
    return codes_of("order", make_policy(AFTER), make_facts(deployments=deployments))


DONE = ("allow", "order.done")
MISSING = ("wait", "order.staging_missing")
FAILED = ("refuse", "order.staging_failed")


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        pytest.param((), MISSING, id="never"),
        pytest.param((make_deployment(),), DONE, id="succeeded"),
        pytest.param((make_deployment("STAGING"),), DONE, id="succeeded, the name in capitals"),
        pytest.param((make_deployment(state="inactive"),), DONE, id="superseded after success"),
        pytest.param(
            (make_deployment(state="inactive", succeeded=False),), MISSING, id="inactive without success"
        ),
        pytest.param((make_deployment(state="abandoned", succeeded=False),), MISSING, id="abandoned"),
        pytest.param((make_deployment(sha=OTHER),), MISSING, id="another commit"),
        pytest.param((make_deployment("production"),), MISSING, id="another environment"),
        pytest.param((make_deployment(state="in_progress"),), MISSING, id="under way"),
        pytest.param((make_deployment(state="failure"),), FAILED, id="failed"),
        pytest.param((make_deployment(state="error", succeeded=True),), FAILED, id="failed after all"),
        pytest.param(
            (make_deployment(state="failure", logged="held"),), ("wait", "order.staging_held"), id="held"
        ),
        pytest.param(
            (make_deployment(id=2, created_at=NOW, state="failure"), make_deployment()),
            FAILED,
            id="failed again",
        ),
        pytest.param(
            (make_deployment(), make_deployment(id=2, created_at=NOW - timedelta(days=1), state="failure")),
            DONE,
            id="repaired",
        ),
        pytest.param(
            (make_deployment(id=2, created_at=NOW, state="in_progress"), make_deployment()),
            DONE,
            id="once more",
        ),
        pytest.param((make_deployment(finished_at=None),), ("wait", "facts.unavailable"), id="end not known"),
    ],
)
def test_the_same_commit_comes_from_the_environment_before(
    deployments: tuple[Deployment, ...], expected: tuple[str, str]
) -> None:
    assert order(*deployments) == [expected]


def test_baking_waits_for_the_moment_it_is_done() -> None:
    facts = make_facts(deployments=(make_deployment(finished_at=NOW - 29 * MINUTE),))
    finding = finding_of("order", make_policy(AFTER), facts)
    assert (finding.code, finding.recheck_at) == ("order.baking", NOW + MINUTE)
    assert finding.why == "abc1234 must run in staging for 30m, until Mon 2026-11-23 11:01 CET"


def test_baking_is_done_at_that_moment() -> None:
    assert order(make_deployment(finished_at=NOW - 30 * MINUTE)) == [DONE]


def test_baking_counts_real_time_when_the_clocks_change() -> None:
    policy = make_policy({"after": {"environment": "staging", "bake": "2h"}})
    done = at("2026-10-25 01:30")  # the night in which 02:00 to 03:00 happens twice
    facts = make_facts(deployments=(make_deployment(finished_at=done, sha=SHA),))
    assert finding_of("order", policy, facts, at("2026-10-25 02:15")).why.endswith("Sun 2026-10-25 02:30 CET")


def test_an_environment_that_comes_after_none_asks_nothing() -> None:
    assert codes_of("order", make_policy()) == [("allow", "policy.not_asked")]


def test_a_missing_staging_says_who_can_deploy_it() -> None:
    finding = finding_of("order", make_policy(AFTER), make_facts(deployments=()))
    assert finding.who == ("permission:write",)
    assert finding.why == "abc1234 has not run in staging yet; deploy it there first"
