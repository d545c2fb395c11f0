"""The `result` output: one versioned JSON object about what was decided and done."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from action.inputs import Phase
from action.job import Job, Progress, StepOutcome, StepRecord
from protocol.entry import Entry, Said
from protocol.exposure import Exposure
from protocol.verdict import Decision, Verdict

SCHEMA: Final = 1
Status: TypeAlias = Literal[
    "success",
    "rollback",
    "failed",
    "stopped",
    "held",
    "waiting",
    "refused",
    "checked",
    "dry run",
    "started",
]
VerdictWord: TypeAlias = Literal["allow", "wait", "refuse"]

_WORDS: dict[Verdict, VerdictWord] = {
    Verdict.ALLOW: "allow",
    Verdict.WAIT: "wait",
    Verdict.REFUSE: "refuse",
}
EXIT_CODES: dict[Status, int] = {
    "success": 0,
    "checked": 0,
    "dry run": 0,
    "started": 0,
    "failed": 1,
    "rollback": 1,
    "waiting": 3,
    "refused": 4,
    "held": 5,
    "stopped": 130,
}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)  # built at the end, not at the start


class StepResult(_Model):
    name: str
    outcome: StepOutcome
    seconds: float
    wrong: str

    @classmethod
    def of(cls, record: StepRecord) -> StepResult:
        return cls(
            name=record.name, outcome=record.outcome, seconds=round(record.seconds, 3), wrong=record.wrong
        )


class Result(_Model):
    """`status` is how it ended; `reason_codes` are those that stand in the way, or stood."""

    schema_version: Literal[1] = SCHEMA
    phase: Phase
    verdict: VerdictWord
    reason_codes: tuple[str, ...]
    status: Status
    environment: str
    version: str
    sha: str
    previous_version: str = ""
    deployment_id: int | None = None
    environment_url: str = ""
    recheck_at: str | None = None
    findings: tuple[Said, ...] = ()
    steps: tuple[StepResult, ...] = ()
    outputs: dict[str, str] = {}  # what the steps' commands wrote to $OUTPUTS, secrets masked
    issues: tuple[str, ...] = ()
    exposure: Exposure | None = None  # who saw a version that did not go well
    release_url: str = ""
    issue_url: str = ""
    entry: Entry | None = None

    @property
    def exit_code(self) -> int:
        """0 done · 1 failed or rolled back · 3 wait · 4 refuse · 5 held · 130 stopped."""
        if self.phase == "rollback" and self.status == "rollback":
            return 0
        return EXIT_CODES[self.status]


def result_of(job: Job, progress: Progress, decision: Decision, status: Status) -> Result:
    """What is known of a job that has come this far."""
    return Result(
        phase=job.inputs.phase,
        verdict=_WORDS[decision.verdict],
        reason_codes=tuple(dict.fromkeys(finding.code for finding in decision.blocking)),
        status=status,
        environment=progress.environment,
        version=progress.version,
        sha=progress.sha,
        previous_version=progress.previous_version,
        deployment_id=progress.deployment_id,
        recheck_at=decision.recheck_at.isoformat() if decision.recheck_at else None,
        findings=tuple(Said.of(finding) for finding in decision.findings),
        steps=tuple(StepResult.of(record) for record in progress.steps),
        outputs={name: job.console.masked(value) for name, value in progress.outputs.items()},
        issues=tuple(progress.issues),
        exposure=progress.exposure,
    )


def result_schema() -> dict[str, Any]:
    """The JSON Schema of the `result` output."""
    return Result.model_json_schema(mode="serialization")
