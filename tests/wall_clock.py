"""Windows by brute force: every minute is looked at, and its clock on the wall read.

Shares nothing with `protocol`: it works on what a window means, and only writes the policy's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class PlainWindow:
    """`start` and `end` are minutes after midnight; an end that is not later is on the next day."""

    weekdays: frozenset[int] = frozenset()
    first: date | None = None
    last: date | None = None
    holidays: bool = False
    eves: bool = False
    start: int = 0
    end: int = 1440

    @property
    def text(self) -> str:
        words = [NAMES[number] for number in sorted(self.weekdays)]
        words += [f"{self.first}..{self.last}"] if self.first else []
        words += ["holidays"] * self.holidays + ["eve-of-holiday"] * self.eves
        return f"{','.join(words)} {_clock(self.start)}-{_clock(self.end)}".strip()

    def means(self, day: date, holidays: frozenset[date]) -> bool:
        anything = self.weekdays or self.first or self.holidays or self.eves
        return (
            not anything
            or day.weekday() in self.weekdays
            or (self.first is not None and self.last is not None and self.first <= day <= self.last)
            or (self.holidays and day in holidays)
            or (self.eves and day not in holidays and day + DAY in holidays)
        )

    def holds(self, reading: datetime, holidays: frozenset[date]) -> bool:
        minute = reading.hour * 60 + reading.minute
        if self.start < self.end:
            return self.start <= minute < self.end and self.means(reading.date(), holidays)
        if minute >= self.start:
            return self.means(reading.date(), holidays)
        return minute < self.end and self.means(reading.date() - DAY, holidays)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, kw_only=True)
class PlainSchedule:
    open: tuple[PlainWindow, ...] = ()
    closed: tuple[PlainWindow, ...] = ()
    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    freezes: tuple[tuple[datetime, datetime], ...] = ()

    def is_open(self, minute: datetime) -> bool:
        """Whether the minute that begins at `minute` (UTC) is open."""
        if any(start <= minute < end for start, end in self.freezes):
            return False
        reading = minute.astimezone(self.zone)
        if any(window.holds(reading, self.holidays) for window in self.closed):
            return False
        return not self.open or any(window.holds(reading, self.holidays) for window in self.open)

    def changes(self, start: datetime, end: datetime, step: timedelta = MINUTE) -> Iterator[datetime]:
        """Every minute from `start` (UTC) to before `end` whose answer is not that of the minute before.

        A longer `step` is as good where everything, `start` too, lies on its multiples.
        """
        answer = self.is_open(start)
        for minute in minutes(start, end, step):
            if self.is_open(minute) is not answer:
                answer = not answer
                yield minute


def minutes(start: datetime, end: datetime, step: timedelta = MINUTE) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


def texts(windows: Sequence[PlainWindow]) -> list[str]:
    return [window.text for window in windows]


def utc_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
