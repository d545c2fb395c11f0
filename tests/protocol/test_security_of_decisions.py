"""The promises of a trustworthy gate that the decision itself must keep, numbered as in the checklist."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from protocol.decision import decide
from protocol.document import parse_policy
from protocol.errors import PolicyError, Problem
from protocol.facts import Approval, Changes, Emergency, Facts, Missing, People
from protocol.verdict import Decision, Verdict
from tests.facts import EARLIER, HEAD, NOW, OTHER, make_approval, make_check, make_facts, make_pull_request
from tests.policies import example_policy, make_policy

UNREADABLE = Missing("GitHub did not answer")
APPROVED = make_policy({"approvals": [{"name": "Somebody", "from": ["anyone"]}]})


def decide_example(**facts: Any) -> Decision:
    return decide([example_policy()], make_facts(**facts), NOW)


def approved_by(*said: Approval, **facts: Any) -> Verdict:
    return decide([APPROVED], make_facts(approvals=said, **facts), NOW).verdict


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param({"people": People(permissions=UNREADABLE)}, id="permissions"),
        pytest.param({"people": People(permissions=make_facts().people.permissions)}, id="teams"),
        *[
            pytest.param({name: UNREADABLE}, id=name)
            for name in ("checks", "pull_request", "changes", "approvals", "freezes", "deployments")
        ],
        pytest.param({"relations": {"production": UNREADABLE}}, id="relation"),
        pytest.param({"relations": {}}, id="not compared"),
        pytest.param({"evidence": {"Team notified": UNREADABLE}}, id="evidence"),
    ],
)
def test_peers_7_anything_ambiguous_waits_with_a_reason(unknown: dict[str, Any]) -> None:
    decision = decide_example(**unknown)
    assert decision.verdict is Verdict.WAIT
    assert any(one.code == "facts.unavailable" and "cannot tell yet" in one.why for one in decision.blocking)


@pytest.mark.parametrize(
    "policy",
    [UNREADABLE, PolicyError((Problem("deploy.yml", 1, 1, "is empty"),))],
    ids=["missing", "unreadable"],
)
def test_peers_7_nothing_approves_on_a_missing_or_unreadable_policy(policy: Missing | PolicyError) -> None:
    facts = make_facts(emergency=Emergency(by="eve", reason="The shop is down", at=NOW))
    assert decide([policy], facts, NOW).verdict is Verdict.WAIT
    assert decide([policy, example_policy()], facts, NOW).verdict is Verdict.WAIT
    assert decide([], facts, NOW).verdict is Verdict.WAIT


def test_peers_6_what_only_time_can_change_says_when_to_look_again() -> None:
    closed = decide([example_policy()], make_facts(), NOW + timedelta(days=1))
    assert all(one.recheck_at for one in closed.blocking if one.code in {"windows.closed", "order.baking"})
    assert closed.recheck_at is not None


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"deployer": "bo"}, id="deployer"),
        pytest.param({"triggered_by": "bo"}, id="triggering actor"),
        pytest.param({"changes": Changes(paths=(), lines=1, authors=frozenset({"bo"}))}, id="commit author"),
    ],
)
def test_peers_13_nobody_approves_their_own(own: dict[str, Any]) -> None:
    assert approved_by(make_approval("bo"), **own) is Verdict.WAIT
    assert approved_by(make_approval("bo")) is Verdict.ALLOW


def test_peers_13_bots_do_not_approve() -> None:
    assert approved_by(make_approval("robot[bot]")) is Verdict.WAIT


def test_peers_15_approvals_count_for_the_head_commit_only() -> None:
    assert approved_by(make_approval(sha=HEAD)) is Verdict.ALLOW
    assert approved_by(make_approval(sha=OTHER)) is Verdict.WAIT


def test_peers_15_zero_checks_block_unless_the_policy_says_otherwise() -> None:
    strict = make_policy({"checklist": [{"item": "Tests", "checks": "all"}]})
    lenient = make_policy({"checklist": [{"item": "Tests", "checks": "all", "allow_none": True}]})
    facts = make_facts(checks=())
    assert decide([strict], facts, NOW).verdict is Verdict.WAIT
    assert decide([lenient], facts, NOW).verdict is Verdict.ALLOW


def test_peers_18_forks_are_off_by_default() -> None:
    fork = make_pull_request(from_fork=True, merged=False)
    assert decide_example(pull_request=fork).verdict is Verdict.REFUSE
    assert decide_example(pull_request=None, from_fork=True).verdict is Verdict.REFUSE


def emergency(**changes: Any) -> Facts:
    declared = {"by": "eve", "reason": "The shop is down", "at": NOW, **changes}
    return make_facts(checks=(), approvals=(), emergency=Emergency(**declared))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        pytest.param({}, Verdict.ALLOW, id="named, with a reason"),
        pytest.param({"by": "ada"}, Verdict.WAIT, id="not named"),
        pytest.param({"reason": "  "}, Verdict.WAIT, id="without a reason"),
    ],
)
def test_peers_19_an_emergency_needs_a_named_person_and_a_reason(
    changes: dict[str, Any], verdict: Verdict
) -> None:
    assert decide([example_policy()], emergency(**changes), NOW).verdict is verdict


def test_peers_19_an_emergency_and_its_reason_are_in_the_findings() -> None:
    found = decide([example_policy()], emergency(), NOW).findings
    assert [one.why for one in found if one.code == "emergency.used"] == [
        "Emergency by eve: The shop is down"
    ]


def test_peers_19_no_phrase_is_an_emergency() -> None:
    said = make_approval("eve", "comment", reason="EMERGENCY: deploy now", at=EARLIER)
    phrase = make_pull_request(title="[emergency] fix", labels=frozenset({"emergency"}), body="emergency")
    facts = make_facts(
        approvals=(said,), pull_request=phrase, checks=(make_check(state=make_check().state.PENDING),)
    )
    assert decide([example_policy()], facts, NOW).verdict is Verdict.WAIT


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        pytest.param("timezone: Mars/Olympus\nenvironments: {production: {}}", 2, id="time zone"),
        pytest.param("environments:\n  production:\n    windows: {open: [Mon 25:00-26:00]}", 4, id="window"),
        pytest.param("environments: {production: {}}\naccess: {deployers: ['team:dba']}", 3, id="team"),
        pytest.param(
            "environments:\n  production:\n    monitor:\n      metrics: {cpu: {query: q}}", 5, id="metric"
        ),
    ],
)
def test_peers_22_a_fault_of_the_policy_blocks_and_says_its_line(wrong: str, line: int) -> None:
    with pytest.raises(PolicyError) as error:
        parse_policy(f"version: 1\n{wrong}\n", "deploy.yml")
    decision = decide([error.value], make_facts(), NOW)
    assert decision.verdict is Verdict.WAIT
    assert [finding.code for finding in decision.blocking] == ["policy.invalid"]
    assert f"deploy.yml:{line}:" in decision.blocking[0].why
