"""From clocks on the wall to instants: when plans of local days change, in any zone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

Plan: TypeAlias = tuple[tuple[int, int, bool], ...]  # from minute, to minute of the day, whether open

# A plan that repeats weekly has shown all of itself after a week, or after the next one where a
# clock change swallowed its minutes. The third week is for a UTC day's overlap with local ones.
_PATTERN = 22
_LAST_DAY = date.max.toordinal() - 1
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_SECONDS_OF_DAY = range(86_400)


class Stretch(NamedTuple):
    """Instants (UTC) from `start` to before `end`."""

    start: datetime
    end: datetime
    open: bool


class Timetable:
    """When local plans are open, in absolute time. Days are counted as `date.toordinal` does.

    `plan_of` gives the plan of a local day; a plan repeats weekly, but for `special_days`, which
    given a day yields the later ranges of days to look at, by their starts.
    """

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        plan_of: Callable[[int], Plan],
        special_days: Callable[[int], Iterable[range]],
    ) -> None:
        self._zone = zone
        self._plan_of = plan_of
        self._special_days = special_days
        self._stretches = lru_cache(maxsize=512)(self._stretches_of)

    def next(self, moment: datetime, *, open: bool) -> datetime | None:  # noqa: A002 - the word of the house
        """The first instant at or after `moment` (UTC) that is open, or not; None when there is none."""
        for day in self._days_from(moment.toordinal()):
            for stretch in self._stretches(day):
                if stretch.open is open and stretch.end > moment:
                    return max(stretch.start, moment)
        return None

    def _days_from(self, first: int) -> Iterator[int]:
        """The UTC days on which something can be new: one pattern, then around the special days."""
        seen = min(first + _PATTERN, _LAST_DAY)
        yield from range(first, seen)
        for days in self._special_days(first):
            yield from range(max(days.start, seen), min(days.stop, _LAST_DAY))
            seen = max(seen, days.stop)

    def _stretches_of(self, day: int) -> tuple[Stretch, ...]:
        return tuple(
            stretch
            for start, end, offset in _offsets(self._zone, day)
            for stretch in self._at_offset(start, end, offset)
        )

    def _at_offset(self, start: datetime, end: datetime, offset: timedelta) -> Iterator[Stretch]:
        """The plans' stretches while the clock on the wall runs evenly."""
        first, last = (start + offset).toordinal(), (end + offset).toordinal()
        for day in range(first, last + 1):
            midnight = datetime.fromordinal(day).replace(tzinfo=UTC) - offset
            for begins, ends, is_open in self._plan_of(day):
                begin = max(start, midnight + timedelta(minutes=begins))
                stop = min(end, midnight + timedelta(minutes=ends))
                if begin < stop:
                    yield Stretch(begin, stop, is_open)


@lru_cache(maxsize=4096)
def _offsets(zone: ZoneInfo, day: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The parts of a UTC day with one offset from UTC each. No zone ever changed twice in a day."""
    start = datetime.fromordinal(day).replace(tzinfo=UTC)
    end = start + _DAY
    before = _offset(zone, start)
    if _offset(zone, end - _SECOND) == before:
        return ((start, end, before),)
    change = start + timedelta(
        seconds=bisect_left(
            _SECONDS_OF_DAY,
            True,
            key=lambda second: _offset(zone, start + timedelta(seconds=second)) != before,
        )
    )
    return (start, change, before), (change, end, _offset(zone, change))


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
