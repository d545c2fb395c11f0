"""The days ahead: open only where every policy says so and no freeze holds, to the minute on any clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from protocol.facts import Freeze
from protocol.moments import say_moment
from protocol.outlook import Hours, hours_of, opening_at, stretches
from protocol.policy import Policy
from tests.policies import make_bare_policy, make_policy

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=BERLIN)
FRIDAY_EVENING = datetime(2026, 11, 27, 17, 55, tzinfo=BERLIN)
WEEKDAYS = {"windows": {"open": ["Mon-Fri 10:00-16:00"]}}


def policy(production: Any = WEEKDAYS, **keys: Any) -> Policy:
    return make_policy(production, **keys)


def organisation(production: Any) -> Policy:
    return make_bare_policy({"production": production})


def hours(*policies: Policy, freezes: tuple[Freeze, ...] = ()) -> tuple[Hours, ...]:
    return hours_of(policies, "production", freezes)


def told(moment: datetime | None) -> str | None:
    return say_moment(moment, BERLIN) if moment else None


def test_on_friday_evening_it_opens_on_monday() -> None:
    opening = opening_at(hours(policy()), FRIDAY_EVENING)
    assert (opening.open, told(opening.opens_at)) == (False, "Mon 2026-11-30 10:00 CET")
    assert opening.reason == "closed: outside Mon-Fri 10:00-16:00"


def test_without_windows_it_is_always_open() -> None:
    opening = opening_at(hours(policy({})), FRIDAY_EVENING)
    assert (opening.open, opening.reason, opening.closes_at) == (True, "open: always", None)


def test_an_environment_that_no_policy_names_asks_for_nothing() -> None:
    assert opening_at(hours_of([policy()], "elsewhere", ()), FRIDAY_EVENING).open


def test_an_organisation_tightens_and_every_reason_is_said() -> None:
    both = hours(organisation({"windows": {"closed": ["Mon"]}}), policy())
    opening = opening_at(both, MONDAY)
    assert opening.reason == "closed: Mon; closed: outside Mon-Fri 10:00-16:00"
    assert told(opening.opens_at) == "Tue 2026-11-24 10:00 CET"
    open_then = opening_at(both, MONDAY + timedelta(days=1, hours=4))
    assert (open_then.open, told(open_then.closes_at)) == (True, "Tue 2026-11-24 16:00 CET")


def test_the_next_opening_is_the_first_minute_at_which_all_are_open() -> None:
    morning = organisation({"windows": {"open": ["Mon-Fri 08:00-11:00"]}})
    opening = opening_at(hours(morning, policy()), MONDAY + timedelta(hours=5))
    assert told(opening.opens_at) == "Tue 2026-11-24 10:00 CET"


def test_policies_that_are_never_open_together_have_no_next_opening() -> None:
    never = hours(organisation({"windows": {"open": ["Sat"]}}), policy())
    assert opening_at(never, MONDAY).opens_at is None


@pytest.mark.parametrize(
    ("environments", "is_open"),
    [
        pytest.param(frozenset(), False, id="of everything"),
        pytest.param(frozenset({"PRODUCTION"}), False, id="of this one in another spelling"),
        pytest.param(frozenset({"staging"}), True, id="of another one"),
    ],
)
def test_a_declared_freeze_closes_what_it_concerns(environments: frozenset[str], is_open: bool) -> None:
    freeze = Freeze(
        reason="Inventory",
        by="ada",
        environments=environments,
        since=MONDAY,
        until=MONDAY + timedelta(days=1),
    )
    noon = MONDAY + timedelta(hours=4)
    opening = opening_at(hours(policy(), freezes=(freeze,)), noon)
    assert opening.open is is_open
    if not is_open:
        assert opening.reason == "frozen until Tue 2026-11-24 08:00 CET: Inventory (ada)"
        assert told(opening.opens_at) == "Tue 2026-11-24 10:00 CET"


def test_a_freeze_without_end_leaves_nothing_to_wait_for() -> None:
    freeze = Freeze(reason="Until it is mended", by="ada")
    opening = opening_at(hours(policy(), freezes=(freeze,)), MONDAY)
    assert (opening.open, opening.opens_at) == (False, None)


def test_two_weeks_are_told_edge_by_edge() -> None:
    planned = {**WEEKDAYS, "freezes": [freeze("2026-11-25 12:00", "2026-11-30 08:00")]}
    found = list(stretches(hours(policy(planned)), MONDAY, MONDAY + timedelta(days=7)))
    assert [(told(one.start), one.open) for one in found] == [
        ("Mon 2026-11-23 08:00 CET", False),
        ("Mon 2026-11-23 10:00 CET", True),
        ("Mon 2026-11-23 16:00 CET", False),
        ("Tue 2026-11-24 10:00 CET", True),
        ("Tue 2026-11-24 16:00 CET", False),
        ("Wed 2026-11-25 10:00 CET", True),
        ("Wed 2026-11-25 12:00 CET", False),
    ]
    assert told(found[-1].end) == "Mon 2026-11-30 10:00 CET"


def freeze(start: str, until: str) -> dict[str, str]:
    return {"from": start, "until": until, "reason": "Inventory"}


def test_one_stretch_begins_where_the_other_ends() -> None:
    night = hours(policy({"windows": {"open": ["22:00-06:00"]}}))
    start = datetime(2026, 10, 20, tzinfo=UTC)  # clocks go back on the 25th
    found = list(stretches(night, start, start + timedelta(days=14)))
    assert all(one.end == after.start for one, after in pairwise(found))
    assert all(one.open is not after.open for one, after in pairwise(found))
    for one in found:
        assert all(opening_at(night, moment).open is one.open for moment in inside(one.start, one.end))


def inside(start: datetime, end: datetime | None) -> list[datetime]:
    """Its first, its middle and its last second, reckoned in real time."""
    assert end is not None
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    return [first, first + (last - first) / 2, last - timedelta(seconds=1)]
