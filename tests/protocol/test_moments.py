"""Moments and zones as people write them, where clocks are set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from protocol.moments import parse_moment, parse_zone

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-11-27 15:00", "2026-11-27T14:00:00", id="the zone's clock"),
        pytest.param("2026-11-27T15:00:30", "2026-11-27T14:00:30", id="with seconds"),
        pytest.param("2026-11-27T14:00:00.250Z", "2026-11-27T14:00:00.250000", id="as JavaScript writes it"),
        pytest.param("2026-11-27 15:00 +0545", "2026-11-27T09:15:00", id="its own offset"),
        pytest.param("2028-02-29 24:00", "2028-02-29T23:00:00", id="the end of a leap day"),
        pytest.param("2026-10-25 02:30", "2026-10-25T00:30:00", id="the first of two passes"),
    ],
)
def test_a_moment_is_read(text: str, moment: str) -> None:
    assert parse_moment(text, BERLIN).astimezone(UTC) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text", "instead"),
    [
        ("Europe/Berlin", "2027-03-28 02:30", "2027-03-28 03:30"),
        ("America/New_York", "2027-03-14 02:00", "2027-03-14 03:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-04 02:40"),
    ],
)
def test_a_time_that_no_clock_shows_is_refused_with_one_that_they_do(
    zone: str, text: str, instead: str
) -> None:
    with pytest.raises(ValueError) as refused:
        parse_moment(text, ZoneInfo(zone))
    assert str(refused.value) == f"'{text}' is skipped by the clocks of {zone}: write {instead}"


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "posix/UTC", "right/UTC"])
def test_a_zone_that_is_another_one_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"write .*such as Europe/Berlin"):
        parse_zone(name)
