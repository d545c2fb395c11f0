from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocol.calendars import Calendar
from protocol.windows import Opening, Schedule, Span, Window

BERLIN = ZoneInfo("Europe/Berlin")
CHRISTMAS = Calendar(extra=(date(2026, 12, 25), date(2026, 12, 26)))


def make_schedule(
    *,
    open: str | list[str] = "",  # noqa: A002 - the word of the policy
    closed: str | list[str] = "",
    zone: str = "Europe/Berlin",
    holidays: Calendar = CHRISTMAS,
    grace: timedelta = timedelta(0),
) -> Schedule:
    return Schedule(_windows(open), _windows(closed), ZoneInfo(zone), holidays, grace)


def _windows(texts: str | list[str]) -> tuple[Window, ...]:
    return tuple(Window.parse(text) for text in ([texts] if isinstance(texts, str) else texts) if text)


def clock(text: str, zone: str = "Europe/Berlin", *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def said(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="minutes") if moment else None


def change_after(schedule: Schedule, now: datetime, freezes: tuple[Span, ...] = ()) -> str | None:
    """When the answer at `now` ends."""
    opening = schedule.at(now, freezes)
    return said(opening.closes_at if opening.open else opening.opens_at)


ANNOTATED = make_schedule(
    open="Mon,Wed,Fri 10:00-16:00",
    closed=["Fri 12:00-24:00", "Sat,Sun", "holidays", "eve-of-holiday 12:00-24:00"],
)
YEAR_END = Span(clock("2026-12-18T18:00"), clock("2027-01-04T08:00"), "Year-end freeze")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("", "'' is not a window: write days, times or both", id="empty"),
        pytest.param("  ", "'  ' is not a window", id="blank"),
        pytest.param("25:00", "'25:00' is not a time: write one from 00:00 to 24:00", id="an hour too many"),
        pytest.param("Mon 10:60-11:00", "'10:60' is not a time: write one from", id="a minute too many"),
        pytest.param("Mon 22:00-24:01", "'24:01' is not a time: write one from", id="past 24:00"),
        pytest.param("Mon 1000:-11:00", "'1000:' is not a time: write HH:MM, such as 09:30", id="no clock"),
        pytest.param("Mon10:00-11:00", "'Mon10:00' is not a time: write HH:MM", id="no space"),
        pytest.param("10:00", "'10:00' is not a stretch of time: write its start and end", id="only a start"),
        pytest.param("10:00-", "'10:00-' is not a stretch of time", id="no end"),
        pytest.param("10:00-11:00-12:00", "is not a stretch of time", id="three times"),
        pytest.param("10:00-10:00", "ends when it starts: write 00:00-24:00", id="no length"),
        pytest.param(
            "24:00-02:00", "starts at 24:00, which only ends a day: write 00:00", id="starts at 24:00"
        ),
        pytest.param("Mon-", "'Mon-' is not a range of days: write its first and last day", id="open range"),
        pytest.param("-Fri", "'-Fri' is not a range of days", id="range without start"),
        pytest.param("Mon-Wed-Fri", "'Mon-Wed-Fri' is not a range of days", id="range of three"),
        pytest.param("Mon-Mon", "starts and ends on the same day: write Mon for that day", id="range of one"),
        pytest.param("Funday", "'Funday' is not a day: did you mean 'Sunday'?", id="misspelt day"),
        pytest.param("Mon-Firday", "'Firday' is not a day: did you mean 'Friday'?", id="misspelt in a range"),
        pytest.param("holiday", "'holiday' is not a day: did you mean 'holidays'?", id="misspelt holidays"),
        pytest.param("eve-of-holidays", "did you mean 'eve-of-holiday'?", id="misspelt eve"),
        pytest.param(
            "24.12.2026", "'24.12.2026' is not a day: write Mon, Mon-Fri", id="date of another custom"
        ),
        pytest.param("Mon,,Fri", "'Mon,,Fri' has an empty place", id="empty place"),
        pytest.param("Mon Tue 10:00-11:00", "has too many words: write days with commas", id="no comma"),
        pytest.param("2026-1-1", "'2026-1-1' is not a date: write YYYY-MM-DD", id="short date"),
        pytest.param("2026-02-30", "'2026-02-30' is on no calendar", id="day that does not exist"),
        pytest.param("2027-02-29", "'2027-02-29' is on no calendar", id="29 February of a common year"),
        pytest.param("2026-12-24..", "'' is not a date: write YYYY-MM-DD", id="open date range"),
        pytest.param(
            "2026-12-27..2026-12-24", "ends before it starts: write 2026-12-24..2026-12-27", id="swapped"
        ),
    ],
)
def test_nonsense_is_refused_with_the_cure(text: str, error: str) -> None:
    with pytest.raises(ValueError) as refused:
        Window.parse(text)
    assert error in str(refused.value)
    assert "\n" not in str(refused.value)


