"""When an environment is open from now on, by every policy that holds at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocol.decision import environment_in
from protocol.facts import Freeze
from protocol.policy import Policy
from protocol.schedule import planned_freezes, schedule_of
from protocol.windows import Opening, Schedule, Span

FARTHEST = timedelta(days=366)  # beyond it policies that are never open together are not followed
_LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)  # that every zone can show


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One policy's windows, with all the freezes that concern the environment."""

    schedule: Schedule
    freezes: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Open, or not, as a whole. `end` None: nothing is known to end it."""

    start: datetime
    end: datetime | None
    open: bool
    reason: str


def hours_of(policies: Sequence[Policy], environment: str, freezes: Sequence[Freeze]) -> tuple[Hours, ...]:
    """Of each policy that names the environment. Planned freezes hold for a deployment without exceptions."""
    declared = tuple(_span(freeze) for freeze in freezes if freeze.concerns(environment))
    named = [(policy, environment_in(policy, environment)) for policy in policies]
    return tuple(
        Hours(schedule=schedule_of(policy, one), freezes=(*planned_freezes(policy, one), *declared))
        for policy, one in named
        if one is not None
    )


def opening_at(hours: Sequence[Hours], now: datetime) -> Opening:
    """Open where all are; else every reason, and the first moment at which all are open together."""
    openings = [one.schedule.at(now, one.freezes) for one in hours]
    shut = [one for one in openings if not one.open]
    reasons = "; ".join(dict.fromkeys(one.reason for one in shut or openings))
    if shut:
        return Opening(False, reasons, _all_open_from(hours, now), None)
    closes = [one.closes_at for one in openings if one.closes_at is not None]
    return Opening(True, reasons or "open: always", None, min(closes, default=None, key=_utc))


def stretches(hours: Sequence[Hours], start: datetime, end: datetime) -> Iterator[Stretch]:
    """From `start` on, until one reaches `end`."""
    moment: datetime | None = start
    while moment is not None and _utc(moment) < _utc(end):
        opening = opening_at(hours, moment)
        turn = opening.closes_at if opening.open else opening.opens_at
        yield Stretch(start=moment, end=turn, open=opening.open, reason=opening.reason)
        moment = turn


def _all_open_from(hours: Sequence[Hours], now: datetime) -> datetime | None:
    """Jump to the latest opening until nobody is closed there."""
    moment = now
    while True:
        shut = [one for one in (each.schedule.at(moment, each.freezes) for each in hours) if not one.open]
        opens = [one.opens_at for one in shut if one.opens_at is not None]
        if not shut:
            return moment
        if len(opens) < len(shut) or _utc(moment) > _utc(now) + FARTHEST:
            return None
        moment = max(opens, key=_utc)


def _span(freeze: Freeze) -> Span:
    return Span(freeze.since or _LONG_AGO, freeze.until, f"{freeze.reason} ({freeze.by})")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
