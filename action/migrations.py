"""Reads changed SQL migrations with squawk before they are run."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from action.commands import environment_for_commands, run_command
from action.errors import StepFailed
from action.job import Job
from protocol.globs import matches_any

_TIMEOUT = 60.0
_MOST_FILES = 500


def lint_migrations(pattern: str, job: Job, changed_paths: tuple[str, ...] | None) -> list[str]:
    """Annotate what squawk finds; its warnings are answered, its errors raise StepFailed."""
    files = _files(pattern, job.workflow.workspace, changed_paths)
    if not files:
        job.console.say("no migration changed")
        return []
    findings = list(_findings(files, job))
    for finding in findings:
        _annotate(finding, job)
    errors = [finding for finding in findings if _is_error(finding)]
    if errors:
        raise StepFailed(
            f"{_place(errors[0])}: {errors[0]['message']} ({len(errors)} error(s) in migrations)"
        )
    return [f"{_place(finding)}: {finding['message']}" for finding in findings]


def _files(pattern: str, workspace: Path, changed_paths: tuple[str, ...] | None) -> list[str]:
    """Changed files that match and still exist; every matching one where the changes are not known."""
    candidates = changed_paths
    if candidates is None:
        candidates = tuple(str(path.relative_to(workspace)) for path in sorted(workspace.glob(pattern)))
    matching = [path for path in candidates if matches_any((pattern,), path) and (workspace / path).is_file()]
    if len(matching) > _MOST_FILES:
        raise StepFailed(f"{len(matching)} migrations changed; at most {_MOST_FILES} are read at once")
    return matching


def _findings(files: list[str], job: Job) -> Iterator[dict[str, Any]]:
    command = shlex.join([_squawk(), "--reporter", "json", "--", *files])
    outcome = run_command(
        command,
        environ=environment_for_commands(job.environ, {}),
        directory=job.workflow.workspace,
        timeout=_TIMEOUT,
        stop=job.stop,
        write=lambda _: None,
    )
    try:
        yield from json.loads(outcome.printed)
    except ValueError:
        said = " ".join(outcome.last_lines[-3:])
        raise StepFailed(f"squawk could not read the migrations, it {outcome.reason}: {said}") from None


def _squawk() -> str:
    beside_python = Path(sys.executable).with_name("squawk")
    found = str(beside_python) if beside_python.exists() else shutil.which("squawk")
    if found is None:
        raise StepFailed("squawk is not installed; `pip install squawk-cli` or remove steps.migrate.lint")
    return found


def _annotate(finding: dict[str, Any], job: Job) -> None:
    level = "error" if _is_error(finding) else "warning"
    text = " ".join(filter(None, (finding.get("message"), finding.get("help"))))
    job.console.annotate(
        "error" if level == "error" else "warning",
        str(finding.get("rule_name") or "migration"),
        text,
        file=str(finding.get("file", "")),
        line=int(finding.get("line") or 0) + 1,  # squawk counts from 0
    )


def _is_error(finding: dict[str, Any]) -> bool:
    return str(finding.get("level", "")).lower() == "error"


def _place(finding: dict[str, Any]) -> str:
    return f"{finding.get('file', '?')}:{int(finding.get('line') or 0) + 1}"