def test_something_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="'600' is not a window"):
        Window.parse(600)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        pytest.param("Mon", "2026-11-23T00:00", "2026-11-24T00:00", id="only a day is all of it"),
        pytest.param("10:00-16:00", "2026-11-22T10:00", "2026-11-22T16:00", id="only a time is every day"),
        pytest.param("Mon,Wed 10:00-16:00", "2026-11-25T15:59", "2026-11-24T12:00", id="list"),
        pytest.param(
            "Mon , Wed 10:00 - 16:00", "2026-11-25T15:59", "2026-11-24T12:00", id="list with spaces"
        ),
        pytest.param("Fri-Mon", "2026-11-22T12:00", "2026-11-24T12:00", id="range that wraps"),
        pytest.param("tuesday-THU", "2026-11-25T12:00", "2026-11-23T12:00", id="full names in any case"),
        pytest.param("Fri 22:00-02:00", "2026-11-28T01:59", "2026-11-27T01:59", id="overnight is Friday's"),
        pytest.param("Fri 22:00-02:00", "2026-11-27T22:00", "2026-11-28T22:00", id="overnight, its evening"),
        pytest.param("Fri 22:00-24:00", "2026-11-27T23:59", "2026-11-28T00:00", id="until 24:00"),
        pytest.param("Fri 22:00-00:00", "2026-11-27T23:59", "2026-11-28T00:00", id="until midnight"),
        pytest.param("2026-11-23", "2026-11-23T23:59", "2027-11-23T12:00", id="own date"),
        pytest.param("2026-11-23..2026-11-25", "2026-11-25T23:59", "2026-11-26T00:00", id="own dates"),
        pytest.param("2028-02-29 9:00-10:00", "2028-02-29T09:30", "2028-03-01T09:30", id="leap day"),
        pytest.param(
            "2026-12-31 22:00-02:00", "2027-01-01T01:59", "2027-01-01T02:00", id="over the year's end"
        ),
        pytest.param("holidays", "2026-12-25T12:00", "2026-12-24T12:00", id="holiday"),
        pytest.param(
            "holidays 22:00-02:00", "2026-12-27T01:00", "2026-12-25T01:00", id="holiday's overnight"
        ),
        pytest.param("eve-of-holiday", "2026-12-24T12:00", "2026-12-25T12:00", id="eve is before the first"),
        pytest.param(
            "eve-of-holiday,holidays", "2026-12-26T12:00", "2026-12-27T00:00", id="eve and holidays"
        ),
    ],
)
def test_a_window_holds_the_minutes_its_clock_reads(text: str, inside: str, outside: str) -> None:
    schedule = make_schedule(open=text)
    assert schedule.at(clock(inside)).open
    assert not schedule.at(clock(outside)).open


def test_no_window_is_always_open() -> None:
    assert make_schedule().at(clock("2026-11-23T03:00")) == Opening(True, "open: always", None, None)


