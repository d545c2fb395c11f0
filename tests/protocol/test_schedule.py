from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from protocol.calendars import Calendar
from protocol.policy import Environment, Policy
from protocol.schedule import planned_freezes, schedule_of
from protocol.windows import Schedule, Window

NEW_YORK = ZoneInfo("America/New_York")


def make_policy(*, zone: str = "America/New_York", holidays: Any = None, **production: Any) -> Policy:
    document = {"version": 1, "timezone": zone, "environments": {"production": production}}
    document |= {"holidays": holidays} if holidays else {}
    return Policy.model_validate(document, context={"zone": ZoneInfo(zone)})


def make_freeze(begins: str, ends: str, **more: Any) -> dict[str, Any]:
    return {"from": begins, "until": ends, "reason": "Sale", **more}


def test_a_schedule_has_the_environments_windows_and_the_policys_zone() -> None:
    policy = make_policy(windows={"open": ["Mon 10:00-16:00"], "closed": ["Fri"], "grace": "10m"})
    assert schedule_of(policy, "production") == Schedule(
        (Window.parse("Mon 10:00-16:00"),),
        (Window.parse("Fri"),),
        NEW_YORK,
        Calendar(),
        timedelta(minutes=10),
    )


def test_an_environment_may_be_given_itself() -> None:
    policy = make_policy()
    assert schedule_of(policy, Environment()) == schedule_of(policy, "production")


def test_a_schedule_knows_the_policys_holidays() -> None:
    policy = make_policy(holidays={"country": "US", "subdivision": "CA", "extra": ["2026-12-24"]})
    assert schedule_of(policy, "production").holidays == Calendar("US", "CA", (date(2026, 12, 24),))


def test_a_planned_freeze_is_on_the_policys_clock() -> None:
    policy = make_policy(freezes=[make_freeze("2026-12-18 18:00", "2027-01-04 08:00")])
    [span] = planned_freezes(policy, "production")
    assert span.start == datetime(2026, 12, 18, 18, tzinfo=NEW_YORK)
    assert span.until == datetime(2027, 1, 4, 8, tzinfo=NEW_YORK)
    assert span.reason == "Sale"


def test_a_planned_freeze_may_carry_its_own_offset() -> None:
    policy = make_policy(freezes=[make_freeze("2026-12-18T18:00:00+01:00", "2027-01-04T08:00:00Z")])
    [span] = planned_freezes(policy, "production")
    assert span.start == datetime.fromisoformat("2026-12-18T17:00:00+00:00")
    assert span.until == datetime.fromisoformat("2027-01-04T08:00:00+00:00")


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [
        pytest.param("2026-11-01 01:00", "2026-11-01 01:30", 1.5, id="both passes of a fold"),
        pytest.param("2027-03-14 01:30", "2027-03-14 03:30", 1.0, id="over a gap"),
        pytest.param("2027-03-13 01:30", "2027-03-13 02:30", 1.0, id="a plain night"),
    ],
)
def test_a_freeze_lasts_as_long_as_clocks_that_change_make_it(begins: str, ends: str, hours: float) -> None:
    [span] = planned_freezes(make_policy(freezes=[make_freeze(begins, ends)]), "production")
    assert span.until is not None
    assert span.until - span.start == timedelta(hours=hours)


EXCEPT = {"except": {"labels": ["Hotfix"], "branches": ["release/*"]}}


@pytest.mark.parametrize(
    ("labels", "branch", "frozen"),
    [
        pytest.param([], "main", True, id="neither"),
        pytest.param(["hotfix"], "main", False, id="label in another case"),
        pytest.param(["bug"], "release/2", False, id="branch"),
        pytest.param(["bug"], "release/2/fix", True, id="branch below"),
    ],
)
def test_a_label_or_branch_may_be_excepted(labels: list[str], branch: str, frozen: bool) -> None:
    policy = make_policy(freezes=[make_freeze("2026-12-18 18:00", "2027-01-04 08:00", **EXCEPT)])
    assert bool(planned_freezes(policy, "production", labels=labels, branch=branch)) is frozen
