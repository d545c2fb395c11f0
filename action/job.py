"""What every part of one deployment is given, and what it adds up to on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from action.console import Console
from action.inputs import Inputs, Workflow
from action.journal import Journal
from action.stop import Stop
from protocol.changes import Contents
from protocol.exposure import Exposure, Share
from protocol.plan import Touch

if TYPE_CHECKING:
    from protocol.analysis import Analysis, Measurement

StepOutcome: TypeAlias = Literal["passed", "failed", "stopped", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The outside of one deployment, handed in."""

    inputs: Inputs
    workflow: Workflow
    console: Console
    journal: Journal
    stop: Stop
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step, as it went."""

    name: str
    outcome: StepOutcome
    seconds: float
    wrong: str = ""
    last_lines: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far one deployment has come."""

    environment: str
    version: str
    sha: str
    previous_version: str = ""
    previous_sha: str = ""
    bad_versions: frozenset[str] = frozenset()
    deployment_id: int | None = None
    steps: list[StepRecord] = field(default_factory=list)
    began: dict[str, float] = field(default_factory=dict)  # by step, in seconds of the monotonic clock
    touched: set[Touch] = field(default_factory=set)
    targets: list[str] = field(default_factory=list)  # of a rolling deployment, in the order they were begun
    shares: list[Share] = field(default_factory=list)  # of users who may see the new version
    exposure: Exposure | None = None  # what they add up to, once it did not go well
    issues: list[str] = field(default_factory=list)
    contents: Contents = field(default_factory=Contents)
    changed_paths: tuple[str, ...] | None = None  # None: not known
    emergency: bool = False
    done: frozenset[str] = frozenset()  # steps that an earlier attempt of this run has done
    broken_off: frozenset[str] = frozenset()  # steps that it began and did not end
    baselines: Mapping[str, tuple[Measurement, ...]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)  # what steps hand on to the commands after them
    analysis: Analysis | None = None  # of the metrics so far
    noted: tuple[str, ...] = ()  # what GitHub's record keeps of earlier attempts of this run, newest first
    to_note: list[str] = field(default_factory=list)  # who was told, not yet in GitHub's record
    heard: list[str] = field(default_factory=list)  # channels told by this attempt that it begins

    @property
    def variables(self) -> dict[str, str]:
        """The words commands find in their environment; WEIGHT, TARGET and TRACK come from the stage."""
        return {
            **self.outputs,
            "ENVIRONMENT": self.environment,
            "VERSION": self.version,
            "PREVIOUS_VERSION": self.previous_version,
            "SHA": self.sha,
            "DEPLOYMENT_ID": str(self.deployment_id or ""),
            "WEIGHT": "",
            "TARGET": "",
            "TRACK": "",
        }
