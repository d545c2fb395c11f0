"""The answers computed from edges against a look at every single minute.

Sixty random policies for thirteen days each: two years of minutes, and thirty years of quarters of an hour.
`WINDOWS_EXAMPLES` and `WINDOWS_DAYS` in the environment make the run longer than continuous
integration allows: 5000 and 400 take some hours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.calendars import Calendar
from protocol.windows import Schedule, Span, Window
from tests.wall_clock import DAY, MINUTE, PlainSchedule, PlainWindow, utc_midnight

EXAMPLES = int(os.environ.get("WINDOWS_EXAMPLES", "60"))
DAYS = int(os.environ.get("WINDOWS_DAYS", "13"))

NOTABLE = [
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2027, 3, 14)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("Africa/Casablanca", date(2027, 2, 7)),
    ("Africa/Casablanca", date(2027, 3, 14)),
    ("America/Havana", date(2026, 11, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kiritimati", date(2026, 12, 31)),
    ("Asia/Jerusalem", date(2027, 3, 26)),
    ("Asia/Kolkata", date(2028, 2, 29)),
    ("Asia/Kathmandu", date(2027, 12, 31)),
    ("UTC", date(2100, 2, 28)),
]
AT_ODD_MINUTES = [("America/St_Johns", date(2010, 11, 7))]  # its clocks changed at 00:01


@st.composite
def windows(draw: st.DrawFn, day: date, step: int, reach: int) -> PlainWindow:
    latest = draw(st.sampled_from([240, 1439]))  # clocks change in the night
    times = st.integers(0, latest // step).map(lambda number: number * step)
    start = draw(times)
    end = draw(times.filter(lambda minute: minute != start) | st.just(1440))
    first = draw(st.none() | _near(day, days=reach))
    return PlainWindow(
        weekdays=draw(st.frozensets(st.integers(0, 6), max_size=4)),
        first=first,
        last=first and first + draw(st.sampled_from([0, 0, 1, 5, 40])) * DAY,
        holidays=draw(st.booleans()),
        eves=draw(st.booleans()),
        start=start,
        end=end,
    )


def _near(day: date, *, days: int) -> st.SearchStrategy[date]:
    return st.dates(day - days * DAY, day + days * DAY)


@st.composite
def schedules(draw: st.DrawFn, step: int = 1, reach: int = 8) -> tuple[PlainSchedule, datetime]:
    """A schedule on multiples of `step` minutes, and a moment (UTC) at most `reach` days from its dates."""
    zone, notable = draw(st.sampled_from(NOTABLE + AT_ODD_MINUTES if step == 1 else NOTABLE))
    day = draw(st.just(notable) | st.dates(date(2005, 1, 1), date(2036, 12, 31)))
    start = utc_midnight(day) - timedelta(minutes=draw(st.integers(0, 5 * 1440 // step)) * step)
    schedule = PlainSchedule(
        open=tuple(draw(st.lists(windows(day, step, reach), max_size=3))),
        closed=tuple(draw(st.lists(windows(day, step, reach), max_size=3))),
        zone=ZoneInfo(zone),
        holidays=draw(st.frozensets(_near(day, days=reach), max_size=4)),
        freezes=tuple(draw(st.lists(_freezes(start, step, reach), max_size=2))),
    )
    return schedule, start


@st.composite
def _freezes(draw: st.DrawFn, start: datetime, step: int, reach: int) -> tuple[datetime, datetime]:
    begin = start + timedelta(minutes=draw(st.integers(-1440 // step, reach * 1440 // step)) * step)
    return begin, begin + timedelta(minutes=draw(st.integers(0, reach * 480 // step)) * step)


def _as_schedule(plain: PlainSchedule) -> Schedule:
    return Schedule(
        tuple(Window.parse(window.text) for window in plain.open),
        tuple(Window.parse(window.text) for window in plain.closed),
        plain.zone,
        Calendar(extra=tuple(sorted(plain.holidays))),
    )


def _changes(plain: PlainSchedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """From answer to answer."""
    schedule = _as_schedule(plain)
    freezes = [Span(begin, until, "freeze") for begin, until in plain.freezes]
    moment: datetime | None = start
    while moment is not None:
        answer = schedule.at(moment, freezes)
        assert answer.open is plain.is_open(moment.astimezone(start.tzinfo)), answer
        moment = answer.closes_at if answer.open else answer.opens_at
        if moment is not None and moment.astimezone(start.tzinfo) >= end:
            return
        if moment is not None:
            yield moment.astimezone(start.tzinfo)


thorough = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@thorough
@given(schedules())
def test_every_change_is_the_one_that_minutes_show(case: tuple[PlainSchedule, datetime]) -> None:
    schedule, start = case
    end = start + DAYS * DAY
    assert list(_changes(schedule, start, end)) == list(schedule.changes(start, end))


@thorough
@given(schedules(step=15, reach=90))
def test_every_change_of_half_a_year_is_the_one_that_quarters_of_an_hour_show(
    case: tuple[PlainSchedule, datetime],
) -> None:
    schedule, start = case
    end = start + 14 * DAYS * DAY
    assert list(_changes(schedule, start, end)) == list(schedule.changes(start, end, 15 * MINUTE))


@thorough
@given(schedules(), st.integers(1, 59_999_999))
def test_inside_a_minute_the_answer_is_the_minutes(
    case: tuple[PlainSchedule, datetime], microseconds: int
) -> None:
    plain, start = case
    schedule = _as_schedule(plain)
    assert schedule.at(start + timedelta(microseconds=microseconds)) == schedule.at(start)
