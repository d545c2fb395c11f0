"""What a deployment's metrics say: from measurements to one outcome, with its reason."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import groupby

from protocol.comparison import CHANCE, ENOUGH, Comparison, compare
from protocol.policy import Limits, Metric, RollbackIf

_CHANCE_BEFORE_THE_END = 0.001


class Outcome(IntEnum):
    """Ordered from best to worst: the worst metric decides.

    Fail and error roll back; what is inconclusive waits for a person.
    """

    PASS = 0
    INCONCLUSIVE = 1
    ERROR = 2
    FAIL = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One look at a metric (`at` is aware). With neither value nor error the source knew none: no traffic."""

    at: datetime
    value: float | None = None
    error: str = ""

    @property
    def known(self) -> bool:
        return not self.error and self.value is not None and math.isfinite(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One metric's outcome. Values are in the metric's own unit, in the order they were measured."""

    name: str
    outcome: Outcome
    why: str
    dry_run: bool
    baseline: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def before(self) -> float | None:
        """The baseline's mean; None where nothing was measured."""
        return statistics.fmean(self.baseline) if self.baseline else None

    @property
    def after(self) -> float | None:
        """The mean since; None where nothing was measured."""
        return statistics.fmean(self.values) if self.values else None


@dataclass(frozen=True, slots=True)
class Analysis:
    judgements: tuple[Judgement, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of the metrics that count; a dry run never does."""
        return max((one.outcome for one in self.judgements if not one.dry_run), default=Outcome.PASS)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each metric that stands in the way, worst first."""
        counted = [one for one in self.judgements if not one.dry_run and one.outcome > Outcome.PASS]
        return tuple(f"{one.name}: {one.why}" for one in sorted(counted, key=lambda one: -one.outcome))


def analyse(
    metrics: Mapping[str, Metric],
    measured: Mapping[str, Sequence[Measurement]],
    baselines: Mapping[str, Sequence[Measurement]],
    *,
    interim: bool = False,
) -> Analysis:
    """Judge every metric of the policy by what was measured after and before the deployment.

    Who asks after every single sample finds, sooner or later, a rise that is not there. So before the
    end (`interim`) a rise must be far beyond chance, in the manner of Haybittle and Peto; what counts at
    the end stays as it was.
    """
    chance = _CHANCE_BEFORE_THE_END if interim else CHANCE
    return Analysis(
        tuple(
            judge(name, metric, measured.get(name, ()), baselines.get(name, ()), chance=chance)
            for name, metric in metrics.items()
        )
    )


def judge(
    name: str,
    metric: Metric,
    measured: Sequence[Measurement],
    baseline: Sequence[Measurement],
    *,
    chance: float = CHANCE,
) -> Judgement:
    """The worst of what the values and the gaps between them say; the first reason of that rank is given."""
    values, before = _values(measured), _values(baseline)
    by_values = _by_values(metric, values, before, chance) if values else _unmeasured(measured)
    answers = [by_values, *_by_gaps(metric.limits, measured)]
    outcome, why = max(answers, key=lambda answer: answer[0])
    return Judgement(
        name=name, outcome=outcome, why=why, dry_run=metric.dry_run, baseline=before, values=values
    )


def _values(measurements: Sequence[Measurement]) -> tuple[float, ...]:
    return tuple(one.value for one in measurements if one.known and one.value is not None)


def _unmeasured(measured: Sequence[Measurement]) -> tuple[Outcome, str]:
    """Nobody knows, and a person needs to hear why."""
    error = _last_error(measured)
    return Outcome.INCONCLUSIVE, f"never measured, the last error: {error}" if error else "never measured"


def _last_error(measured: Sequence[Measurement]) -> str:
    return next((one.error for one in reversed(measured) if one.error), "")


def _by_values(
    metric: Metric, values: tuple[float, ...], baseline: tuple[float, ...], chance: float
) -> tuple[Outcome, str]:
    if metric.rollback_if.rises is not None:
        return _by_baseline(metric.rollback_if.rises, values, baseline, chance)
    return _by_threshold(metric.rollback_if, metric.limits, values)


def _by_threshold(rollback_if: RollbackIf, limits: Limits, values: tuple[float, ...]) -> tuple[Outcome, str]:
    """`above` and `below` hold for each measurement; the limit trips on more than so many."""
    if rollback_if.above is not None:
        bad, bound = [value for value in values if value > rollback_if.above], f"above {rollback_if.above:g}"
    else:
        least = rollback_if.below if rollback_if.below is not None else -math.inf
        bad, bound = [value for value in values if value < least], f"below {least:g}"
    outcome = Outcome.FAIL if len(bad) > limits.failures else Outcome.PASS
    return outcome, f"{len(bad)} of {len(values)} measurements {bound}"


def _by_baseline(
    rises: str, values: tuple[float, ...], baseline: tuple[float, ...], chance: float
) -> tuple[Outcome, str]:
    """A rise counts when chance does not explain it and the means are so far apart."""
    if min(len(values), len(baseline)) < ENOUGH:
        return (
            Outcome.INCONCLUSIVE,
            f"{len(baseline)} measurements before and {len(values)} after; {ENOUGH} of each are needed",
        )
    comparison = compare(baseline, values)
    too_much = comparison.chance_higher <= chance and _risen(rises, comparison)
    return Outcome.FAIL if too_much else Outcome.PASS, f"{_change(comparison)}, allowed is less than {rises}"


def _risen(rises: str, comparison: Comparison) -> bool:
    """`5%` is a twentieth of the baseline. `5pp` is 0.05 more of a share, which goes from 0 to 1."""
    allowed = float(rises.rstrip("%p")) / 100
    if rises.endswith("pp"):
        return comparison.mean - comparison.baseline_mean >= allowed
    return comparison.rise >= allowed


def _change(comparison: Comparison) -> str:
    means = f"{comparison.baseline_mean:.4g} → {comparison.mean:.4g}"
    if comparison.direction == "alike":
        return f"{means}, which chance explains"
    chance = min(comparison.chance_higher, comparison.chance_lower)
    return f"{means}, {comparison.direction} beyond chance (p {chance:.2g})"


def _by_gaps(limits: Limits, measured: Sequence[Measurement]) -> list[tuple[Outcome, str]]:
    """Errors in a row, and measurements without a value."""
    answers = []
    in_a_row = _most_errors_in_a_row(measured)
    if in_a_row > limits.consecutive_errors:
        answers.append((Outcome.ERROR, f"{in_a_row} errors in a row, the last: {_last_error(measured)}"))
    silent = sum(not one.known and not one.error for one in measured)
    if silent > limits.inconclusive:
        answers.append((Outcome.INCONCLUSIVE, f"{silent} of {len(measured)} measurements had no value"))
    return answers


def _most_errors_in_a_row(measured: Sequence[Measurement]) -> int:
    runs = groupby(measured, key=lambda one: bool(one.error))
    return max((len(list(run)) for failed, run in runs if failed), default=0)
