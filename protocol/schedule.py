"""What a policy says about time, as a schedule and as frozen spans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from protocol.calendars import Calendar
from protocol.globs import matches_any
from protocol.policy import Environment, FreezeExcept, Policy
from protocol.windows import Schedule, Span


def schedule_of(policy: Policy, environment: Environment | str) -> Schedule:
    """The windows of one environment, given itself or by its name, in the policy's zone."""
    windows = _environment(policy, environment).windows
    return Schedule(windows.open, windows.closed, policy.timezone, _calendar(policy), windows.grace)


def planned_freezes(
    policy: Policy, environment: Environment | str, *, labels: Iterable[str] = (), branch: str = ""
) -> tuple[Span, ...]:
    """The policy's own freezes, in UTC, that hold for a deployment with these labels from this branch."""
    return tuple(
        Span(freeze.from_.astimezone(UTC), freeze.until.astimezone(UTC), freeze.reason)
        for freeze in _environment(policy, environment).freezes
        if freeze.except_ is None or not _excepted(freeze.except_, labels, branch)
    )


def _environment(policy: Policy, environment: Environment | str) -> Environment:
    return policy.environments[environment] if isinstance(environment, str) else environment


def _calendar(policy: Policy) -> Calendar:
    holidays = policy.holidays
    return Calendar(holidays.country, holidays.subdivision, holidays.extra) if holidays else Calendar()


def _excepted(excepted: FreezeExcept, labels: Iterable[str], branch: str) -> bool:
    """Any of its labels (GitHub does not tell their case apart) or branches is enough."""
    wanted = {label.casefold() for label in excepted.labels}
    return bool(wanted & {label.casefold() for label in labels}) or matches_any(excepted.branches, branch)
