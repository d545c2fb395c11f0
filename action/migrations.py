"""Reads changed SQL migrations before they are run: squawk's findings, and what locks at a busy hour."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action.commands import environment_for_commands, run_command
from action.errors import StepFailed
from action.job import Job
from protocol.globs import matches_any
from protocol.locks import LOCKING_RULES, locking_statements, said_safe
from protocol.plan import Lint
from protocol.windows import Opening

_TIMEOUT = 60.0
_MOST_FILES = 500
_SAFE = "-- deploy-protocol: safe REASON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one statement; `line` is counted from 1, as people and annotations do."""

    file: str
    line: int
    rule: str
    message: str
    cure: str = ""
    is_error: bool = False

    @property
    def locks(self) -> bool:
        return self.rule in LOCKING_RULES or self.rule == "locks-table"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def lint_migrations(work: Lint, job: Job, changed_paths: tuple[str, ...] | None) -> list[str]:
    """Annotate what is found; warnings are answered, for the log.

    Raises StepFailed for an error, and for what locks a table at peak hours unless it is marked safe.
    """
    files = _files(work.paths, job.workflow.workspace, changed_paths)
    if not files:
        job.console.say("no migration changed")
        return []
    _require_utf8(files, job)
    findings = sorted((*_by_squawk(files, job), *_by_us(files, job)), key=lambda one: (one.file, one.line))
    for finding in findings:
        _annotate(finding, job)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise StepFailed(f"{errors[0]} ({len(errors)} error(s) in migrations)")
    _keep_off_peak_hours(work, [finding for finding in findings if finding.locks], job)
    return [str(finding) for finding in findings]


def _files(pattern: str, workspace: Path, changed_paths: tuple[str, ...] | None) -> list[str]:
    """Changed files that match and still exist; every matching one where the changes are not known."""
    candidates = _all_files(workspace) if changed_paths is None else changed_paths
    matching = [path for path in candidates if matches_any((pattern,), path) and (workspace / path).is_file()]
    if len(matching) > _MOST_FILES:
        raise StepFailed(
            f"{len(matching)} migrations changed, and at most {_MOST_FILES} are read at once; "
            "deploy them in parts, or narrow steps.migrate.lint"
        )
    return matching


def _all_files(workspace: Path) -> list[str]:
    """By their paths in the repository, which is how patterns are meant everywhere."""
    return sorted(str(path.relative_to(workspace)) for path in workspace.rglob("*"))


def _require_utf8(files: list[str], job: Job) -> None:
    """Squawk ends of one that is not, and does not say which."""
    for file in files:
        data = (job.workflow.workspace / file).read_bytes()
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise StepFailed(f"{file}:{line}: this is not UTF-8; save the file as UTF-8") from error


def _by_squawk(files: list[str], job: Job) -> Iterator[Finding]:
    """Its exit code is 1 for warnings, errors and missing files alike, so only its JSON is read."""
    report = job.workflow.temporary / f"squawk-{uuid.uuid4()}.json"  # too long for what is kept of output
    outcome = run_command(
        f"{shlex.join([_squawk(), '--reporter', 'json', '--', *files])} > {shlex.quote(str(report))}",
        environ=environment_for_commands(job.environ, {}),
        directory=job.workflow.workspace,
        timeout=_TIMEOUT,
        stop=job.stop,
        write=lambda _: None,
    )
    try:
        yield from [_finding(found) for found in json.loads(report.read_bytes())]
    except (ValueError, TypeError, KeyError, OSError):
        said = " ".join(outcome.last_lines[-3:])
        raise StepFailed(f"squawk could not read the migrations; it {outcome.reason}: {said}") from None
    finally:
        report.unlink(missing_ok=True)


def _squawk() -> str:
    beside_python = Path(sys.executable).with_name("squawk")
    found = str(beside_python) if beside_python.exists() else shutil.which("squawk")
    if found is None:
        raise StepFailed("squawk is not installed; `pip install squawk-cli` or remove steps.migrate.lint")
    return found


def _finding(found: dict[str, Any]) -> Finding:
    return Finding(
        file=found["file"],
        line=int(found["line"]) + 1,  # squawk counts from 0
        rule=found["rule_name"],
        message=found["message"],
        cure=found.get("help") or "",
        is_error=str(found["level"]).lower() == "error",
    )


def _by_us(files: list[str], job: Job) -> Iterator[Finding]:
    for file in files:
        for number, words in locking_statements(_read(file, job)):
            message = f"{words} keeps everybody else out of the table until it is done"
            yield Finding(file=file, line=number + 1, rule="locks-table", message=message)


def _read(file: str, job: Job) -> str:
    return (job.workflow.workspace / file).read_text(encoding="utf-8", errors="replace")


def _annotate(finding: Finding, job: Job) -> None:
    job.console.annotate(
        "error" if finding.is_error else "warning",
        finding.rule,
        " ".join(filter(None, (finding.message, finding.cure))),
        file=finding.file,
        line=finding.line,
    )


def _keep_off_peak_hours(work: Lint, locking: Sequence[Finding], job: Job) -> None:
    opening = work.schedule.at(job.clock())
    if opening.open:
        return
    reasons = {file: said_safe(_read(file, job)) for file in dict.fromkeys(one.file for one in locking)}
    for file, reason in reasons.items():
        if reason:
            job.console.say(f"{file} may lock at peak hours; it is marked safe: {reason}")
    refused = [finding for finding in locking if not reasons[finding.file]]
    if refused:
        raise StepFailed(_say_refused(refused[0], reasons[refused[0].file], opening))


def _say_refused(finding: Finding, reason: str | None, opening: Opening) -> str:
    """`reason` is empty where the file says `safe` and not why."""
    opens = f" {opening.opens_at:%a %d %b %Y %H:%M %Z}" if opening.opens_at else ""
    mark = f"write a reason after its `{_SAFE}`" if reason == "" else f"mark the file with `{_SAFE}`"
    return (
        f"{finding.file}:{finding.line} locks a table ({finding.rule}) and these are peak hours, outside "
        f"`windows.open`; wait until it opens{opens}, write it without the lock, or {mark}"
    )
