"""Watches a deployment's metrics: a baseline before it, samples after it, judged as they come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from action.at_once import at_once
from action.commands import environment_for_commands, run_command
from action.errors import Inconclusive, StepFailed
from action.integrity import guarded
from action.job import Job, Progress
from action.ticks import ticks
from gateway.errors import GatewayError
from gateway.metrics import PATIENCE, MetricsError, Past, Source, measure, number_in, source_of
from protocol.analysis import Analysis, Measurement, Outcome, analyse
from protocol.comparison import ENOUGH
from protocol.durations import say_duration
from protocol.entry import Change
from protocol.policy import Metric, Monitor
from protocol.wording import counted, say_all

_LIVE = 2 * ENOUGH  # samples before the deployment, from a source that remembers nothing
_LINE_EVERY = 60.0  # seconds between lines in the job log


def take_baseline(monitor: Monitor, job: Job, progress: Progress) -> None:
    """Measure what is normal. Raises StepFailed where a metric that counts cannot be measured at all."""
    if not monitor.metrics:
        return
    source = metrics_source(monitor, job, progress)
    baselines = _remembered(monitor, source, job)
    baselines |= _live(
        monitor, source, job, missing=[name for name in monitor.metrics if name not in baselines]
    )
    progress.baselines = {name: tuple(baselines[name]) for name in monitor.metrics}
    for name, measured in progress.baselines.items():
        job.console.say(f"{name}: {_say_baseline(measured)}")
    _require_answers(monitor, progress)


def _remembered(monitor: Monitor, source: Source, job: Job) -> dict[str, tuple[Measurement, ...]]:
    """As far back as will be watched, in one request a metric."""
    now = job.clock()
    past = Past(since=now - monitor.for_, until=now, every=monitor.every)
    asked = [partial(_history, source, metric.query, past) for metric in monitor.metrics.values()]
    answers = zip(monitor.metrics, at_once(asked, job.stop), strict=True)
    return {name: measured for name, measured in answers if measured is not None}


def _history(source: Source, query: str, past: Past) -> tuple[Measurement, ...] | None:
    try:
        return source.history(query, past)
    except GatewayError as error:
        return (Measurement(at=past.until, error=str(error)),)


def _live(
    monitor: Monitor, source: Source, job: Job, *, missing: list[str]
) -> dict[str, tuple[Measurement, ...]]:
    """Only a rise needs many samples; a bound needs one look, to see that it can be measured."""
    metrics = {name: monitor.metrics[name] for name in missing}
    if not metrics:
        return {}
    measured = _look(metrics, source, job)
    rising = {name: metric for name, metric in metrics.items() if metric.rollback_if.rises is not None}
    if rising:
        job.console.say(f"{say_all(rising)}: {_LIVE} measurements, {say_duration(monitor.every)} apart")
    every = ticks(monitor.every.total_seconds(), math.inf, sleep=job.stop.sleep, monotonic=job.monotonic)
    for _ in islice(every, _LIVE - 1 if rising else 0):  # however slow the source is, so many
        for name, looks in _look(rising, source, job).items():
            measured[name] += looks
    return {name: tuple(looks) for name, looks in measured.items()}


def _look(metrics: Mapping[str, Metric], source: Source, job: Job) -> dict[str, list[Measurement]]:
    """One sample of each, all at once."""
    now = job.clock()
    asked = [partial(measure, source, metric.query, now) for metric in metrics.values()]
    return {name: [look] for name, look in zip(metrics, at_once(asked, job.stop), strict=True)}


def _say_baseline(measured: tuple[Measurement, ...]) -> str:
    values = [one.value for one in measured if one.known and one.value is not None]
    if values:
        return f"{sum(values) / len(values):.4g} before ({counted(len(values), 'measurement')})"
    error = next((one.error for one in measured if one.error), "")
    return error or "no value before, since there was no traffic"


def _require_answers(monitor: Monitor, progress: Progress) -> None:
    """A deployment that cannot be watched is not begun, but in an emergency it is."""
    blind = [
        f"{name}: {measured[-1].error}"
        for name, measured in progress.baselines.items()
        if not monitor.metrics[name].dry_run and measured and all(one.error for one in measured)
    ]
    if not blind:
        return
    if not progress.emergency:
        raise StepFailed(f"the deployment could not be watched: {'; '.join(blind)}")
    progress.issues += [f"not measured before the deployment: {one}" for one in blind]


def metrics_source(monitor: Monitor, job: Job, progress: Progress) -> Source:
    """The policy's source with its token from the environment. Raises StepFailed where that is not set."""
    if monitor.source is None:
        raise StepFailed("the metrics have no source; add monitor.source to the policy")
    token = _token(monitor.source.token, job)
    return source_of(monitor.source, token) or _Command(
        run=monitor.source.run or "",
        timeout=max(monitor.every.total_seconds(), PATIENCE),
        job=job,
        progress=progress,
    )