def test_closed_wins_over_open() -> None:
    schedule = make_schedule(open="10:00-16:00", closed="Fri")
    assert not schedule.at(clock("2026-11-27T12:00")).open


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param("2026-11-27T15:00", "closed: Fri 12:00-24:00", id="closed window"),
        pytest.param("2026-11-24T11:00", "closed: outside Mon,Wed,Fri 10:00-16:00", id="outside"),
        pytest.param("2026-12-25T11:00", "closed: holiday day of our own (Fri 25 Dec)", id="holiday"),
        pytest.param("2026-12-24T13:00", "closed: eve of day of our own (Thu 24 Dec)", id="eve"),
        pytest.param("2026-11-27T11:00", "open: Mon,Wed,Fri 10:00-16:00", id="open"),
    ],
)
def test_the_reason_is_one_sentence(now: str, reason: str) -> None:
    assert ANNOTATED.at(clock(now)).reason == reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param("2026-12-27T01:59", "closed: holiday day of our own (Sat 26 Dec)", id="its last minute"),
        pytest.param("2026-12-27T02:00", "closed: outside 03:00-04:00", id="the minute after"),
        pytest.param("2026-11-28T01:59", "closed: Fri 22:00-02:00", id="a weekday's"),
    ],
)
def test_a_night_is_named_after_the_day_on_which_it_began(now: str, reason: str) -> None:
    schedule = make_schedule(open="03:00-04:00", closed=["holidays 22:00-02:00", "Fri 22:00-02:00"])
    assert schedule.at(clock(now)).reason == reason


def test_holidays_of_a_country_are_named() -> None:
    berlin = Calendar("DE", "BE")
    schedule = make_schedule(closed=["holidays", "eve-of-holiday 12:00-24:00"], holidays=berlin)
    assert schedule.at(clock("2026-12-25T11:00")).reason == "closed: holiday Christmas Day (Fri 25 Dec)"
    assert schedule.at(clock("2026-12-31T13:00")).reason == "closed: eve of New Year's Day (Thu 31 Dec)"
    womens_day = schedule.at(clock("2027-03-08T11:00"))  # a holiday in Berlin, not in all of Germany
    assert womens_day.reason == "closed: holiday Women's Day (Mon 8 Mar)"


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(ValueError, match="holidays of XX are not known"):
        Calendar("XX").holiday(date(2026, 12, 25))


def test_a_freeze_says_its_reason_and_its_end() -> None:
    frozen = ANNOTATED.at(clock("2026-12-23T11:00"), [YEAR_END])
    assert frozen.reason == "frozen until Mon 2027-01-04 08:00 CET: Year-end freeze"
    assert said(frozen.opens_at) == "2027-01-04T10:00+01:00"


def test_a_frozen_and_closed_moment_says_both() -> None:
    frozen = ANNOTATED.at(clock("2026-12-25T11:00"), [YEAR_END])
    assert frozen.reason == (
        "frozen until Mon 2027-01-04 08:00 CET: Year-end freeze; closed: holiday day of our own (Fri 25 Dec)"
    )


def test_a_freeze_without_end_never_opens() -> None:
    forever = Span(clock("2026-11-01T00:00"), None, "Merger")
    assert ANNOTATED.at(clock("2026-11-23T11:00"), [forever]) == Opening(
        False, "frozen without end: Merger", None, None
    )


def test_a_freeze_to_come_is_the_next_closing() -> None:
    soon = Span(clock("2026-11-23T11:30"), clock("2026-11-23T12:00"), "Sale")
    assert change_after(ANNOTATED, clock("2026-11-23T11:00"), (soon,)) == "2026-11-23T11:30+01:00"


def test_a_freeze_that_ends_before_it_starts_holds_nothing() -> None:
    empty = Span(clock("2026-11-23T12:00"), clock("2026-11-23T11:30"), "Slip")
    assert change_after(ANNOTATED, clock("2026-11-23T11:00"), (empty,)) == "2026-11-23T16:00+01:00"


