"""Two things timed side by side: turn by turn in one run, so that a busy machine slows both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds for one call, a sample for each turn; `extrapolated` when only a part was run."""

    name: str
    seconds: tuple[float, ...]
    extrapolated: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def fastest(self) -> float:
        """What it takes when nothing else is in the way."""
        return min(self.seconds)

    @property
    def slow(self) -> float:
        """The ninth decile."""
        return statistics.quantiles(self.seconds, n=10)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`limit` (seconds) is what the median, less the reference's where `above_reference`, may take."""

    title: str
    ours: Timing
    reference: Timing
    limit: float
    above_reference: bool = False

    @property
    def kept(self) -> bool:
        return self.ours.median - (self.reference.median if self.above_reference else 0) <= self.limit


def side_by_side(
    ours: Callable[[], object], reference: Callable[[], object], *, turns: int, calls: int = 1
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds for one call of each, after one turn that does not count."""
    samples = [(_timed(ours, calls), _timed(reference, calls)) for _ in range(turns + 1)][1:]
    return tuple(one for one, _ in samples), tuple(other for _, other in samples)


def _timed(call: Callable[[], object], calls: int) -> float:
    gc.collect()
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls


def render(comparisons: Sequence[Comparison]) -> str:
    """A Markdown table."""
    rows = [
        "| What | Fastest | Median | 9th decile | Reference | Its median | Ratio | Limit | Kept |",
        "|---|---:|---:|---:|---|---:|---:|---:|---|",
        *(_row(one) for one in comparisons),
    ]
    return "\n".join(rows)


def _row(one: Comparison) -> str:
    cells = [
        one.title,
        _said(one.ours.fastest),
        _said(one.ours.median),
        _said(one.ours.slow),
        one.reference.name + (" (extrapolated)" if one.reference.extrapolated else ""),
        _said(one.reference.median),
        f"{one.ours.median / one.reference.median:.2g}",
        _said(one.limit) + (" above" if one.above_reference else ""),
        "yes" if one.kept else "NO",
    ]
    return f"| {' | '.join(cells)} |"


def _said(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
