"""How often the judge of metrics finds a change that is there, and one that is not.

Every series, generated or recorded, is watched as the action does: asked after each sample, and at the
end. `python -m benchmarks.judge` prints the table of docs/judge.md.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from protocol.analysis import Measurement, Outcome, analyse
from protocol.policy import Metric

SERIES = 500  # of what is promised
SERIES_SHOWN = 100  # of what is not
BEFORE = 60  # samples of the baseline
COUNTS = (15, 60)
CAUGHT, FALSE = 0.99, 0.01  # the promise: at least, and at most, at 60 samples
NO, SOME, MUCH = 0.0, 0.2, 0.5  # by how much the mean really rises

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY = timedelta(seconds=15)
_SKEW = 0.4
_WILD = 1.0
_ERRORS_A_SAMPLE = 25.0
_MEMORY = 0.6
Noise = Callable[[random.Random, float, int], list[float]]


def steady(numbers: random.Random, mean: float, count: int) -> list[float]:
    return [numbers.gauss(mean, mean / 5) for _ in range(count)]


def skewed(numbers: random.Random, mean: float, count: int) -> list[float]:
    return [mean * math.exp(numbers.gauss(0, _SKEW)) for _ in range(count)]


def counted(numbers: random.Random, mean: float, count: int) -> list[float]:
    """Errors in a quarter of a minute: whole numbers, by Poisson's law."""
    return [float(_poisson(numbers, mean * _ERRORS_A_SAMPLE)) for _ in range(count)]


def wild(numbers: random.Random, mean: float, count: int) -> list[float]:
    return [mean * math.exp(numbers.gauss(0, _WILD)) for _ in range(count)]


def slow_waves(numbers: random.Random, mean: float, count: int) -> list[float]:
    """Each sample is much like the one before, as where a query looks back further than `every`."""
    values, drift = [], numbers.gauss(0, 1)
    for _ in range(count):
        values.append(mean * (1 + drift / 5))
        drift = _MEMORY * drift + math.sqrt(1 - _MEMORY**2) * numbers.gauss(0, 1)
    return values


def recorded(numbers: random.Random, mean: float, count: int) -> list[float]:
    """As a real server's response times scatter; drawn, so that nothing moves but the mean."""
    return [value * mean for value in numbers.choices(_recording(), k=count)]


def recorded_in_order(numbers: random.Random, mean: float, count: int) -> list[float]:
    """A stretch of the recording: the machine had other work too, and its speed moved with that."""
    values = _recording()
    start = numbers.randrange(len(values) - count + 1)
    return [value * mean for value in values[start : start + count]]


@cache
def _recording() -> tuple[float, ...]:
    """Mean response time of tests/e2e/ops/server.py in each fifth of a second of two minutes, by its mean.

    Four users asked it, each about 25 times a second, while the machine ran a test suite beside it.
    """
    milliseconds = json.loads((Path(__file__).parent / "response_times.json").read_text(encoding="utf-8"))
    mean = statistics.fmean(milliseconds)
    return tuple(value / mean for value in milliseconds)


def _poisson(numbers: random.Random, mean: float) -> int:
    bound, product, count = math.exp(-mean), numbers.random(), 0
    while product > bound:
        product *= numbers.random()
        count += 1
    return count


PROMISED: Mapping[str, Noise] = {
    "steady (deviation a fifth of the mean)": steady,
    "skewed (log-normal, 0.4)": skewed,
    "counted (25 errors a sample)": counted,
    "recorded (response times, drawn)": recorded,
}
SHOWN: Mapping[str, Noise] = {
    "wild (log-normal, 1.0)": wild,
    "slow waves (correlation 0.6)": slow_waves,
    "recorded (response times, in order)": recorded_in_order,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`found` is the share of series in which a rise was found, by how many samples were taken."""

    noise: str
    rise: float
    found: Mapping[int, float]
    promised: bool

    @property
    def kept(self) -> bool:
        most = self.found[max(self.found)]
        if not self.promised:
            return True
        return most >= CAUGHT if self.rise else most <= FALSE

    def __str__(self) -> str:
        shares = " | ".join(f"{share:.1%}" for share in self.found.values())
        promise = {NO: "at most 1%", MUCH: "at least 99%"}.get(self.rise, "") if self.promised else ""
        return f"| {self.noise} | {self.rise:+.0%} | {shares} | {promise} |"


def measure() -> list[Row]:
    return [
        Row(
            noise=name,
            rise=rise,
            found={count: share_found(noise, rise, count, _series(name, rise)) for count in COUNTS},
            promised=name in PROMISED and rise != SOME,
        )
        for name, noise in {**PROMISED, **SHOWN}.items()
        for rise in (NO, SOME, MUCH)
    ]


def _series(name: str, rise: float) -> int:
    return SERIES if name in PROMISED and rise != SOME else SERIES_SHOWN


def share_found(noise: Noise, rise: float, count: int, series: int) -> float:
    """The same series every time: their seeds count up."""
    return sum(found(noise, rise, count, random.Random(seed)) for seed in range(series)) / series


def found(noise: Noise, rise: float, count: int, numbers: random.Random) -> bool:
    """Whether a watch over `count` samples, with the policy's `rises: 5%`, ends in a rollback."""
    metric = {"metric": Metric.model_validate({"query": "q", "rollback_if": {"rises": "5%"}})}
    before = {"metric": list(_measured(noise(numbers, 1.0, BEFORE)))}
    after = list(_measured(noise(numbers, 1.0 + rise, count)))
    return any(
        analyse(metric, {"metric": after[:taken]}, before, interim=interim).outcome is Outcome.FAIL
        for taken, interim in (*((number, True) for number in range(1, count + 1)), (count, False))
    )


def _measured(values: Sequence[float]) -> Iterator[Measurement]:
    return (Measurement(at=_BEGIN + number * _EVERY, value=value) for number, value in enumerate(values))


def render_rows(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    heads = " | ".join(f"Found in {count} samples" for count in COUNTS)
    lines = [
        f"| Series | Real rise | {heads} | Promised |",
        f"|---|---:|{'---:|' * len(COUNTS)}---|",
        *map(str, rows),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(render_rows(measure()) + "\n")
