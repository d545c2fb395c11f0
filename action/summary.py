"""The job summary and the step's outputs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from io import FileIO
from pathlib import Path
from zoneinfo import ZoneInfo

from action.errors import NoRoom
from action.inputs import Workflow
from action.job import Progress, StepRecord
from action.result import Result
from protocol.durations import say_duration
from protocol.entry import render_entry
from protocol.markdown import block, escaped
from protocol.report import findings_markdown
from protocol.verdict import Decision

_MOST_SUMMARY = 1_000_000  # GitHub takes a mebibyte a step
_MOST_OUTPUT = 200_000
_MARKS = {"passed": "✅", "failed": "❌", "stopped": "⏹️", "skipped": "⏭️"}


def render_summary(result: Result, decision: Decision, zone: ZoneInfo, progress: Progress) -> str:
    """Verdict with all findings, the steps, what failed ones printed, the metrics, and the log's entry."""
    parts = [
        f"### {escaped(result.environment)}: {result.status} - {escaped(result.version)}",
        findings_markdown(decision, zone),
    ]
    if result.steps:
        parts.append(_steps_table(result))
        parts += _printed(progress.steps)
    analysis = progress.analysis
    if analysis is not None and analysis.judgements:
        from protocol.charts import render_analysis  # noqa: PLC0415 - only where there are metrics

        parts.append(render_analysis(analysis))
    if result.issue_url:
        parts.append(f"Documented in {result.issue_url}")
    if result.entry is not None:
        parts.append(render_entry(result.entry))
    return "\n\n".join(parts) + "\n"


def _steps_table(result: Result) -> str:
    rows = [
        f"| {_MARKS[step.outcome]} | {escaped(step.name)} | "
        f"{say_duration(timedelta(seconds=round(step.seconds)))} | {escaped(step.wrong)} |"
        for step in result.steps
    ]
    return "\n".join(["| | Step | Time | What was wrong |", "|---|---|---|---|", *rows])


def _printed(steps: Sequence[StepRecord]) -> Iterator[str]:
    for step in steps:
        if step.outcome in ("failed", "stopped") and step.last_lines:
            yield f"The last lines of {escaped(step.name)}:\n\n{block(step.last_lines)}"


def outputs_of(result: Result) -> dict[str, str]:
    """Every output of action.yml, by name."""
    return {
        "verdict": result.verdict,
        "reason_codes": ",".join(result.reason_codes),
        "status": result.status,
        "version": result.version,
        "previous_version": result.previous_version,
        "deployment_id": str(result.deployment_id or ""),
        "environment_url": result.environment_url,
        "log_entry": render_entry(result.entry) if result.entry is not None else "",
        "result": json.dumps(result.model_dump(mode="json"), ensure_ascii=False),
    }


def write_outputs(workflow: Workflow, outputs: Mapping[str, str]) -> None:
    """Hand values to later steps, all or none. Raises NoRoom."""
    _append(workflow.output_file, "".join(_output(name, value) for name, value in outputs.items()))


def _output(name: str, value: str) -> str:
    """It has its own random delimiter, so no value can end itself."""
    delimiter = f"end-{uuid.uuid4()}"
    return f"{name}<<{delimiter}\n{value[:_MOST_OUTPUT]}\n{delimiter}\n"


def write_summary(workflow: Workflow, text: str) -> None:
    """Show it on the run's page. Raises NoRoom."""
    _append(workflow.summary_file, text.encode()[:_MOST_SUMMARY].decode(errors="ignore"))


def write_state(workflow: Workflow, name: str, value: Path) -> None:
    """Hand a value to the end of the job, and raise NoRoom where that is not possible.

    Never a secret: the file lies on the runner's disk.
    """
    _append(workflow.state_file, f"{name}={value}\n")


def _append(path: Path | None, text: str) -> None:
    """The whole text or nothing of it: the runner fails a step that leaves half a value."""
    if path is None or not text:
        return
    try:
        with path.open("ab", buffering=0) as file:
            _append_whole(file, text.encode())
    except OSError as error:
        raise NoRoom(
            f"{path} could not be written: {error.strerror}. Make room on the runner's disk."
        ) from error


def _append_whole(file: FileIO, data: bytes) -> None:
    before = file.tell()
    try:
        while data:
            data = data[file.write(data) :]
    except OSError:
        with suppress(OSError):
            file.truncate(before)
        raise