def test_freezes_in_a_row_are_one_closing() -> None:
    now = clock("2026-11-23T11:00")
    row = tuple(
        Span(now + timedelta(days=days), now + timedelta(days=days + 2), "Sale") for days in (4, 0, 2, 1)
    )
    assert change_after(ANNOTATED, now, row) == "2026-11-30T10:00+01:00"


def test_a_gap_between_freezes_is_an_opening_only_when_windows_are_open() -> None:
    now = clock("2026-11-23T11:00")
    night = Span(now, clock("2026-11-24T11:00"), "first")
    week = Span(clock("2026-11-24T12:00"), clock("2026-11-27T11:00"), "second")
    assert change_after(ANNOTATED, now, (night, week)) == "2026-11-27T11:00+01:00"


def test_windows_that_touch_are_one_opening() -> None:
    schedule = make_schedule(
        open=["Mon 10:00-12:00", "Mon 12:00-24:00", "Tue 00:00-03:00", "Tue 02:00-05:00"]
    )
    assert change_after(schedule, clock("2026-11-23T10:00")) == "2026-11-24T05:00+01:00"


def test_seconds_inside_the_last_minute_are_still_open() -> None:
    last = clock("2026-11-23T15:59:59.999999")
    assert ANNOTATED.at(last).open
    assert not ANNOTATED.at(last + timedelta(microseconds=1)).open


def test_an_answer_is_in_the_schedules_zone_wherever_the_question_comes_from() -> None:
    assert change_after(ANNOTATED, datetime(2026, 11, 23, 9, 30, tzinfo=UTC)) == "2026-11-23T16:00+01:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="give it an offset or a zone"):
        ANNOTATED.at(datetime(2026, 11, 23, 9, 30))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("window", "zone", "now", "change"),
    [
        # Clocks set forward: the skipped minutes are in no window, an edge among them is the gap's instant.
        pytest.param(
            "02:30-04:00",
            "Europe/Berlin",
            "2027-03-28T01:00+01:00",
            "2027-03-28T03:00+02:00",
            id="Berlin, opens in the gap",
        ),
        pytest.param(
            "01:00-02:30",
            "Europe/Berlin",
            "2027-03-28T01:00+01:00",
            "2027-03-28T03:00+02:00",
            id="Berlin, closes in the gap",
        ),
        pytest.param(
            "Sun 02:10-02:50",
            "America/New_York",
            "2027-03-14T00:00-05:00",
            "2027-03-21T02:10-04:00",
            id="New York, all in the gap",
        ),
        pytest.param(
            "02:10-02:50",
            "Australia/Lord_Howe",
            "2026-10-04T01:00+10:30",
            "2026-10-04T02:30+11:00",
            id="Lord Howe, half an hour's gap",
        ),
        pytest.param(
            "02:00-03:00",
            "Africa/Casablanca",
            "2027-03-14T00:00+00:00",
            "2027-03-15T02:00+01:00",
            id="Casablanca, after Ramadan",
        ),
        pytest.param(
            "02:30-04:00",
            "Asia/Jerusalem",
            "2027-03-26T01:00+02:00",
            "2027-03-26T03:00+03:00",
            id="Jerusalem, at midnight in UTC",
        ),
        # Clocks set back: both passes are in the window.
        pytest.param(
            "02:10-02:50",
            "Europe/Berlin",
            "2026-10-25T02:50+02:00",
            "2026-10-25T02:10+01:00",
            id="Berlin, between passes",
        ),
        pytest.param(
            "02:10-02:50",
            "Europe/Berlin",
            "2026-10-25T02:20+01:00",
            "2026-10-25T02:50+01:00",
            id="Berlin, second pass",
        ),
        pytest.param(
            "00:00-01:30",
            "America/New_York",
            "2026-11-01T01:45-04:00",
            "2026-11-01T01:00-05:00",
            id="New York, opens again at the fold",
        ),
        pytest.param(
            "00:00-01:50",
            "Australia/Lord_Howe",
            "2027-04-04T01:55+11:00",
            "2027-04-04T01:30+10:30",
            id="Lord Howe, half an hour's fold",
        ),
        pytest.param(
            "Fri-Sat 12:00-13:00",
            "Pacific/Apia",
            "2011-12-29T14:00-10:00",
            "2011-12-31T12:00+14:00",
            id="Apia, a day left out",
        ),
        pytest.param(
            "10:00-16:00",
            "Asia/Kolkata",
            "2026-11-23T05:00+00:00",
            "2026-11-23T16:00+05:30",
            id="Kolkata, half an hour's offset",
        ),
    ],
)
def test_clocks_that_change(window: str, zone: str, now: str, change: str) -> None:
    assert change_after(make_schedule(open=window, zone=zone), datetime.fromisoformat(now)) == change


