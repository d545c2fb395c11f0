from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.ticks import ticks


@dataclass
class Clock:
    """Time that passes only when somebody sleeps or works."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def test_fifteen_minutes_of_slow_samples_do_not_drift_at_all() -> None:
    clock, seen = Clock(), []
    for passed in ticks(15, 900, sleep=clock.sleep, monotonic=clock.monotonic):
        seen.append(passed)
        clock.now += 3.7  # the work between two ticks
    assert seen == pytest.approx([15 * number for number in range(1, 61)], abs=1e-6)


def test_a_sleep_that_is_late_each_time_adds_up_to_nothing() -> None:
    clock = Clock()
    seen = list(ticks(15, 900, sleep=lambda wait: clock.sleep(wait + 0.2), monotonic=clock.monotonic))
    assert seen[-1] == pytest.approx(900.2)


def test_a_tick_that_work_outlasts_is_left_out() -> None:
    clock, seen = Clock(), []
    for passed in ticks(10, 60, sleep=clock.sleep, monotonic=clock.monotonic):
        seen.append(round(passed))
        clock.now += 25 if passed == 10 else 0
    assert seen == [10, 40, 50, 60]


def test_no_time_has_no_ticks() -> None:
    assert list(ticks(15, 0, sleep=time.sleep)) == []


@given(
    late=st.lists(st.floats(0, 5), min_size=60, max_size=60),
    work=st.lists(st.floats(0, 9), min_size=60, max_size=60),
)
def test_however_late_each_sleep_is_and_however_long_the_work_nothing_adds_up(
    late: list[float], work: list[float]
) -> None:
    clock, seen, due = Clock(), [], iter(late)
    for passed in ticks(15, 900, sleep=lambda wait: clock.sleep(wait + next(due)), monotonic=clock.monotonic):
        seen.append(passed)
        clock.now += work[len(seen) - 1]
    assert seen == pytest.approx([15 * number + late[number - 1] for number in range(1, 61)], abs=1e-6)


def test_by_the_real_clock_no_tick_comes_early() -> None:
    seen = list(ticks(0.01, 0.1, sleep=time.sleep))
    assert seen
    assert all(passed >= 0.01 * number for number, passed in enumerate(seen, start=1))
