"""How pages write moments, lengths of time, commits and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from protocol.answers import short
from protocol.durations import say_duration
from protocol.moments import say_moment
from protocol.report import looked_again, next_look, who_resolves

_MINUTE = timedelta(minutes=1)


def moment(at: datetime, zone: ZoneInfo | None = None) -> str:
    """On the clocks of `zone`; on the moment's own where the zone is not known."""
    return say_moment(at, zone) if zone else at.strftime("%a %Y-%m-%d %H:%M %Z")


def ahead(at: datetime, now: datetime) -> str:
    """`in 2d16h`, to the minute and to two units."""
    left = _between(now, at) // _MINUTE * _MINUTE
    return f"in {_brief(left)}" if left >= _MINUTE else "in less than a minute"


def ago(at: datetime, now: datetime) -> str:
    past = _between(at, now) // _MINUTE * _MINUTE
    return f"{_brief(past)} ago" if past >= _MINUTE else "just now"


def took(seconds: float) -> str:
    return say_duration(timedelta(seconds=round(seconds)))


def _between(earlier: datetime, later: datetime) -> timedelta:
    """Real time: within one zone Python would subtract the clocks on the wall."""
    return later.astimezone(UTC) - earlier.astimezone(UTC)


def _brief(length: timedelta) -> str:
    """Days leave no minutes, months no hours."""
    if length >= timedelta(days=30):
        return f"{length.days}d"
    unit = timedelta(hours=1) if length >= timedelta(days=1) else _MINUTE
    return say_duration(length // unit * unit)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "ahead": ahead,
    "ago": ago,
    "took": took,
    "short": short,
    "looked_again": looked_again,
    "next_look": next_look,
    "who_resolves": who_resolves,
}
