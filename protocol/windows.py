"""When deploying is open: windows on the clock on the wall, holidays, freezes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import pairwise
from zoneinfo import ZoneInfo

from protocol.calendars import Calendar
from protocol.days import EVERY_DAY, Days
from protocol.moments import say_moment
from protocol.timetable import Plan, Timetable

# Holidays are looked for this many years ahead: a fixed date comes back to its weekday within
# twelve. Dates of one's own are found at any distance.
HORIZON_YEARS = 12

_HOUR = 60  # in minutes, like all clock times here
_MIDNIGHT = 24 * _HOUR
_NO_HOLIDAYS = Calendar()
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_JOINTS = re.compile(r"\s*(\.\.|[-,])\s*")
_UNFINISHED_DAYS = re.compile(r"(?<=[a-z][-,])(?=\d{1,2}:)", re.IGNORECASE)  # `Mon- 10:00-16:00`
_LONG_DASH = re.compile("[\u2012-\u2015]")  # as texts have them, and what is copied from texts
_LIKE_TIMES = re.compile(r":|^(?!\d{4}-\d\d?-)\d[\d.h]*([ap]m)?-\d", re.IGNORECASE)
_LONGEST = 2000  # characters of one window
_ONE_DAY = timedelta(days=1)
_WHOLE_PATTERN = 22
_HOLIDAYS_WAKE = 3


@dataclass(frozen=True, slots=True)
class Window:
    """One line of `windows.open` or `windows.closed`.

    A minute belongs to it when the clock on the wall reads inside it: both passes when clocks are
    set back, none of those skipped. A window over midnight belongs to the day on which it starts.
    """

    text: str
    days: Days = field(compare=False, repr=False)
    starts: int = field(default=0, compare=False, repr=False)  # minutes after midnight
    ends: int = field(default=_MIDNIGHT, compare=False, repr=False)  # beyond 24:00 on the next day

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `[DAYS] [HH:MM-HH:MM]` as the policy writes it. Raises ValueError with the cure."""
        if not isinstance(text, str) or not text.strip():
            raise ValueError(
                f"'{text}' is not a window: write days, times or both, such as Mon-Fri 10:00-16:00"
            )
        if len(text) > _LONGEST:
            raise ValueError(
                f"'{text[:20]}…' is longer than {_LONGEST} characters: write several, or ranges of days"
            )
        if _LONG_DASH.search(text):
            raise ValueError(f"'{text}' has a long dash: write a short one, such as Mon-Fri 10:00-16:00")
        words = _UNFINISHED_DAYS.sub(" ", _JOINTS.sub(r"\1", text.strip())).split()
        starts, ends = _times(words.pop()) if _LIKE_TIMES.search(words[-1]) else (0, _MIDNIGHT)
        if len(words) > 1:
            raise ValueError(
                f"'{text}' has too many words: write days with commas, then one stretch of time, "
                "such as Mon,Wed 10:00-16:00"
            )
        days = Days.parse(words[0]) if words else EVERY_DAY
        return cls(text.strip(), days, starts, ends)

    def started_on(self, clock: datetime, calendar: Calendar) -> date | None:
        """The day on which the window began that this reading of the clock is inside of, if any."""
        today, minute = clock.date(), clock.hour * _HOUR + clock.minute
        if self.starts <= minute < self.ends and self.days.include(today, calendar):
            return today
        if minute + _MIDNIGHT < self.ends and self.days.include(today - _ONE_DAY, calendar):
            return today - _ONE_DAY
        return None


def _times(word: str) -> tuple[int, int]:
    """Start and end in minutes; the end is later than the start, if need be on the next day."""
    times = [_minutes(time) for time in word.split("-") if time]
    if len(times) != 2 or word.count("-") != 1:  # noqa: PLR2004 - a start and an end
        raise ValueError(f"'{word}' is not a stretch of time: write its start and end, such as 10:00-16:00")
    starts, ends = times
    if starts == _MIDNIGHT:
        raise ValueError(f"'{word}' starts at 24:00, which only ends a day: write 00:00 and the next day")
    if starts == ends:
        raise ValueError(f"'{word}' ends when it starts: write 00:00-24:00 for the whole day")
    return starts, ends if ends > starts else ends + _MIDNIGHT


