"""Judges a canary while it holds a weight: its metrics against those of the stable version meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from action.at_once import at_once
from action.errors import StepFailed
from action.job import Job, Progress
from action.monitoring import metrics_source
from action.ticks import ticks
from gateway.metrics import Source, measure
from protocol.analysis import Analysis, Measurement, Outcome, analyse
from protocol.plan import Compare
from protocol.policy import Monitor


def compare_tracks(work: Compare, job: Job, progress: Progress) -> None:
    """Sample both until the time is up. Raises StepFailed where the canary is worse, or cannot be judged.

    With fewer users than all, the safe side of doubt is the stable version: an unknown canary goes back.
    """
    source = metrics_source(work.monitor, job, progress)
    tracks = [_Track(monitor=work.monitor.of_track(name), job=job) for name in ("canary", "stable")]
    length, every = work.length.total_seconds(), work.monitor.every.total_seconds()
    for _ in ticks(every, length, sleep=job.stop.sleep):
        for track in tracks:
            track.sample(source)
        _judge(work.monitor, progress, *tracks, interim=True)
    analysis = _judge(work.monitor, progress, *tracks, interim=False)
    for judgement in analysis.judgements:
        job.console.say(f"{judgement.name}, stable → canary: {judgement.why}")
    if analysis.outcome is Outcome.INCONCLUSIVE:
        raise StepFailed(f"the canary could not be judged: {'; '.join(analysis.reasons)}")


@dataclass(slots=True, kw_only=True)
class _Track:
    monitor: Monitor
    job: Job
    measured: dict[str, list[Measurement]] = field(default_factory=dict)

    def sample(self, source: Source) -> None:
        now, metrics = self.job.clock(), self.monitor.metrics
        asked = [partial(measure, source, metric.query, now) for metric in metrics.values()]
        for name, look in zip(metrics, at_once(asked, self.job.stop), strict=True):
            self.measured.setdefault(name, []).append(look)


def _judge(
    monitor: Monitor, progress: Progress, canary: _Track, stable: _Track, *, interim: bool
) -> Analysis:
    analysis = progress.analysis = analyse(monitor.metrics, canary.measured, stable.measured, interim=interim)
    if analysis.outcome in (Outcome.FAIL, Outcome.ERROR):
        raise StepFailed(f"the canary is worse than stable: {'; '.join(analysis.reasons)}")
    return analysis
