"""A plan in two halves: what comes before the team's own deploy steps, and what comes after them."""

from __future__ import annotations

from dataclasses import replace

from protocol.plan import Plan, Step

_BEFORE = frozenset({"baseline", "verify", "backup", "lint migrations", "migrate"})
_AFTER = frozenset({"tell the team", "health", "smoke", "monitor"})


def around_own_steps(plan: Plan) -> Plan:
    """The same plan where own steps deploy: no strategy of ours is there to be taken back."""
    if plan.undoing is None:
        return plan
    undoing = replace(plan.undoing, own=None, over=None, listing=None, shift=None)
    return replace(plan, undoing=undoing, closing=())


def first_half(plan: Plan) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if step.name in _BEFORE)


def second_half(plan: Plan) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if step.name in _AFTER)
