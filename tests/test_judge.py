"""What docs/judge.md promises is what its table shows, and what the judge does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.judge import CAUGHT, FALSE, MUCH, NO, PROMISED, SHOWN, share_found

PAGE = (Path(__file__).parents[1] / "docs" / "judge.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<noise>.+?) \| \+(?P<rise>\d+)% \| \S+ \| (?P<found>[\d.]+)% \| ", re.MULTILINE)


def test_the_table_shows_every_series_and_keeps_its_promise() -> None:
    found = {(row["noise"], int(row["rise"])): float(row["found"]) / 100 for row in ROW.finditer(PAGE)}
    assert {noise for noise, _ in found} == {*PROMISED, *SHOWN}
    assert all(found[noise, 0] <= FALSE and found[noise, 50] >= CAUGHT for noise in PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_a_rise_of_half_is_caught_and_none_is_left_alone(name: str) -> None:
    assert share_found(PROMISED[name], MUCH, 60, series=40) >= 0.97
    assert share_found(PROMISED[name], NO, 60, series=20) <= 0.05
