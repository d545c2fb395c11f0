from __future__ import annotations

import math
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from protocol.comparison import compare, hodges_lehmann, mann_whitney

values = st.lists(st.integers(0, 12).map(float) | st.floats(-1e6, 1e6), min_size=5, max_size=40)


def normal(mean: float, count: int, seed: int) -> list[float]:
    numbers = random.Random(seed)
    return [numbers.gauss(mean, mean / 5) for _ in range(count)]


@settings(deadline=None, derandomize=True)
@given(values, values)
def test_the_chance_is_scipys(samples: list[float], others: list[float]) -> None:
    if len(set(samples + others)) == 1:
        return  # scipy divides by nothing here
    theirs = stats.mannwhitneyu(samples, others, alternative="greater", method="asymptotic").pvalue
    assert mann_whitney(samples, others) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_samples_that_are_all_equal_show_nothing() -> None:
    assert mann_whitney([3.0] * 9, [3.0] * 7) == 1.0


def test_the_shift_is_the_median_of_all_differences() -> None:
    assert hodges_lehmann([11.0, 12.0, 900.0], [1.0, 2.0, 3.0]) == 10.0


def test_a_watch_of_hours_is_compared_in_little_room() -> None:
    """Else each look at it takes seconds, in which a wish to stop is not heard."""
    before, after = normal(1.0, 1500, seed=1), normal(1.1, 1500, seed=2)
    tracemalloc.start()
    comparison = compare(before, after)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10_000_000
    assert comparison.direction == "higher"
    assert comparison.shift == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("samples", "direction"),
    [
        pytest.param(normal(150, 60, 1), "higher", id="half as much again"),
        pytest.param(normal(50, 60, 2), "lower", id="half"),
        pytest.param(normal(100, 60, 3), "alike", id="the same"),
        pytest.param([*normal(100, 59, 4), 1e6], "alike", id="one outlier"),
        pytest.param(normal(300, 5, 5), "higher", id="five are enough for a clear rise"),
    ],
)
def test_a_direction_is_what_chance_does_not_explain(samples: list[float], direction: str) -> None:
    assert compare(normal(100, 60, 0), samples).direction == direction


def test_the_same_version_is_rarely_called_different() -> None:
    """One-sided 2 % each way, and less for the tolerance."""
    wrong = sum(
        compare(normal(100, 30, seed), normal(100, 30, seed + 1000)).direction != "alike"
        for seed in range(300)
    )
    assert wrong <= 300 * 0.04


def test_fewer_than_five_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 5 samples"):
        compare([1.0] * 5, [1.0] * 4)


@pytest.mark.parametrize(
    ("baseline", "samples", "rise"),
    [
        pytest.param([2.0] * 5, [3.0] * 5, 0.5, id="half as much again"),
        pytest.param([-2.0] * 5, [-1.0] * 5, 0.5, id="a negative baseline rises too"),
        pytest.param([0.0] * 5, [1.0] * 5, math.inf, id="from nothing"),
        pytest.param([0.0] * 5, [0.0] * 5, 0.0, id="nothing stays nothing"),
    ],
)
def test_the_rise_is_a_part_of_the_baseline(baseline: list[float], samples: list[float], rise: float) -> None:
    assert compare(baseline, samples).rise == rise
