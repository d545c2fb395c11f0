"""Which webhook events make us look again, and at what. A payload is a hint, never a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")

ANY = frozenset[str]()  # every action of the event
EVENTS: Mapping[str, frozenset[str]] = {
    "deployment_protection_rule": frozenset({"requested"}),
    "deployment_review": ANY,
    "deployment_status": ANY,
    "pull_request_review": frozenset({"submitted", "edited", "dismissed"}),
    "pull_request": frozenset(
        {"opened", "labeled", "unlabeled", "edited", "closed", "reopened", "synchronize"}
    ),
    "check_run": frozenset({"completed", "created", "rerequested", "requested_action"}),
    "check_suite": frozenset({"completed"}),
    "status": ANY,
    "workflow_run": frozenset({"completed"}),
    "issue_comment": frozenset({"created", "edited", "deleted"}),
    "issues": frozenset(
        {"labeled", "unlabeled", "edited", "closed", "reopened", "opened", "deleted", "transferred"}
    ),
    "push": ANY,
    "membership": ANY,
}
_KEEPABLE = re.compile("[^\\0\ud800-\udfff]*")
_CALLBACK = re.compile(r"/actions/runs/(\d{1,18})/deployment_protection_rule\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedGate:
    """A job arrived at an environment we protect. `deployment_id` 0: GitHub made none."""

    installation_id: int
    repository: str
    run_id: int
    environment: str
    deployment_id: int
    sha: str
    ref: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """Something changed in a repository: its waiting gates are looked at again."""

    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsChanged:
    """Somebody joined or left a team: who may approve in the organisation is to be asked anew."""

    installation_id: int
    organisation: str


def is_used(event: str, action: str) -> bool:
    actions = EVENTS.get(event)
    return actions is not None and (not actions or action in actions)


def read_event(event: str, payload: Any) -> RequestedGate | LookAgain | TeamsChanged | None:
    """What the event asks of us; None when it names nothing we can look at. Never raises."""
    if event == "deployment_protection_rule":
        return _requested_gate(payload)
    if event == "membership":
        return _teams_changed(payload)
    repository = dig(payload, str, "repository", "full_name")
    return LookAgain(repository=repository) if repository else None


def dig(payload: Any, kind: type[T], *path: str) -> T | None:
    """The value at `path` when it is there and of `kind`, else None. A bool is no int."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    if isinstance(payload, bool) and kind is not bool:
        return None
    return payload if isinstance(payload, kind) and _can_be_kept(payload) else None


def _can_be_kept(value: object) -> bool:
    """By each of our databases: no number beyond 64 bits, no text with a NUL or half a character."""
    if isinstance(value, int):
        return abs(value) < 1 << 63
    return not isinstance(value, str) or _KEEPABLE.fullmatch(value) is not None


def _requested_gate(payload: Any) -> RequestedGate | None:
    repository = dig(payload, str, "repository", "full_name")
    environment = dig(payload, str, "environment")
    run = _CALLBACK.search(dig(payload, str, "deployment_callback_url") or "")
    # `sha` and `ref` at the top are filled even when GitHub made no Deployment.
    sha = dig(payload, str, "sha") or dig(payload, str, "deployment", "sha")
    ref = dig(payload, str, "ref") or dig(payload, str, "deployment", "ref")
    installation = dig(payload, int, "installation", "id")
    if not (repository and environment and run and sha and installation):
        return None
    return RequestedGate(
        installation_id=installation,
        repository=repository,
        run_id=int(run[1]),
        environment=environment,
        deployment_id=dig(payload, int, "deployment", "id") or 0,
        sha=sha,
        ref=ref or "",
        created_at=_moment(dig(payload, str, "deployment", "created_at")),
    )


def _teams_changed(payload: Any) -> TeamsChanged | None:
    organisation = dig(payload, str, "organization", "login")
    installation = dig(payload, int, "installation", "id")
    if not (organisation and installation):
        return None
    return TeamsChanged(installation_id=installation, organisation=organisation)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
