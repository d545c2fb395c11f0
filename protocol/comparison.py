"""Whether samples differ from a baseline by more than chance: the judge for noisy metrics.

Mann and Whitney's rank test with corrections for ties and continuity, on samples moved towards the
baseline by a quarter of Hodges and Lehmann's shift. In the manner of Netflix's and Google's Kayenta.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ENOUGH = 5  # samples on each side; fewer show nothing
CHANCE = 0.02  # one-sided, each way

_TOLERANCE = 0.25  # of the shift itself: a smaller part of it is not worth a word
_MOST_COMPARED = 240  # samples on each side, each with each: more tell the shift no better, and take seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`shift` and the means are in the metric's own unit; the chances are one-sided p-values."""

    direction: Literal["higher", "lower", "alike"]
    shift: float  # median of all differences between a sample and a baseline sample
    baseline_mean: float
    mean: float
    chance_higher: float  # that samples this much higher come by accident
    chance_lower: float

    @property
    def rise(self) -> float:
        """By how much the mean is higher, as a part of the baseline's: 0.5 is half as much again.

        From a baseline of nothing any rise is infinite, and none is 0.
        """
        difference = self.mean - self.baseline_mean
        if self.baseline_mean:
            return difference / abs(self.baseline_mean)
        return math.copysign(math.inf, difference) if difference else 0.0


def compare(baseline: Sequence[float], samples: Sequence[float]) -> Comparison:
    """Judge finite samples, at least ENOUGH on each side, else raises ValueError."""
    if min(len(baseline), len(samples)) < ENOUGH:
        raise ValueError(f"at least {ENOUGH} samples are needed on each side to compare")
    shift = hodges_lehmann(samples, baseline)
    margin = _TOLERANCE * abs(shift)
    higher = mann_whitney([sample - margin for sample in samples], baseline)
    lower = mann_whitney(baseline, [sample + margin for sample in samples])
    return Comparison(
        direction="higher" if higher <= CHANCE else "lower" if lower <= CHANCE else "alike",
        shift=shift,
        baseline_mean=statistics.fmean(baseline),
        mean=statistics.fmean(samples),
        chance_higher=higher,
        chance_lower=lower,
    )


def hodges_lehmann(samples: Sequence[float], baseline: Sequence[float]) -> float:
    """The median of all differences: how far `samples` are shifted, hardly moved by outliers."""
    few, others = _thinned(samples), _thinned(baseline)
    return statistics.median(sample - other for sample in few for other in others)


def _thinned(values: Sequence[float]) -> Sequence[float]:
    return values[:: math.ceil(len(values) / _MOST_COMPARED)]


def mann_whitney(samples: Sequence[float], others: Sequence[float]) -> float:
    """The chance (one-sided p-value) that `samples` rank this high above `others` by accident.

    The normal approximation, with corrections for ties and continuity; 1 when all values are equal.
    """
    first, second, both = len(samples), len(others), len(samples) + len(others)
    ranks = _ranks([*samples, *others])
    wins = sum(ranks[value] for value in samples) - first * (first + 1) / 2
    ties = sum(count**3 - count for count in Counter([*samples, *others]).values())
    variance = first * second / 12 * (both + 1 - ties / (both * (both - 1)))
    if variance <= 0:
        return 1.0
    score = (wins - first * second / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(score / math.sqrt(2))


def _ranks(values: Sequence[float]) -> dict[float, float]:
    """Each value's rank from 1; equal values share the middle of theirs."""
    ranks, before = {}, 0
    for value, count in sorted(Counter(values).items()):
        ranks[value] = before + (count + 1) / 2
        before += count
    return ranks
