"""The next opening through a two-year freeze, beside a look at every minute of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.timing import Comparison, Timing, side_by_side
from protocol import calendars, timetable, windows
from protocol.document import parse_policy
from protocol.schedule import schedule_of
from protocol.windows import Span
from tests.facts import NOW
from tests.policies import EXAMPLE_FILE
from tests.wall_clock import MINUTE, PlainSchedule, PlainWindow

LIMIT = 2e-3
TWO_YEARS = timedelta(days=731)
STRETCH = timedelta(hours=12)  # of the minutes looked at; the rest is reckoned from it


def measure() -> list[Comparison]:
    schedule = schedule_of(parse_policy(EXAMPLE_FILE.read_bytes(), EXAMPLE_FILE.name), "production")
    freeze = Span(NOW - timedelta(hours=1), NOW + TWO_YEARS, "two years")
    opens_at = schedule.at(NOW, [freeze]).opens_at
    if opens_at is None or opens_at < NOW + TWO_YEARS:
        raise SystemExit(f"the freeze was not jumped over: {opens_at}")
    minutes = (opens_at - NOW) / MINUTE

    def ask() -> object:
        return schedule.at(NOW, [freeze])

    def ask_anew() -> object:
        _forget()
        return ask()

    return [
        _beside_minutes("next opening, two-year freeze", ask, minutes, calls=200),
        _beside_minutes("the same, all caches empty", ask_anew, minutes, calls=1),
    ]


def _beside_minutes(title: str, ask: Callable[[], object], minutes: float, calls: int) -> Comparison:
    plain, start = _by_minutes(), NOW.astimezone(UTC)
    ours, reference = side_by_side(
        lambda: _asked(ask, calls), lambda: list(plain.changes(start, start + STRETCH)), turns=20
    )
    looked_at = STRETCH / MINUTE
    return Comparison(
        title=title,
        ours=Timing(name="Schedule.at", seconds=tuple(seconds / calls for seconds in ours)),
        reference=Timing(
            name=f"{minutes:,.0f} minutes, one by one",
            seconds=tuple(seconds * minutes / looked_at for seconds in reference),
            extrapolated=True,
        ),
        limit=LIMIT,
    )


def _asked(ask: Callable[[], object], calls: int) -> None:
    for _ in range(calls):
        ask()


def _by_minutes() -> PlainSchedule:
    """The example's windows without its holidays, which would only slow the minutes down."""
    begun, end = NOW.astimezone(UTC), datetime.max.replace(tzinfo=UTC)
    return PlainSchedule(
        open=(PlainWindow(weekdays=frozenset({0, 2, 4}), start=600, end=960),),
        closed=(
            PlainWindow(weekdays=frozenset({4}), start=720),
            PlainWindow(weekdays=frozenset({5, 6})),
        ),
        zone=ZoneInfo("Europe/Berlin"),
        freezes=((begun, end),),
    )


def _forget() -> None:
    """As in a new process, but for the imports."""
    windows._timetable.cache_clear()  # noqa: SLF001 - the caches are what is measured
    windows._plan.cache_clear()  # noqa: SLF001
    timetable._offsets.cache_clear()  # noqa: SLF001
    calendars._year.cache_clear()  # noqa: SLF001
