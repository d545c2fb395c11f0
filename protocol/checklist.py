"""Rule `checklist`: what each item shows, by its kind of evidence.

`checks` and `reviews` are rules of their own. A new kind is a key of the item, one function here and
one line in `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from protocol.answers import allow, listed, not_asked, short, unavailable, wait
from protocol.conditions import applies
from protocol.facts import Evidence, Facts, Missing, Tick
from protocol.order import Standing, standing
from protocol.policy import ChecklistItem, Environment, Policy
from protocol.principals import anyone_of, is_bot, say_principal
from protocol.sections import is_filled
from protocol.verdict import Finding

RULE = "checklist"


def checklist(_policy: Policy, environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """Every item that applies is shown to be done."""
    asked = False
    for item in environment.checklist:
        shown_by = next((show for kind, show in _KINDS if getattr(item, kind) is not None), None)
        if shown_by is not None:
            asked = True
            yield _item(item, shown_by, environment, facts)
    if not asked:
        yield not_asked(RULE, "The checklist has no items of its own")


Show = Callable[[ChecklistItem, Facts], Finding]


def _item(item: ChecklistItem, show: Show, environment: Environment, facts: Facts) -> Finding:
    asked = applies(item.when, environment, facts)
    if isinstance(asked, Missing):
        return unavailable(RULE, asked, item.item)
    if not asked:
        return not_asked(RULE, f"{item.item}: not asked of these changes")
    return show(item, facts)


def _done(item: ChecklistItem, how: str) -> Finding:
    return allow(RULE, "checklist.done", f"{item.item}: {how}")


def _deployed(item: ChecklistItem, facts: Facts) -> Finding:
    environment, sha = item.deployed or "", short(facts.sha)
    if isinstance(facts.deployments, Missing):
        return unavailable(RULE, facts.deployments, item.item)
    how, _ = standing(facts.deployments, environment, facts.sha)
    if how is Standing.SUCCEEDED:
        return _done(item, f"{sha} ran well in {environment}")
    said = {
        Standing.FAILED: f"failed in {environment}",
        Standing.HELD: f"is held in {environment} for a person",
        Standing.UNDER_WAY: f"is on its way to {environment}",
    }
    why = f"{item.item}: {sha} {said.get(how, f'has not run in {environment} yet')}"
    return wait(RULE, "checklist.not_deployed", why)


def _section(item: ChecklistItem, facts: Facts) -> Finding:
    title, pull_request = item.section or "", facts.pull_request
    if isinstance(pull_request, Missing):
        return unavailable(RULE, pull_request, item.item)
    if pull_request is None:
        why = f"{item.item}: no pull request brought {short(facts.sha)}, so '{title}' is written nowhere"
        return wait(RULE, "checklist.section_missing", why)
    where = f"pull request #{pull_request.number}"
    filled = is_filled(pull_request.body, title)
    if filled:
        return _done(item, f"'{title}' is filled in {where}")
    why = f"{item.item}: {where} has no heading '{title}'"
    if filled is False:
        why = f"{item.item}: write something under '{title}' in {where}"
    return wait(RULE, "checklist.section_missing", why, who=[f"user:{pull_request.author}"])


def _run(item: ChecklistItem, facts: Facts) -> Finding:
    return _shown(item, facts, f"`{item.run}` has not run yet")


def _notified(item: ChecklistItem, facts: Facts) -> Finding:
    """What is sent during and after a deployment cannot hold it back."""
    if item.notified != "before" and item.item not in facts.evidence:
        return allow(RULE, "checklist.left_to_action", f"{item.item}: sent {item.notified} the deployment")
    return _shown(item, facts, "nobody was notified yet")


def _shown(item: ChecklistItem, facts: Facts, not_yet: str) -> Finding:
    """Evidence that only the action can gather; at the gate it is left to it."""
    evidence = facts.evidence.get(item.item)
    if isinstance(evidence, Missing):
        return unavailable(RULE, evidence, item.item)
    if evidence is not None:
        return _judged(item, evidence)
    if facts.place == "gate":
        return allow(RULE, "checklist.left_to_action", f"{item.item}: left to the action")
    return wait(RULE, "checklist.not_shown", f"{item.item}: {not_yet}")


def _judged(item: ChecklistItem, evidence: Evidence) -> Finding:
    if evidence.passed:
        return _done(item, evidence.detail or "shown by the action")
    return wait(RULE, "checklist.failed", f"{item.item}: {evidence.detail or 'failed'}")


def _tick(item: ChecklistItem, facts: Facts) -> Finding:
    who = item.tick or ()
    if isinstance(facts.ticks, Missing):
        return unavailable(RULE, facts.ticks, item.item)
    ticks = sorted((tick for tick in facts.ticks if tick.item == item.item), key=_by_time)
    answers = [(tick, not is_bot(tick.by) and anyone_of(who, tick.by, facts.people)) for tick in ticks]
    valid = [tick.by for tick, may in answers if may is True]
    unknown = [may for _, may in answers if isinstance(may, Missing)]
    if valid:
        return _done(item, f"ticked by {valid[-1]}")
    if unknown:
        return unavailable(RULE, unknown[0], item.item)
    return _unticked(item, [tick.by for tick in ticks])


def _by_time(tick: Tick) -> tuple[datetime, str]:
    return tick.at, tick.by


def _unticked(item: ChecklistItem, ticked_by: list[str]) -> Finding:
    may = listed(map(say_principal, item.tick or ()), "or") or "nobody"
    but = f"; {listed(ticked_by)} may not" if ticked_by else ""
    why = f"{item.item}: to be ticked on the pull request by {may}{but}"
    return wait(RULE, "checklist.unticked", why, who=item.tick or ())


def _migration(item: ChecklistItem, _facts: Facts) -> Finding:
    """What the policy itself shows; the other kinds are shown by a tick, a deployment or a command."""
    how = {
        "backup": "steps.backup comes first, and the migration begins only when it went well",
        "reversible": "steps.migrate.undo takes it back",
    }
    return _done(item, how[item.migration or ""])


_KINDS: tuple[tuple[str, Show], ...] = (
    ("deployed", _deployed),
    ("section", _section),
    ("run", _run),
    ("notified", _notified),
    ("tick", _tick),
    ("migration", _migration),
)
