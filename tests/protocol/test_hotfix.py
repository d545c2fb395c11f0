from __future__ import annotations

from typing import Any

import pytest

from protocol.decision import decide
from protocol.facts import Changes, Facts, Missing, Relation
from protocol.verdict import Verdict
from tests.decisions import codes_of, finding_of
from tests.facts import at, make_facts, make_pull_request
from tests.policies import example_policy, make_policy

SUNDAY = at("2026-12-20 03:00")  # closed and frozen in the example
NOT_ASKED = ("allow", "policy.not_asked")


def hotfix(relation: Any = Relation.AHEAD, **changes: Any) -> Facts:
    facts = {"branch": "hotfix/basket", "requested_at": SUNDAY, "deployments": ()}
    return make_facts(**{**facts, "relations": {"production": relation}, **changes})


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (Relation.AHEAD, ("allow", "hotfix.descended")),
        (Relation.IDENTICAL, ("allow", "hotfix.descended")),
        (Relation.NOTHING_DEPLOYED, ("allow", "hotfix.descended")),
        (Relation.BEHIND, ("refuse", "hotfix.not_descended")),
        (Relation.DIVERGED, ("refuse", "hotfix.not_descended")),
        (Missing("no answer"), ("wait", "facts.unavailable")),
    ],
)
def test_a_hotfix_descends_from_what_runs(relation: Any, expected: tuple[str, str]) -> None:
    assert codes_of("hotfix", make_policy(hotfix={}), hotfix(relation)) == [expected]


def test_a_hotfix_ignores_what_the_policy_lists() -> None:
    policy = make_policy(
        {
            "after": {"environment": "staging"},
            "windows": {"closed": ["Sun"]},
            "freezes": [
                {"from": "2026-12-18 18:00", "until": "2027-01-04 08:00", "reason": "Year-end freeze"}
            ],
        },
        hotfix={},
    )
    decision = decide([policy], hotfix(), SUNDAY)
    passed = [finding.code for finding in decision.findings if finding.why.startswith("Passed (hotfix): ")]
    assert passed == ["order.staging_missing", "windows.closed", "freeze.active"]
    assert decision.verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("ignores", "rule"), [("windows", "windows"), ("freezes", "freezes"), ("after", "order")]
)
def test_a_hotfix_ignores_only_what_the_policy_lists(ignores: str, rule: str) -> None:
    policy = make_policy(
        {
            "after": {"environment": "staging"},
            "windows": {"closed": ["Sun"]},
            "freezes": [
                {"from": "2026-12-18 18:00", "until": "2027-01-04 08:00", "reason": "Year-end freeze"}
            ],
        },
        hotfix={"ignores": [ignores]},
    )
    holding = {finding.rule for finding in decide([policy], hotfix(), SUNDAY).blocking}
    assert holding == {"order", "windows", "freezes"} - {rule}


def test_a_hotfix_does_not_ignore_approvals_checks_or_review() -> None:
    facts = hotfix(approvals=(), checks=(), changes=Changes(paths=(), lines=1))
    holding = {finding.rule for finding in decide([example_policy()], facts, SUNDAY).blocking}
    assert {"approvals", "checks", "review"} <= holding
    assert not {"windows", "freezes", "order"} & holding


@pytest.mark.parametrize("relation", [Relation.DIVERGED, Relation.BEHIND, Missing("no answer")])
def test_a_hotfix_that_is_not_proven_ignores_nothing(relation: Any) -> None:
    policy = make_policy({"windows": {"closed": ["Sun"]}}, hotfix={})
    assert codes_of("windows", policy, hotfix(relation), SUNDAY) == [("wait", "windows.closed")]


def test_another_branch_is_no_hotfix_whatever_its_pull_request_says() -> None:
    facts = make_facts(pull_request=make_pull_request(head_branch="hotfix/x", labels=frozenset({"hotfix"})))
    assert codes_of("hotfix", make_policy(hotfix={}), facts) == [NOT_ASKED]


def test_without_the_policys_word_no_branch_is_a_hotfix() -> None:
    assert codes_of("hotfix", make_policy(), hotfix()) == [NOT_ASKED]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (Changes(paths=(), lines=200), ("allow", "hotfix.small")),
        (Changes(paths=(), lines=201), ("allow", "hotfix.large")),
        (Missing("no answer"), ("wait", "facts.unavailable")),
    ],
)
def test_a_large_hotfix_is_remarked_on(changes: Any, expected: tuple[str, str]) -> None:
    found = codes_of("hotfix", make_policy(hotfix={"max_lines": 200}), hotfix(changes=changes))
    assert found[1] == expected


def test_the_refusal_says_where_to_branch_from() -> None:
    finding = finding_of("hotfix", make_policy(hotfix={}), hotfix(Relation.DIVERGED))
    assert finding.why == (
        "hotfix/basket does not start from what production runs; branch from there and fix only that"
    )
