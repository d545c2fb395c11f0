from __future__ import annotations

from datetime import timedelta

import pytest

from protocol.exposure import Exposure, Share, exposure_of
from tests.facts import NOW


def shares(*given: tuple[int, float]) -> list[Share]:
    return [Share(at=NOW + timedelta(seconds=after), share=share) for after, share in given]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], Exposure(most=0, seconds=0), id="nobody"),
        pytest.param([(10, 0.05)], Exposure(most=0.05, seconds=90), id="some, until now"),
        pytest.param([(0, 0.05), (20, 0.5), (30, 0)], Exposure(most=0.5, seconds=30), id="more and none"),
        pytest.param(
            [(0, 0.5), (10, 0), (50, 0.25), (60, 0)], Exposure(most=0.5, seconds=20), id="twice some"
        ),
    ],
)
def test_the_largest_share_and_the_time_that_anybody_saw_it(
    given: list[tuple[int, float]], expected: Exposure
) -> None:
    assert exposure_of(shares(*given), NOW + timedelta(seconds=100)) == expected


def test_it_is_one_sentence() -> None:
    assert Exposure(most=0.25, seconds=41.2).say("1.1.0") == "at most 25% of users saw 1.1.0, for 41s"
    still = Exposure(most=0.25, seconds=41.2).say("1.1.0", over=False)
    assert still == "at most 25% of users see 1.1.0, for 41s so far"
    assert Exposure(most=0, seconds=0).say("1.1.0") == "no user saw 1.1.0"
