"""Rule `checks`: what continuous integration says of the commit, for each item that asks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from protocol.answers import allow, listed, not_asked, refuse, short, unavailable, wait
from protocol.conditions import applies
from protocol.facts import Check, CheckState, Facts, Missing
from protocol.policy import ChecklistItem, Environment, Policy
from protocol.verdict import Finding

RULE = "checks"
_SHOWN = 5


def checks(_policy: Policy, environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """Every check asked for has passed. No check at all is not a pass."""
    items = [item for item in environment.checklist if item.checks is not None]
    for item in items:
        yield _item(item, environment, facts)
    if not items:
        yield not_asked(RULE, "No checklist item asks for checks")


def _item(item: ChecklistItem, environment: Environment, facts: Facts) -> Finding:
    asked = applies(item.when, environment, facts)
    if asked is False:
        return not_asked(RULE, f"{item.item}: not asked of these changes")
    if isinstance(asked, Missing):
        return unavailable(RULE, asked, item.item)
    if isinstance(facts.checks, Missing):
        return unavailable(RULE, facts.checks, item.item)
    return _judged(item, facts.checks, facts)


def _judged(item: ChecklistItem, known: tuple[Check, ...], facts: Facts) -> Finding:
    wanted = _wanted(item, known)
    absent = _absent(item, known)
    failed = _names(wanted, CheckState.FAILED)
    pending = _names(wanted, CheckState.PENDING)
    if failed:
        return refuse(RULE, "checks.failed", f"{item.item}: {_shown(failed)} failed on {short(facts.sha)}")
    if absent:
        why = f"{item.item}: {_shown(absent)} not seen on {short(facts.sha)} yet"
        return wait(RULE, "checks.missing", why)
    if pending:
        return wait(RULE, "checks.pending", f"{item.item}: {_shown(pending)} still running")
    return _passed(item, len(wanted), facts)


def _passed(item: ChecklistItem, count: int, facts: Facts) -> Finding:
    if count:
        return allow(RULE, "checks.passed", f"{item.item}: {count} of {count} checks passed")
    kind = "required check" if item.checks == "required" else "check"
    why = f"{item.item}: {short(facts.sha)} has no {kind}"
    if item.allow_none:
        return allow(RULE, "checks.passed", f"{why}, which the policy allows")
    return wait(RULE, "checks.none", f"{why}; run one, or set `allow_none: true`")


def _wanted(item: ChecklistItem, known: tuple[Check, ...]) -> list[Check]:
    if item.checks == "all":
        return list(known)
    if item.checks == "required":
        return [check for check in known if check.required]
    return [check for check in known if check.name in (item.checks or ())]


def _absent(item: ChecklistItem, known: tuple[Check, ...]) -> list[str]:
    if not isinstance(item.checks, tuple):
        return []
    seen = {check.name for check in known}
    return [name for name in item.checks if name not in seen]


def _names(known: list[Check], state: CheckState) -> list[str]:
    return sorted({check.name for check in known if check.state is state})


def _shown(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return listed([*names[:_SHOWN], f"{more} more"] if more > 0 else names)