def _minutes(word: str) -> int:
    match = _CLOCK.fullmatch(word)
    if match is None:
        raise ValueError(f"'{word}' is not a time: write HH:MM, such as 09:30")
    hours, minutes = int(match[1]), int(match[2])
    if minutes >= _HOUR or hours * _HOUR + minutes > _MIDNIGHT:
        raise ValueError(f"'{word}' is not a time: write one from 00:00 to 24:00")
    return hours * _HOUR + minutes


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of absolute time that is closed, and why. `until` None means without end."""

    start: datetime
    until: datetime | None
    reason: str

    def holds(self, moment: datetime) -> bool:
        return _utc(self.start) <= _utc(moment) and (self.until is None or _utc(moment) < _utc(self.until))


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether deploying is open at one moment. All times aware, in the schedule's zone.

    `opens_at` is the next opening when closed (None: never), `closes_at` the next closing when
    open (None: never).
    """

    open: bool
    reason: str
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows of one environment in one zone. No open window means always open; closed wins."""

    open: tuple[Window, ...]
    closed: tuple[Window, ...]
    zone: ZoneInfo
    holidays: Calendar = _NO_HOLIDAYS
    grace: timedelta = timedelta(0)

    def at(self, now: datetime, freezes: Sequence[Span] = ()) -> Opening:
        """The answer at `now` (aware). Computed from edges, never by stepping through minutes.

        Never means: not in any week as the windows have it, not around any date they name, and not
        around a holiday of the next HORIZON_YEARS.
        """
        moment = _utc(now)
        frozen = [freeze for freeze in freezes if freeze.holds(moment)]
        if not frozen and self._is_open(moment):
            closes_at = self._closes_at(moment, freezes)
            return Opening(True, self._why_open(moment), None, self._local(closes_at))
        reasons = [self._why_frozen(freeze) for freeze in frozen] + self._why_closed(moment)
        opens_at = self._opens_at(moment, freezes)
        return Opening(False, "; ".join(reasons), self._local(opens_at), None)

    def closed_within_grace(self, now: datetime) -> datetime | None:
        """The edge at which the windows closed, when they are closed and that was at most `grace` ago.

        What was allowed before that edge may still begin. Freezes know no grace.
        """
        moment, edge = _utc(now), None
        opened = _timetable(self).next(moment - self.grace, open=True)
        while opened is not None and opened <= moment:
            edge = _timetable(self).next(opened, open=False)
            if edge is None or edge > moment:
                return None
            opened = _timetable(self).next(edge, open=True)
        return self._local(edge)

    def _is_open(self, moment: datetime) -> bool:
        return _timetable(self).next(moment, open=True) == moment

    def _closes_at(self, moment: datetime, freezes: Sequence[Span]) -> datetime | None:
        ahead = [
            _utc(freeze.start) for freeze in freezes if _utc(freeze.start) > moment and not _empty(freeze)
        ]
        closing = _timetable(self).next(moment, open=False)
        return min([*ahead, *([closing] if closing else [])], default=None)

    def _opens_at(self, moment: datetime, freezes: Sequence[Span]) -> datetime | None:
        """Jump from freeze to window and back, until neither stands in the way."""
        opening: datetime | None = moment
        while opening is not None:
            thawed = _thawed(opening, freezes)
            opening = thawed and _timetable(self).next(thawed, open=True)
            if opening == thawed:
                return opening
        return None

    def _why_open(self, moment: datetime) -> str:
        clock = moment.astimezone(self.zone)
        for window in self.open:
            if window.started_on(clock, self.holidays):
                return f"open: {window.text}"
        return f"open: outside {_listed(self.closed)}" if self.closed else "open: always"

    def _why_closed(self, moment: datetime) -> list[str]:
        clock = moment.astimezone(self.zone)
        for window in self.closed:
            if day := window.started_on(clock, self.holidays):
                return [f"closed: {_named(window, day, self.holidays)}"]
        if self._is_open(moment):
            return []
        return [f"closed: outside {_listed(self.open)}"]

    def _why_frozen(self, freeze: Span) -> str:
        end = f"until {say_moment(freeze.until, self.zone)}" if freeze.until else "without end"
        return f"frozen {end}: {freeze.reason}"

    def _local(self, moment: datetime | None) -> datetime | None:
        return moment and moment.astimezone(self.zone)


def _utc(moment: datetime) -> datetime:
    """In UTC, where comparing is safe: two times in one zone compare by their clocks, folds unseen."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} names no instant: give it an offset or a zone")
    return moment.astimezone(UTC)