def test_an_evening_that_is_read_twice_over_midnight() -> None:
    """In Havana 00:59:59 is followed by 00:00 of the same day, so Sunday's first hour comes twice."""
    schedule = make_schedule(open="Sun 00:00-01:00", zone="America/Havana")
    assert change_after(schedule, datetime(2026, 11, 1, 4, 30, tzinfo=UTC)) == "2026-11-01T01:00-05:00"


@pytest.mark.parametrize(
    ("window", "now", "change"),
    [
        pytest.param("2028-02-29", "2026-11-23T12:00", "2028-02-29T00:00+01:00", id="the next leap day"),
        pytest.param("2061-05-01 10:00-12:00", "2026-11-23T12:00", "2061-05-01T10:00+02:00", id="far date"),
        pytest.param("2030-01-01..2030-12-31", "2030-06-01T00:00", "2031-01-01T00:00+01:00", id="long range"),
        pytest.param("holidays", "2026-12-27T00:00", None, id="no holiday is left"),
        pytest.param("2026-11-01", "2026-11-23T12:00", None, id="a date that is over"),
    ],
)
def test_openings_are_found_at_any_distance(window: str, now: str, change: str | None) -> None:
    assert change_after(make_schedule(open=window), clock(now)) == change


def test_a_holiday_on_a_rare_weekday_is_found_years_ahead() -> None:
    schedule = make_schedule(open="holidays", closed="Mon-Sat", holidays=Calendar("US"))
    assert change_after(schedule, clock("2026-11-23T12:00")) is not None


def test_a_weekday_in_a_far_range_is_found() -> None:
    schedule = make_schedule(open="2041-06-04..2041-12-31", closed="Tue-Sun")
    assert change_after(schedule, clock("2026-11-23T12:00")) == "2041-06-10T00:00+02:00"


@pytest.mark.parametrize("closed", ["Mon-Sun", "00:00-24:00", "2000-01-01..9999-12-31"])
def test_what_is_always_closed_never_opens(closed: str) -> None:
    assert change_after(make_schedule(closed=closed), clock("2026-11-23T12:00")) is None


GRACE = make_schedule(open=["Mon 10:00-16:00", "Mon 16:10-16:12"], grace=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("now", "edge"),
    [
        pytest.param("2026-11-23T09:59", None, id="before the opening"),
        pytest.param("2026-11-23T15:59", None, id="open"),
        pytest.param("2026-11-23T16:00", "2026-11-23T16:00+01:00", id="at the edge"),
        pytest.param("2026-11-23T16:10", None, id="open again"),
        pytest.param("2026-11-23T16:20", "2026-11-23T16:12+01:00", id="after the later edge"),
        pytest.param("2026-11-23T16:42", None, id="grace is over"),
    ],
)
def test_grace_lasts_from_the_edge_on(now: str, edge: str | None) -> None:
    assert said(GRACE.closed_within_grace(clock(now))) == edge


def test_without_grace_nothing_begins_after_the_edge() -> None:
    assert ANNOTATED.closed_within_grace(clock("2026-11-23T16:00")) is None


def test_windows_written_alike_are_equal_and_hash_alike() -> None:
    assert {Window.parse("Mon 10:00-16:00"), Window.parse(" Mon 10:00-16:00")} == {
        Window.parse("Mon 10:00-16:00")
    }
