"""Until when, as people write it in a comment: `2h`, `18:00`, `Mon 08:00`, `2026-12-24 18:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from protocol.days import WEEKDAYS
from protocol.durations import parse_duration
from protocol.moments import in_our_years, later, latest, parse_moment

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_A_WEEK = 8  # days to look through: the same weekday may come a week from now
CURE = "write one such as 2h, 18:00, Mon 08:00 or 2026-12-24 18:00"


def take_deadline(words: Sequence[str], now: datetime, zone: ZoneInfo) -> tuple[datetime, int]:
    """The moment that the first one or two words name, and how many they were.

    Clock times are on the clocks of `zone`, and always the next such. Raises ValueError with the cure.
    """
    for count in (2, 1):
        moment = _read(words[:count], now, zone) if len(words) >= count else None
        if moment is not None:
            return _still_to_come(moment, " ".join(words[:count]), now), count
    said = " ".join(words[:2])
    raise ValueError(f"'{said}' is not a time: {CURE}" if said else f"the time is missing: {CURE}")


def _read(words: Sequence[str], now: datetime, zone: ZoneInfo) -> datetime | None:
    """None when the words name no time; a day alone does not say when in the day."""
    match words:
        case [day, clock] if _weekday(day) is not None and _CLOCK.fullmatch(clock):
            return _next(clock, now, zone, weekday=_weekday(day))
        case [clock] if _CLOCK.fullmatch(clock):
            return _next(clock, now, zone)
        case [length] if length[:1].isdigit() and length[-1:] in "dhms":
            return _after(length, now)
    return _written_out(" ".join(words), zone)


def _weekday(word: str) -> int | None:
    """Monday is 0; three letters are enough."""
    near = [at for at, name in enumerate(WEEKDAYS) if name.lower().startswith(word.lower())]
    return near[0] if near and len(word) >= len("Mon") else None


def _next(clock: str, now: datetime, zone: ZoneInfo, *, weekday: int | None = None) -> datetime | None:
    hour, minute = map(int, clock.split(":"))
    today = now.astimezone(zone).date()
    for ahead in range(_A_WEEK):
        moment = latest(datetime.combine(today + timedelta(ahead), time(hour, minute), zone))
        if weekday in (None, moment.weekday()) and moment.timestamp() > now.timestamp():
            return moment
    return None


def _after(length: str, now: datetime) -> datetime | None:
    try:
        return in_our_years(later(now, parse_duration(length)))
    except (ValueError, OverflowError):
        return None


def _written_out(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return latest(parse_moment(text, zone))
    except ValueError:
        return None


def _still_to_come(moment: datetime, said: str, now: datetime) -> datetime:
    try:
        coming = moment.astimezone(UTC) > now.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"'{said}' is beyond every calendar: {CURE}") from None
    if not coming:
        raise ValueError(f"'{said}' has passed already: {CURE}")
    return moment