def _empty(freeze: Span) -> bool:
    return freeze.until is not None and _utc(freeze.until) <= _utc(freeze.start)


def _thawed(moment: datetime, freezes: Sequence[Span]) -> datetime | None:
    """The first instant from `moment` on that no freeze holds; None when one has no end."""
    for freeze in sorted(freezes, key=lambda freeze: _utc(freeze.start)):
        if freeze.holds(moment):
            if freeze.until is None:
                return None
            moment = _utc(freeze.until)
    return moment


def _named(window: Window, day: date, calendar: Calendar) -> str:
    """The window's text, or the occasion when only that is why: `holiday Christmas Day (Fri 25 Dec)`."""
    occasion = None if window.days.include_by_name(day) else window.days.occasion(day, calendar)
    return f"{occasion} ({day:%a} {day.day} {day:%b})" if occasion else window.text


def _listed(windows: Sequence[Window]) -> str:
    return " and ".join(window.text for window in windows)


@lru_cache(maxsize=128)
def _timetable(schedule: Schedule) -> Timetable:
    def plan_of(day: int) -> Plan:
        today = date.fromordinal(day)
        return _plan(
            _on(schedule.open, today, schedule.holidays),
            _on(schedule.closed, today, schedule.holidays),
            always_open=not schedule.open,
        )

    def special_days(since: int) -> Iterator[range]:
        return merge(
            _turns_of_dates(schedule, since), _holidays_after(schedule, since), key=lambda days: days.start
        )

    return Timetable(zone=schedule.zone, plan_of=plan_of, special_days=special_days)


def _on(windows: tuple[Window, ...], today: date, calendar: Calendar) -> tuple[tuple[int, int], ...]:
    """The minutes of a day that windows cover, those that began the evening before included."""
    yesterday = today - _ONE_DAY
    covered = [
        (window.starts, min(window.ends, _MIDNIGHT))
        for window in windows
        if window.days.include(today, calendar)
    ]
    covered += [
        (0, window.ends - _MIDNIGHT)
        for window in windows
        if window.ends > _MIDNIGHT and window.days.include(yesterday, calendar)
    ]
    return tuple(covered)


@lru_cache(maxsize=1024)
def _plan(
    opened: tuple[tuple[int, int], ...], closed: tuple[tuple[int, int], ...], *, always_open: bool
) -> Plan:
    """A day cut at every edge: each piece is open or closed as a whole."""
    cuts = sorted({0, _MIDNIGHT}.union(*opened, *closed))
    return tuple(
        (first, last, (always_open or _within(first, opened)) and not _within(first, closed))
        for first, last in pairwise(cuts)
    )


def _within(minute: int, covered: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= minute < last for first, last in covered)


def _turns_of_dates(schedule: Schedule, since: int) -> Iterator[range]:
    """Where a range of own dates begins or ends, another weekly pattern does."""
    windows = schedule.open + schedule.closed
    ranges = [dates for window in windows for dates in window.days.dates]
    turns = {turn for first, last in ranges for turn in (first.toordinal(), last.toordinal() + 1)}
    for turn in sorted(turns):
        if turn + _WHOLE_PATTERN > since:
            yield range(turn - 1, turn + _WHOLE_PATTERN)


def _holidays_after(schedule: Schedule, since: int) -> Iterator[range]:
    """Around each holiday: its eve, the day, and the morning after an overnight window."""
    if not any(window.days.holidays or window.days.eves for window in schedule.open + schedule.closed):
        return
    this_year = date.fromordinal(since).year
    for year in range(this_year, min(this_year + HORIZON_YEARS, date.max.year) + 1):
        for holiday in schedule.holidays.year(year):
            day = holiday.toordinal()
            if day + _HOLIDAYS_WAKE > since:
                yield range(day - 2, day + _HOLIDAYS_WAKE)
