"""Days, moments and zones as people write and read them: `Mon 2026-11-23 10:00 CET`."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from protocol.durations import parse_duration

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<hour>\d{2}):(?P<rest>\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r" ?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?"
)


_UTC = ZoneInfo("UTC")
_OF_THE_MACHINE = ("localtime", "Factory", "posix", "right/")  # files beside the zones on some systems
_LETTERS = 4  # CEST is most like EST, on the other side of the sea: letters are taken exactly or not at all
_YEARS = range(1970, 9999)  # every zone can show these, and count some days back and on


def say_moment(moment: datetime, zone: ZoneInfo) -> str:
    """Write an aware moment on the clocks of `zone`, with its weekday."""
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")


def later(moment: datetime, by: timedelta) -> datetime:
    """That much real time later: adding to a local moment would count the clock on the wall."""
    return moment.astimezone(UTC) + by


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment the policy wrote: on the clocks of `zone` unless it carries its own offset."""
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def parse_day(text: str) -> date:
    """Read `2026-12-24`. Raises ValueError with the cure."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        raise ValueError(f"'{text}' is not a day: write it as 2026-12-24") from None


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Read `2026-11-27 15:00`, in `zone` unless it has an offset. Raises ValueError with the cure."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"'{text}' is not a moment: write a day and a time, such as 2026-11-27 15:00 "
            "or, with an offset, 2026-11-27 15:00+01:00"
        )
    midnight_after = match["hour"] == "24" and match["rest"] in ("00", "00:00")
    hour = "00" if midnight_after else match["hour"]
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{hour}:{match['rest']}{match['offset'] or ''}")
        moment += timedelta(days=1) if midnight_after else timedelta(0)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is on no calendar or clock: write it as 2026-11-27 15:00") from None
    return _not_skipped(in_zone(in_our_years(moment), zone), text)


def _not_skipped(moment: datetime, text: str) -> datetime:
    """The same moment. Raises ValueError when its zone's clocks are set forward over it."""
    shown = moment.astimezone(UTC).astimezone(moment.tzinfo)
    if shown.replace(tzinfo=None) != moment.replace(tzinfo=None):
        instead = f"{shown:%Y-%m-%d %H:%M}"
        raise ValueError(f"'{text}' is skipped by the clocks of {moment.tzinfo}: write {instead}")
    return moment


def latest(moment: datetime) -> datetime:
    """The later reading of a time that clocks set back show twice: a freeze is rather too long."""
    return max(moment, moment.replace(fold=1), key=datetime.timestamp)


def parse_since(text: str, now: datetime) -> datetime:
    """Read a day, a moment or how long ago, in UTC unless it says otherwise. Raises ValueError."""
    try:
        if re.fullmatch(r"[\ddhms]+", text.strip()):
            return now - parse_duration(text)
        if _MOMENT.fullmatch(text.strip()):
            return parse_moment(text, _UTC)
        return datetime.combine(parse_day(text), time(), UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"'{text}' is not a time: write a day such as 2026-11-01, a moment such as 2026-11-01 10:00, "
            "or how long ago, such as 30d"
        ) from None


def in_our_years(moment: datetime) -> datetime:
    """The same moment, when it can be reckoned with. Raises ValueError with the cure."""
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} is too far away: write one from 1970 to 9998")
    return moment


def parse_zone(name: str) -> ZoneInfo:
    """Read an IANA zone. Raises ValueError with the nearest name."""
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a directory
        raise ValueError(f"'{name}' is not an IANA time zone{_nearest_zone(name)}") from None
    if name.startswith(_OF_THE_MACHINE):
        raise ValueError(f"'{name}' differs from machine to machine: write a place, such as Europe/Berlin")
    return zone


def _nearest_zone(name: str) -> str:
    zones = {zone.lower(): zone for zone in sorted(available_timezones(), reverse=True)}
    cities = {zone.rpartition("/")[2]: name for zone, name in zones.items()}
    if re.search(r"[+-]\d", name):
        return ": a bare offset knows no summer time, write a place such as Europe/Berlin, or UTC"
    wanted = name.strip().lower().replace(" ", "_")
    for names in (zones, cities):
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.75 if len(wanted) > _LETTERS else 1)
        if near:
            return f", did you mean '{names[near[0]]}'?"
    return ": write one such as Europe/Berlin or UTC"
