from __future__ import annotations

from typing import Any

import pytest

from protocol.policy_tests import TestOutcome, run_policy_tests
from tests.policies import example_policy, make_policy

FRIDAY = "2026-11-27 15:00"
MONDAY = "2026-11-23 11:00"
OFFICE_HOURS = {"windows": {"open": ["Mon-Fri 10:00-14:00"]}}


def run(production: dict[str, Any], keys: dict[str, Any] | None = None, **case: Any) -> TestOutcome:
    said = {"environment": "production", "at": MONDAY, "expect": "allow", **case}
    asked = {key: value for key, value in said.items() if value is not None}
    (outcome,) = run_policy_tests(make_policy(production, tests=[asked], **(keys or {})))
    return outcome


def test_the_documentations_example_passes_its_own_tests() -> None:
    outcomes = run_policy_tests(example_policy())
    assert outcomes
    assert all(outcome.passed for outcome in outcomes)


@pytest.mark.parametrize("because", ["windows", "windows.closed", None])
def test_a_case_passes_with_the_expected_verdict_and_cause(because: str | None) -> None:
    outcome = run(OFFICE_HOURS, at=FRIDAY, expect="wait", because=because)
    assert outcome.passed
    assert outcome.message.startswith("production at Fri 2026-11-27 15:00 CET: wait")


def test_a_failed_case_says_what_came_instead() -> None:
    outcome = run(OFFICE_HOURS, at=FRIDAY)
    assert not outcome.passed
    expected = "production at Fri 2026-11-27 15:00 CET: allow was expected, but the answer is wait: "
    assert outcome.message.startswith(f"{expected}production is closed")
    assert outcome.message.endswith("(windows.closed)")


def test_a_case_fails_for_another_cause() -> None:
    outcome = run(OFFICE_HOURS, at=FRIDAY, expect="wait", because="freezes")
    assert not outcome.passed
    assert "wait because of freezes was expected, but the answer is wait: " in outcome.message


def test_a_case_that_expects_to_be_held_and_is_not_says_so() -> None:
    outcome = run({}, expect="wait", because="windows")
    assert outcome.message.endswith("but the answer is allow: nothing stands in the way")


GOOD: tuple[dict[str, Any], ...] = (
    {"approvals": [{"name": "Three", "count": 3, "from": ["team:acme/dba"]}]},
    {"approvals": [{"name": "Both", "count": 2, "from": ["user:bo", "user:cy"]}]},
    {"approvals": [{"name": "One", "from": ["user:bo"]}], "access": {"deployers": ["user:ada"]}},
    {
        "approvals": [{"name": "One", "from": ["anyone"]}],
        "approval_options": {"methods": ["button"], "expire": "1h"},
    },
    {"checklist": [{"item": "Tests", "checks": ["a", "b"]}, {"item": "All", "checks": "required"}]},
    {"checklist": [{"item": "Review", "reviews": 4}]},
    {"checklist": [{"item": "Plan", "section": "Rollback plan"}, {"item": "Risk", "section": "Risks"}]},
    {"checklist": [{"item": "Ticked", "tick": ["team:acme/dba"]}, {"item": "Mine", "tick": ["user:bo"]}]},
    {"checklist": [{"item": "There", "deployed": "staging"}, {"item": "Run", "run": "x"}]},
    {"after": {"environment": "staging", "bake": "3d"}},
    {"in_flight": "refuse", "expire": "1m"},
)


@pytest.mark.parametrize("production", GOOD, ids=[next(iter(one)) + str(n) for n, one in enumerate(GOOD)])
def test_what_a_case_does_not_say_is_as_good_as_it_can_be(production: dict[str, Any]) -> None:
    outcome = run(production)
    assert outcome.passed, outcome.message


def test_what_nobody_can_meet_is_found_out() -> None:
    nobody = {
        "approvals": [{"name": "Themselves", "from": ["user:ada"]}],
        "access": {"deployers": ["user:ada"]},
    }
    assert "approvals.missing" in run(nobody).message


def test_without_tests_there_is_no_outcome() -> None:
    assert run_policy_tests(make_policy()) == ()
