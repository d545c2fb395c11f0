from __future__ import annotations

import re
import runpy
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from protocol import codes
from protocol.codes import ANY_RULE, CODES, as_markdown
from protocol.decision import decide
from protocol.errors import PolicyError, Problem
from protocol.facts import CheckState, Emergency, Evidence, Freeze, Missing, Relation
from protocol.rules import RULES
from protocol.verdict import Verdict
from tests.facts import (
    EARLIER,
    NOW,
    OTHER,
    make_approval,
    make_check,
    make_deployment,
    make_facts,
    make_pull_request,
)
from tests.policies import make_policy

YESTERDAY = NOW - timedelta(hours=24)
PAGE = Path(__file__).parents[2] / "docs" / "codes.md"
CATALOGUE = {code.code: code for code in CODES}


@dataclass(frozen=True)
class Case:
    """What brings a code about."""

    production: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    policy: Any = None


def item(**kind: Any) -> dict[str, Any]:
    return {"checklist": [{"item": "The item", **kind}]}


def check(state: CheckState) -> dict[str, Any]:
    return {"checks": (make_check(state=state),)}


def staging(**changes: Any) -> dict[str, Any]:
    return {"deployments": (make_deployment(**changes),)}


def emergency(by: str, reason: str, at: datetime = NOW) -> dict[str, Any]:
    return {"emergency": Emergency(by=by, reason=reason, at=at)}


def relation(value: Relation) -> dict[str, Any]:
    return {"relations": {"production": value}}


AFTER = {"after": {"environment": "staging", "bake": "30m"}}
ON_CALL = {"access": {"emergency": {"who": ["user:eve"]}}}
MANAGER = {"approvals": [{"name": "Release manager", "from": ["user:bo"]}]}
CLOSED_AT_ELEVEN = {"windows": {"open": ["Mon 09:00-11:00"], "grace": "10m"}}
FROZEN = {"from": "2026-11-20 00:00", "until": "2026-11-27 00:00", "reason": "Sale"}
HOTFIX = {"branch": "hotfix/x"}

