"""When one environment is open in the coming two weeks, with its freezes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from protocol.facts import Known, Missing
from protocol.outlook import Hours, Stretch, opening_at, stretches
from protocol.windows import Opening, Span
from service.pages.places import Place, hours_at, places_of, zone_for
from service.pages.problems import NotShown
from service.pages.sight import seen
from service.pages.sources import Sources

DAYS = 14
MINUTES = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Open from and to so many minutes after midnight, as the clock on the wall reads."""

    start: int
    end: int

    @property
    def text(self) -> str:
        return f"{_clock(self.start)}–{_clock(self.end)}"  # noqa: RUF001 - as a stretch of time is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the calendar. `why` says what closes it where it is closed all day."""

    date: date
    bars: tuple[Bar, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Two weeks from today."""

    opening: Opening
    days: tuple[Day, ...]
    edges: tuple[Stretch, ...]  # each begins with a change after now
    freezes: tuple[Span, ...]


def add_schedule(pages: Blueprint, sources: Sources) -> None:
    @pages.get("/<owner>/<name>/schedule/<path:environment>")
    def schedule(owner: str, name: str, environment: str) -> str:
        here, now = seen(owner, name), sources.now
        standing = sources.standings.of(here.installation_id, here.repository, now)
        waiting = sources.waiting.lines([here.repository], most=1)
        place = _named(places_of(standing, waiting, now), environment)
        zone = zone_for(standing, waiting) or ZoneInfo("UTC")
        return render_template(
            "schedule.html",
            here=here,
            place=place,
            zone=zone,
            now=now,
            outlook=_outlook(hours_at(standing, place.name), now, zone),
            now_minute=_minute(now, zone),
        )


def _named(places: Sequence[Place], environment: str) -> Place:
    wanted = environment.casefold()
    found = next((place for place in places if place.name.casefold() == wanted), None)
    if found is None:
        raise NotShown("page.not_found")
    return found


def _outlook(hours: Known[tuple[Hours, ...]], now: datetime, zone: ZoneInfo) -> Outlook | None:
    if isinstance(hours, Missing):
        return None
    end = _midnight(now.astimezone(zone).date() + DAYS * _DAY, zone)
    return Outlook(
        opening=opening_at(hours, now),
        days=tuple(days_ahead(hours, now, zone)),
        edges=tuple(one for one in stretches(hours, now, end) if one.start > now),
        freezes=tuple(_freezes(hours, now, end)),
    )


def days_ahead(hours: Sequence[Hours], now: datetime, zone: ZoneInfo) -> Iterator[Day]:
    """Two weeks of days, today's the first."""
    today = now.astimezone(zone).date()
    first, last = _midnight(today, zone), _midnight(today + DAYS * _DAY, zone)
    opened = [one for one in stretches(hours, first, last) if one.open]
    for day in (today + number * _DAY for number in range(DAYS)):
        bars = tuple(bar for one in opened if (bar := _bar(one, day, zone)) is not None)
        noon = datetime.combine(day, time(12), zone)
        yield Day(date=day, bars=bars, why="" if bars else opening_at(hours, noon).reason)


def _bar(stretch: Stretch, day: date, zone: ZoneInfo) -> Bar | None:
    """The part of an open stretch that lies on a day."""
    midnight, next_one = _midnight(day, zone), _midnight(day + _DAY, zone)
    if stretch.start >= next_one or (stretch.end is not None and stretch.end <= midnight):
        return None
    start = _minute(stretch.start, zone) if stretch.start > midnight else 0
    end = MINUTES if stretch.end is None or stretch.end >= next_one else _minute(stretch.end, zone)
    return Bar(start=start, end=end) if start < end else None


def _freezes(hours: Sequence[Hours], now: datetime, end: datetime) -> Iterator[Span]:
    """Planned ones and declared ones, each once, the earliest first."""
    spans = dict.fromkeys(span for one in hours for span in one.freezes)
    ahead = [one for one in spans if one.start < end and (one.until is None or one.until > now)]
    yield from sorted(ahead, key=lambda one: one.start)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """In UTC, where moments are safe to compare."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _minute(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
