from __future__ import annotations

from typing import Any

import pytest

from protocol.facts import Check, CheckState, Missing
from tests.decisions import codes_of, finding_of
from tests.facts import make_check, make_facts
from tests.policies import make_policy

PASSED = ("allow", "checks.passed")
PENDING = ("wait", "checks.pending")
ABSENT = ("wait", "checks.missing")
NONE = ("wait", "checks.none")
FAILED = ("refuse", "checks.failed")

good = make_check("test", required=True)
lint = make_check("lint")
pending = make_check("build", CheckState.PENDING)
failed = make_check("scan", CheckState.FAILED)


def policy(checks: Any, **item: Any) -> Any:
    return make_policy({"checklist": [{"item": "All tests passing", "checks": checks, **item}]})


@pytest.mark.parametrize(
    ("asked", "checks", "expected"),
    [
        pytest.param("all", (good, lint), PASSED, id="all passed"),
        pytest.param("all", (good, pending), PENDING, id="one runs"),
        pytest.param("all", (good, failed), FAILED, id="one failed"),
        pytest.param("all", (failed, pending), FAILED, id="a failure is final while another runs"),
        pytest.param("all", (), NONE, id="no check"),
        pytest.param("required", (good, failed), PASSED, id="only the required count"),
        pytest.param("required", (lint,), NONE, id="no required check"),
        pytest.param(["lint"], (lint, failed), PASSED, id="only the named count"),
        pytest.param(["lint", "deep"], (lint,), ABSENT, id="a named one is not there"),
        pytest.param(["deep", "scan"], (failed,), FAILED, id="a named one failed, another is not there"),
        pytest.param(
            ["lint"], (lint, make_check("lint", CheckState.FAILED)), FAILED, id="one of the same name failed"
        ),
        pytest.param(["Lint"], (lint,), ABSENT, id="names have their case"),
        pytest.param("all", Missing("no answer"), ("wait", "facts.unavailable"), id="unreadable"),
    ],
)
def test_checks_are_judged_as_asked(asked: Any, checks: Any, expected: tuple[str, str]) -> None:
    assert codes_of("checks", policy(asked), make_facts(checks=checks)) == [expected]


@pytest.mark.parametrize("asked", ["all", "required"])
def test_no_check_passes_only_where_the_policy_says_so(asked: str) -> None:
    assert codes_of("checks", policy(asked, allow_none=True), make_facts(checks=())) == [PASSED]


def test_a_missing_named_check_is_not_allowed_by_allowing_none() -> None:
    assert codes_of("checks", policy(["deep"], allow_none=True), make_facts(checks=())) == [ABSENT]


def test_the_sentence_names_the_checks() -> None:
    finding = finding_of("checks", policy("all"), make_facts(checks=(failed, good)))
    assert finding.why == "All tests passing: scan failed on abc1234"


def test_a_long_list_is_cut() -> None:
    many = tuple(Check(name=f"check-{number}", state=CheckState.PENDING) for number in range(9))
    finding = finding_of("checks", policy("all"), make_facts(checks=many))
    assert finding.why == (
        "All tests passing: check-0, check-1, check-2, check-3, check-4 and 4 more still running"
    )


def test_an_item_that_does_not_apply_asks_for_nothing() -> None:
    asked = policy(["deep"], when={"paths": ["db/**"]})
    assert codes_of("checks", asked, make_facts()) == [("allow", "policy.not_asked")]


def test_an_item_that_may_apply_waits() -> None:
    asked = policy("all", when={"paths": ["db/**"]})
    facts = make_facts(changes=Missing("no answer"))
    assert codes_of("checks", asked, facts) == [("wait", "facts.unavailable")]


def test_without_an_item_no_check_is_asked_for() -> None:
    assert codes_of("checks", make_policy(), make_facts(checks=(failed,))) == [("allow", "policy.not_asked")]
