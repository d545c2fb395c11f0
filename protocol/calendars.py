"""Which local dates are holidays, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays of a country or one of its subdivisions (`holidays` package), and days of one's own.

    Nothing is computed before a date is asked for; then it is that date's year, once.
    """

    country: str | None = None
    subdivision: str | None = None
    extra: tuple[date, ...] = ()

    def holiday(self, day: date) -> str | None:
        """The holiday's name; a day of one's own is called `day of our own`; None on other days."""
        return self.year(day.year).get(day)

    def eve(self, day: date) -> str | None:
        """Name of the holiday that begins the day after.

        A holiday is itself no eve: in a run of holidays only the day before the first one is.
        """
        if day == date.max or self.holiday(day) is not None:
            return None
        return self.holiday(day + _DAY)

    def year(self, year: int) -> Mapping[date, str]:
        """All holidays of a year in order. Raises ValueError for a country or subdivision nobody knows."""
        return _year(self, year)


@lru_cache(maxsize=512)
def _year(calendar: Calendar, year: int) -> Mapping[date, str]:
    own = {day: "day of our own" for day in calendar.extra if day.year == year}
    return dict(sorted((own | _public(calendar, year)).items()))


def _public(calendar: Calendar, year: int) -> dict[date, str]:
    if calendar.country is None:
        return {}
    from protocol.countries import public_holidays  # noqa: PLC0415 - 30 ms, and most policies name none

    return public_holidays(calendar.country, calendar.subdivision, year)