CASES: dict[str, Case] = {
    "policy.missing": Case(policy=Missing("no answer")),
    "policy.invalid": Case(policy=PolicyError((Problem("deploy.yml", 1, 1, "is empty"),))),
    "policy.environment_unknown": Case(facts={"environment": "moon"}),
    "policy.not_asked": Case(),
    "facts.unavailable": Case(facts={"deployments": Missing("no answer")}),
    "emergency.used": Case(keys=ON_CALL, facts=emergency("eve", "The shop is down")),
    "emergency.not_allowed": Case(keys=ON_CALL, facts=emergency("ada", "The shop is down")),
    "emergency.no_reason": Case(keys=ON_CALL, facts=emergency("eve", "")),
    "emergency.expired": Case(keys=ON_CALL, facts=emergency("eve", "The shop is down", at=YESTERDAY)),
    "rollback.proven": Case(facts={"intent": "rollback", **staging(environment="production")}),
    "rollback.bad": Case(facts={"intent": "rollback", **staging(environment="production", state="failure")}),
    "rollback.not_proven": Case(facts={"intent": "rollback"}),
    "hotfix.descended": Case(keys={"hotfix": {}}, facts=HOTFIX),
    "hotfix.not_descended": Case(keys={"hotfix": {}}, facts={**HOTFIX, **relation(Relation.DIVERGED)}),
    "hotfix.small": Case(keys={"hotfix": {"max_lines": 200}}, facts=HOTFIX),
    "hotfix.large": Case(keys={"hotfix": {"max_lines": 2}}, facts=HOTFIX),
    "access.allowed": Case(),
    "access.own_code": Case(),
    "access.not_deployer": Case(facts={"deployer": "reader"}),
    "access.fork": Case(facts={"pull_request": make_pull_request(from_fork=True, merged=False)}),
    "outdated.not": Case(),
    "outdated": Case(facts=relation(Relation.BEHIND)),
    "outdated.diverged": Case(facts=relation(Relation.DIVERGED)),
    "in_flight.none": Case(),
    "in_flight.other": Case(facts=staging(environment="production", state="queued")),
    "order.done": Case(AFTER),
    "order.staging_missing": Case(AFTER, {"deployments": ()}),
    "order.staging_failed": Case(AFTER, staging(state="error")),
    "order.staging_held": Case(AFTER, staging(state="error", logged="held")),
    "order.baking": Case(AFTER, staging(finished_at=NOW)),
    "windows.open": Case({"windows": {"open": ["Mon"]}}),
    "windows.grace": Case(CLOSED_AT_ELEVEN),
    "windows.closed": Case(CLOSED_AT_ELEVEN, {"requested_at": NOW}),
    "freeze.none": Case(),
    "freeze.excepted": Case({"freezes": [{**FROZEN, "except": {"branches": ["main"]}}]}),
    "freeze.active": Case(facts={"freezes": (Freeze(reason="Sale", by="bo"),)}),
    "checks.passed": Case(item(checks="all")),
    "checks.pending": Case(item(checks="all"), check(CheckState.PENDING)),
    "checks.missing": Case(item(checks=["deep"])),
    "checks.none": Case(item(checks="all"), {"checks": ()}),
    "checks.failed": Case(item(checks="all"), check(CheckState.FAILED)),
    "review.enough": Case(item(reviews=1)),
    "review.missing": Case(item(reviews=2)),
    "review.changes_requested": Case(
        item(reviews=1), {"approvals": (make_approval("cy", "review", state="rejected"),)}
    ),
    "approvals.enough": Case(MANAGER),
    "approvals.missing": Case(MANAGER, {"approvals": ()}),
    "approvals.rejected": Case(MANAGER, {"approvals": (make_approval(state="rejected"),)}),
    "checklist.done": Case(item(deployed="staging")),
    "checklist.left_to_action": Case(item(run="ops/check")),
    "checklist.unticked": Case(item(tick=["anyone"])),
    "checklist.not_deployed": Case(item(deployed="staging"), staging(sha=OTHER)),
    "checklist.section_missing": Case(item(section="Risks")),
    "checklist.not_shown": Case(item(run="ops/check"), {"place": "action"}),
    "checklist.failed": Case(
        item(run="ops/check"), {"evidence": {"The item": Evidence(passed=False, detail="exit 1")}}
    ),
    "expiry.running": Case(),
    "expired": Case(facts={"requested_at": EARLIER - timedelta(days=7)}),
}


@pytest.mark.parametrize("code", sorted(CASES))
def test_every_code_comes_about_as_the_catalogue_says(code: str) -> None:
    case = CASES[code]
    policy = case.policy or make_policy(case.production, **case.keys)
    found = [one for one in decide([policy], make_facts(**case.facts), NOW).findings if one.code == code]
    assert found
    assert all(one.verdict in CATALOGUE[code].verdicts for one in found)
    assert all(CATALOGUE[code].rule in (one.rule, ANY_RULE) for one in found)
    assert all(one.why for one in found)


def test_every_code_of_the_catalogue_has_a_case() -> None:
    assert set(CASES) == set(CATALOGUE)


def test_no_code_is_listed_twice() -> None:
    assert [code for code, count in Counter(code.code for code in CODES).items() if count > 1] == []


def test_every_code_names_a_rule() -> None:
    rules = {rule.name for rule in RULES} | {"policy", ANY_RULE}
    assert {code.rule for code in CODES} == rules


def test_what_holds_a_deployment_up_has_a_cure() -> None:
    assert [code.code for code in CODES if code.verdicts != (Verdict.ALLOW,) and not code.cure] == []


def test_the_reference_page_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), "run: python -m protocol.codes > docs/codes.md"


def test_the_page_is_written_by_the_module_itself(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(codes.__file__, run_name="__main__")
    assert capsys.readouterr().out == as_markdown()


def test_every_code_written_in_the_rules_is_in_the_catalogue() -> None:
    sources = [
        path.read_text(encoding="utf-8") for path in Path(decide.__code__.co_filename).parent.glob("*.py")
    ]
    call = r'(?:allow|wait|refuse|answer)\(\s*(?:verdict, )?(?:"\w+"|RULE),\s*"([a-z_.]+)"'
    written = {code for source in sources for code in re.findall(call, source)}
    assert written <= set(CATALOGUE)
    assert len(written) > len(CATALOGUE) // 2
