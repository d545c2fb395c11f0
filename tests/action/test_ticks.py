from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

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


def test_real_time_drifts_by_less_than_a_tick() -> None:
    began = time.monotonic()
    for _ in ticks(0.02, 1.0, sleep=time.sleep):
        time.sleep(0.005)
    assert time.monotonic() - began == pytest.approx(1.0, abs=0.1)