def _token(name: str | None, job: Job) -> str:
    if name is None:
        return ""
    token = job.environ.get(name, "").strip()
    if not token:
        raise StepFailed(
            f"{name} is not set, and monitor.source needs it. Pass the secret under `env:` of the step."
        )
    job.console.mask(token)
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """A command that finds the query in $QUERY and prints a number, or nothing where there is none."""

    run: str
    timeout: float
    job: Job
    progress: Progress

    def value(self, query: str, at: datetime) -> float | None:
        del at
        outcome = run_command(
            self.run,
            environ=environment_for_commands(self.job.environ, {**self.progress.variables, "QUERY": query}),
            directory=self.job.workflow.workspace,
            timeout=self.timeout,
            stop=self.job.stop,
            write=lambda _: None,
        )
        if not outcome.succeeded:
            said = f": {self.job.console.plain(outcome.last_lines[-1])[:200]}" if outcome.last_lines else ""
            raise MetricsError(f"`{self.run}` {outcome.reason}{said}")
        return number_in(outcome.printed)

    def history(self, query: str, past: Past) -> None:
        del query, past


def watch(monitor: Monitor, job: Job, progress: Progress) -> None:
    """Sample until the time is up. Raises StepFailed as soon as a metric fails or the data are damaged.

    Raises Inconclusive when at the end nobody can say how the metrics are: that is never a pass.
    """
    with guarded(monitor.integrity, job, progress) as beside:
        source = metrics_source(monitor, beside, progress) if monitor.metrics else None
        _Watch(monitor=monitor, source=source, job=beside, progress=progress).carry_out()


@dataclass(slots=True, kw_only=True)
class _Watch:
    monitor: Monitor
    source: Source | None
    job: Job
    progress: Progress
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    said_at: float = 0.0

    def carry_out(self) -> None:
        every, length = self.monitor.every.total_seconds(), self.monitor.for_.total_seconds()
        for passed in ticks(every, length, sleep=self.job.stop.sleep, monotonic=self.job.monotonic):
            self._sample()
            self._judge(interim=True)
            if passed >= self.said_at + _LINE_EVERY:
                self._say(passed)
        self._judge(interim=False)
        if length > self.said_at:
            self._say(length)
        self._require_an_answer()

    def _sample(self) -> None:
        if self.source is None:
            return
        for name, looks in _look(self.monitor.metrics, self.source, self.job).items():
            self.measured.setdefault(name, []).extend(looks)

    def _judge(self, *, interim: bool) -> None:
        analysis = analyse(self.monitor.metrics, self.measured, self.progress.baselines, interim=interim)
        self.progress.analysis = analysis
        if analysis.outcome in (Outcome.FAIL, Outcome.ERROR):
            bad = [one for one in analysis.judgements if one.outcome >= Outcome.ERROR and not one.dry_run]
            raise StepFailed("; ".join(f"{one.name}: {one.why}" for one in bad))

    def _require_an_answer(self) -> None:
        analysis = self.progress.analysis
        if analysis is not None and analysis.outcome is Outcome.INCONCLUSIVE:
            raise Inconclusive(f"the metrics do not say whether it is well: {'; '.join(analysis.reasons)}")

    def _say(self, passed: float) -> None:
        self.said_at = passed // _LINE_EVERY * _LINE_EVERY
        after = say_duration(timedelta(seconds=round(passed)))
        self.job.console.say(f"after {after}: {', '.join(self._readings()) or 'nothing is measured'}")

    def _readings(self) -> Iterable[str]:
        judgements = self.progress.analysis.judgements if self.progress.analysis is not None else ()
        before = {one.name: one.before for one in judgements}
        for name, looks in self.measured.items():
            was = before.get(name)
            yield f"{name} {_say_look(looks[-1])}" + ("" if was is None else f" (before {was:.4g})")


def _say_look(look: Measurement) -> str:
    if look.error:
        return f"could not be measured: {look.error}"
    return "no value" if look.value is None else f"{look.value:.4g}"


def changes_in(analysis: Analysis | None) -> tuple[Change, ...]:
    """Every metric before and after, for the log's entry."""
    judgements = analysis.judgements if analysis is not None else ()
    return tuple(
        Change(name=_title(one.name), before=_written(one.before), after=_written(one.after))
        for one in judgements
    )


def _title(name: str) -> str:
    """`error_rate` → `Error rate`, as the log's entry says it."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _written(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"
