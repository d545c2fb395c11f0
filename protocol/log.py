"""The deployment log as it is read back: newest first, each deployment once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from protocol.durations import parse_duration
from protocol.entry import Entry, Status, entry_data, render_entry

_LINE = re.compile(
    r"(?P<status>Success|Rollback|Failed|Stopped|Held) - "
    r"(?P<version>\S+?)"
    r"(?: in (?P<took>(?=\d)(?:\d{1,5}d)?(?:\d\d?h)?(?:\d\d?m)?(?:\d\d?s)?))?"
    r"(?: by (?P<by>[\w.-]+(?:\[bot\])?))?"
    r"(?:: (?P<issue>.*))?"
)
_STATUSES: dict[str, Status] = {
    "Success": "success",
    "Rollback": "rollback",
    "Failed": "failed",
    "Stopped": "stopped",
    "Held": "held",
}


def entry_of_line(
    line: str,
    *,
    repository: str,
    environment: str,
    sha: str,
    at: datetime,
    deployer: str,
    deployment_id: int,
    run_url: str = "",
) -> Entry | None:
    """What a Deployment alone tells, where no release keeps the whole entry; None for a line not ours.

    The line's own word on the deployer counts: of a run that our App started GitHub names the App.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    return Entry(
        repository=repository,
        environment=environment,
        version=match["version"],
        sha=sha,
        at=at,
        deployer=match["by"] or deployer,
        status=_STATUSES[match["status"]],
        deployment_id=deployment_id,
        issues=(match["issue"],) if match["issue"] else (),
        seconds=parse_duration(match["took"]).total_seconds() if match["took"] else None,
        run_url=run_url,
    )


def status_of_line(line: str) -> Status | None:
    """How a Deployment's line says that it went; None for a line not ours."""
    match = _LINE.fullmatch(line)
    return _STATUSES[match["status"]] if match else None


def deployer_of_line(line: str) -> str:
    """Who deployed, by a Deployment's line; empty where it does not say."""
    match = _LINE.fullmatch(line)
    return (match["by"] or "") if match else ""


def selected(
    entries: Iterable[Entry], *, environment: str | None = None, since: datetime | None = None
) -> tuple[Entry, ...]:
    """Newest first; of two entries for one deployment, the first given."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        wanted = environment is None or entry.environment.casefold() == environment.casefold()
        if wanted and (since is None or entry.at >= since):
            kept.setdefault(entry.key, entry)
    return tuple(sorted(kept.values(), key=lambda entry: (entry.at, entry.key), reverse=True))


def log_text(entries: Sequence[Entry]) -> str:
    return "\n\n".join(render_entry(entry).rstrip() for entry in entries) or "No deployment is in the log."


def log_data(entries: Sequence[Entry]) -> dict[str, Any]:
    return {"entries": [entry_data(entry) for entry in entries]}
