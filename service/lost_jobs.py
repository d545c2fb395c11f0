"""A job that died without a word, as when its runner is lost: its deployment ends, and the log says so.

Nothing of the job's own is left to tell it, and a Deployment that stays under way would hold up all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog

from gateway.github import GitHub, Run
from protocol.answers import short
from protocol.log import status_of_line

_NEWEST = 30  # deployments of a repository, among which a run's are looked for
_NOTE = "Told "  # begins what the action notes before its deployment ends
_WHY = "its job ended without a word: look, then use `phase: rollback`"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that ended, and not well."""

    run_id: int


def end_what_was_left(github: GitHub, ended: EndedRun) -> None:
    """End what the action began in this run, where nobody told its end. Safe to repeat."""
    run = github.run(ended.run_id)
    if run.status != "completed":
        return  # it was run again, and tells its own story
    for deployment, statuses in _begun_in(github, run):
        if any(status_of_line(said) for said in _said(statuses)):
            continue
        version = (deployment.get("payload") or {}).get("version") or short(deployment["sha"])
        line = f"Stopped - {version}: {_WHY}"
        github.post_deployment_status(deployment["id"], state="error", description=line, log_url=run.url)
        log.info("deployment.ended", deployment=deployment["id"], repository=github.repository)


def _begun_in(github: GitHub, run: Run) -> Iterator[tuple[Any, Any]]:
    """Deployments with their statuses: those that the action made, and those it left a note on."""
    path = f"/repos/{quote(github.repository)}/deployments"
    for deployment in github.connection.rest("GET", path, params={"per_page": _NEWEST}):
        is_ours = _run_of(deployment) == run.id
        if not is_ours and deployment["sha"] != run.sha:
            continue
        statuses = github.connection.rest("GET", f"{path}/{deployment['id']}/statuses")
        noted = (one for one in statuses if one.get("log_url") == run.url)
        if is_ours or any(said.startswith(_NOTE) for said in _said(noted)):
            yield deployment, statuses


def _run_of(deployment: Any) -> int | None:
    payload = deployment.get("payload")
    return payload.get("workflow_run_id") if isinstance(payload, dict) else None


def _said(statuses: Any) -> Iterator[str]:
    return (one.get("description") or "" for one in statuses)
