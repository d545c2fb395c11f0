"""Freezes and emergencies: open issues with a label, by a person, with a few lines in their body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.reading import Node, login_of, moment, nodes_of
from protocol.facts import Emergency, Freeze, Known, Missing, Permission
from protocol.gate import Gate

FREEZE = "deploy-freeze"
EMERGENCY = "deploy-emergency"
_LINE = re.compile(r"^\s*(environments?|until|reason)\s*:[ \t]*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def freezes_of(
    issues: Node, permissions: Known[Mapping[str, Permission]], zone: ZoneInfo
) -> tuple[Freeze, ...]:
    """Those by someone with write access or by an App, and those of whom that could not be found out."""
    labelled = _labelled(issues, FREEZE)
    return tuple(
        _freeze(issue, zone) for issue in labelled if _may_freeze(login_of(issue["author"]), permissions)
    )


def emergency_of(issues: Node, gate: Gate) -> Emergency | None:
    """The newest written request for the gate's environment, by a person, unedited, with a reason."""
    found = [_emergency(issue) for issue in _labelled(issues, EMERGENCY) if _is_for(issue, gate)]
    written = [one for one in found if one.reason and not one.by.endswith("[bot]")]
    return max(written, key=lambda one: one.at, default=None)


def authors_of(issues: Node) -> frozenset[str]:
    return frozenset(login_of(issue["author"]) for issue in nodes_of(issues))


def _labelled(issues: Node, label: str) -> Iterable[Node]:
    return [
        one for one in nodes_of(issues) if label in {name["name"].lower() for name in nodes_of(one["labels"])}
    ]


def _may_freeze(login: str, permissions: Known[Mapping[str, Permission]]) -> bool:
    if isinstance(permissions, Missing) or login.endswith("[bot]"):
        return True
    return permissions.get(login, Permission.NONE) >= Permission.WRITE


def _freeze(issue: Node, zone: ZoneInfo) -> Freeze:
    lines = _lines(issue["body"])
    return Freeze(
        reason=_reason(issue),
        by=login_of(issue["author"]),
        environments=_environments(lines),
        since=moment(issue["createdAt"]),
        until=_until(lines.get("until", ""), zone),
        url=issue["url"],
    )


def _emergency(issue: Node) -> Emergency:
    return Emergency(by=login_of(issue["author"]), reason=_reason(issue), at=moment(issue["createdAt"]))


def _is_for(issue: Node, gate: Gate) -> bool:
    """An emergency names its environment; one that others may have edited names nothing."""
    named = {name.lower() for name in _environments(_lines(issue["body"]))}
    return issue["lastEditedAt"] is None and gate.environment.lower() in named


def _lines(body: str) -> dict[str, str]:
    found = _LINE.findall(_COMMENT.sub("", body or ""))
    return {key.lower().removesuffix("s"): value for key, value in found}


def _environments(lines: dict[str, str]) -> frozenset[str]:
    """Empty means all."""
    names = frozenset(name for name in re.split(r"[,\s]+", lines.get("environment", "")) if name)
    return frozenset() if names & {"all", "*"} else names


def _until(text: str, zone: ZoneInfo) -> datetime | None:
    """A clock time without an offset is in the policy's zone. What cannot be read ends with the issue."""
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return None
    return until if until.tzinfo else until.replace(tzinfo=zone)


def _reason(issue: Node) -> str:
    """The line `reason:`, else the rest of the body, else the title."""
    body = _COMMENT.sub("", issue["body"] or "")
    rest = " ".join(_LINE.sub("", body).split())
    return _lines(body).get("reason") or rest or str(issue["title"]).strip()
