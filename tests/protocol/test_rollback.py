from __future__ import annotations

from typing import Any

import pytest

from protocol.decision import decide
from protocol.facts import Facts, Freeze, Missing, Relation
from protocol.verdict import Verdict
from tests.decisions import codes_of
from tests.facts import NOW, OTHER, at, make_approval, make_check, make_deployment, make_facts
from tests.policies import example_policy, make_policy

GOOD = make_deployment("production", state="inactive")
SUNDAY = at("2026-12-20 03:00")  # closed and frozen in the example


def rollback(*deployments: Any, **changes: Any) -> Facts:
    facts = {"relations": {"production": Relation.BEHIND}, "requested_at": SUNDAY, **changes}
    return make_facts(intent="rollback", deployments=deployments or (GOOD,), **facts)


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        pytest.param((GOOD,), ("allow", "rollback.proven"), id="it ran well"),
        pytest.param(
            (make_deployment("production", id=2, created_at=NOW, state="failure"), GOOD),
            ("refuse", "rollback.bad"),
            id="it was rolled back itself",
        ),
        pytest.param((make_deployment(),), ("refuse", "rollback.not_proven"), id="it ran elsewhere"),
        pytest.param(
            (make_deployment("production", sha=OTHER),),
            ("refuse", "rollback.not_proven"),
            id="another version ran",
        ),
        pytest.param(
            (make_deployment("production", id=2, sha=OTHER, created_at=NOW, instead_of=GOOD.sha), GOOD),
            ("refuse", "rollback.bad"),
            id="somebody has taken it back",
        ),
        pytest.param(
            (
                make_deployment("production", id=3, created_at=NOW),
                make_deployment("production", id=2, sha=OTHER, created_at=NOW, instead_of=GOOD.sha),
            ),
            ("allow", "rollback.proven"),
            id="it was taken back and has run well since",
        ),
        pytest.param(
            (
                make_deployment(
                    "production", id=2, sha=OTHER, created_at=NOW, instead_of=GOOD.sha, state="failure"
                ),
                GOOD,
            ),
            ("allow", "rollback.proven"),
            id="it was not taken back after all",
        ),
        pytest.param(
            (make_deployment("production", id=2, created_at=NOW, instead_of=OTHER, state="failure"), GOOD),
            ("allow", "rollback.proven"),
            id="the way back to it failed",
        ),
    ],
)
def test_a_rollback_goes_to_a_good_version_only(deployments: Any, expected: tuple[str, str]) -> None:
    assert codes_of("rollback", make_policy(), rollback(*deployments)) == [expected]


def test_a_rollback_is_possible_during_a_freeze_and_outside_the_windows() -> None:
    facts = rollback(
        freezes=(Freeze(reason="Year-end", by="bo"),),
        checks=(make_check(state=make_check().state.FAILED),),
        approvals=(make_approval(),),
        pull_request=None,
        ticks=(),
    )
    policy = example_policy()
    holding = {finding.code for finding in decide([policy], facts, SUNDAY).blocking}
    assert holding == {"approvals.missing"}  # those given a month ago have expired


def test_a_rollback_with_its_approval_is_allowed_at_any_hour() -> None:
    facts = rollback(approvals=(make_approval(),))
    policy = make_policy(
        {
            "windows": {"closed": ["Sun"]},
            "approvals": [{"name": "Release manager", "from": ["team:acme/release-managers"]}],
        }
    )
    assert decide([policy], facts, SUNDAY).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        pytest.param({"deployer": "reader"}, "access", id="not by anybody"),
        pytest.param({"approvals": ()}, "approvals", id="not without approval"),
        pytest.param({"requested_at": NOW}, "expiry", id="not for ever"),
    ],
)
def test_a_rollback_does_not_pass_everything(wrong: dict[str, Any], rule: str) -> None:
    policy = make_policy({"approvals": [{"name": "Release manager", "from": ["user:bo"]}]})
    holding = {finding.rule for finding in decide([policy], rollback(**wrong), SUNDAY).blocking}
    assert holding == {rule}


def test_a_rollback_waits_for_another_deployment_under_way() -> None:
    other = make_deployment("production", id=3, state="in_progress", sha=OTHER)
    assert codes_of("in_flight", make_policy(), rollback(GOOD, other)) == [("wait", "in_flight.other")]


@pytest.mark.parametrize(
    "deployments", [(make_deployment(),), Missing("no answer")], ids=["not proven", "unknown"]
)
def test_a_rollback_that_is_not_proven_passes_nothing(deployments: Any) -> None:
    facts = make_facts(intent="rollback", deployments=deployments, relations={"production": Relation.BEHIND})
    assert codes_of("outdated", make_policy(), facts) == [("refuse", "outdated")]


def test_an_ordinary_deployment_is_no_rollback() -> None:
    assert codes_of("rollback", make_policy()) == []
