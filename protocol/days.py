"""Days as a window names them: `Mon,Wed-Fri`, `holidays`, `eve-of-holiday`, `2026-12-24..2026-12-27`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from protocol.calendars import Calendar

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOLIDAYS = "holidays"
EVE = "eve-of-holiday"

_NUMBERS = {name.lower(): number for number, name in enumerate(WEEKDAYS)} | {
    name[:3].lower(): number for number, name in enumerate(WEEKDAYS)
}
_NEAR = {name.lower(): name for name in WEEKDAYS} | {HOLIDAYS: HOLIDAYS, EVE: EVE}
_MEANT = {
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays"), "Mon-Fri"),
    **dict.fromkeys(("weekend", "weekends"), "Sat,Sun"),
    **dict.fromkeys(("always", "daily", "everyday"), "the times alone, such as 10:00-16:00, for every day"),
}
_DATE_LIKE = re.compile(r"\d{4}-\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Days:
    """A choice of local dates. `weekdays` counts from Monday = 0; `dates` are first and last day."""

    weekdays: frozenset[int] = frozenset()
    dates: tuple[tuple[date, date], ...] = ()
    holidays: bool = False
    eves: bool = False

    @classmethod
    def parse(cls, text: str) -> Days:
        """Read a comma list. Raises ValueError with the cure."""
        days = NO_DAY
        for word in text.split(","):
            days = days.joined_with(_read(word.strip(), text))
        return days

    def joined_with(self, other: Days) -> Days:
        return Days(
            weekdays=self.weekdays | other.weekdays,
            dates=self.dates + other.dates,
            holidays=self.holidays or other.holidays,
            eves=self.eves or other.eves,
        )

    def include(self, day: date, calendar: Calendar) -> bool:
        return self.include_by_name(day) or self.occasion(day, calendar) is not None

    def include_by_name(self, day: date) -> bool:
        """Whether the day is meant whatever the calendar of holidays says."""
        if day.weekday() in self.weekdays:
            return True
        return any(first <= day <= last for first, last in self.dates)

    def occasion(self, day: date, calendar: Calendar) -> str | None:
        """`holiday Christmas Day` or `eve of Christmas Day`, when that is why the day is meant."""
        if self.holidays and (name := calendar.holiday(day)):
            return f"holiday {name}"
        if self.eves and (name := calendar.eve(day)):
            return f"eve of {name}"
        return None


NO_DAY = Days()
EVERY_DAY = Days(weekdays=frozenset(range(7)))


def _read(word: str, text: str) -> Days:
    lowered = word.lower()
    if not word:
        raise ValueError(f"'{text}' has an empty place in its list of days: write Mon,Wed,Fri")
    if lowered == HOLIDAYS:
        return Days(holidays=True)
    if lowered == EVE:
        return Days(eves=True)
    if _DATE_LIKE.match(word):
        return Days(dates=(_dates(word),))
    if "-" in word and lowered.partition("-")[0] not in ("eve", "holidays", "holiday"):
        return Days(weekdays=_weekdays(word))
    return Days(weekdays=frozenset({_weekday(word)}))


def _dates(word: str) -> tuple[date, date]:
    first_text, dots, last_text = word.partition("..")
    first = _date(first_text)
    last = _date(last_text) if dots else first
    if last < first:
        raise ValueError(f"'{word}' ends before it starts: write {last}..{first}")
    return first, last


def _date(word: str) -> date:
    if not _DATE.fullmatch(word):
        raise ValueError(
            f"'{word}' is not a date: write YYYY-MM-DD, such as 2026-12-24, "
            "or 2026-12-24..2026-12-27 for a range"
        )
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ValueError(f"'{word}' is on no calendar: write a day that exists as YYYY-MM-DD") from None


def _weekdays(word: str) -> frozenset[int]:
    """A range that may wrap around the week: `Fri-Mon`."""
    start, _, end = word.partition("-")
    if not start or not end or "-" in end:
        raise ValueError(f"'{word}' is not a range of days: write its first and last day, such as Mon-Fri")
    first, last = _weekday(start), _weekday(end)
    if first == last:
        raise ValueError(
            f"'{word}' starts and ends on the same day: write {start} for that day, "
            "or leave the days out for every day"
        )
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def _weekday(word: str) -> int:
    if (number := _NUMBERS.get(word.lower())) is not None:
        return number
    if meant := _MEANT.get(word.lower()):
        raise ValueError(f"'{word}' is not a day: write {meant}")
    near = get_close_matches(word.lower(), _NEAR, n=1)
    cure = (
        f"did you mean '{_NEAR[near[0]]}'?"
        if near
        else "write Mon, Mon-Fri, holidays, eve-of-holiday or YYYY-MM-DD"
    )
    raise ValueError(f"'{word}' is not a day: {cure}")
