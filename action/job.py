"""What every part of one deployment is given, and what it adds up to on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from action.console import Console
from action.inputs import Inputs, Workflow
from action.journal import Journal
from action.stop import Stop
from protocol.plan import Touch

if TYPE_CHECKING:
    from protocol.analysis import Analysis, Measurement

StepOutcome: TypeAlias = Literal["passed", "failed", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The outside of one deployment, handed in."""

    inputs: Inputs
    workflow: Workflow
    console: Console
    journal: Journal
    stop: Stop
    clock: Callable[[], datetime]
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
    touched: set[Touch] = field(default_factory=set)
    issues: list[str] = field(default_factory=list)
    changed_paths: tuple[str, ...] | None = None  # None: not known
    emergency: bool = False
    baselines: Mapping[str, tuple[Measurement, ...]] = field(default_factory=dict)
    analysis: Analysis | None = None  # of the metrics so far

    @property
    def variables(self) -> dict[str, str]:
        """The words commands find in their environment; WEIGHT, TARGET and TRACK come from the stage."""
        return {
            "ENVIRONMENT": self.environment,
            "VERSION": self.version,
            "PREVIOUS_VERSION": self.previous_version,
            "SHA": self.sha,
            "DEPLOYMENT_ID": str(self.deployment_id or ""),
            "WEIGHT": "",
            "TARGET": "",
            "TRACK": "",
        }
