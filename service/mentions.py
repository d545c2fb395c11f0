"""Which pull requests a webhook event concerns. A payload is a hint: what is shown comes from GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.freezes import FREEZE
from gateway.github import OURS, POLICY_FILE
from service.events import dig

_OF_PULLS = ("pull_request", "pull_request_review")
_OF_CHECKS = ("check_run", "check_suite", "workflow_run")
_SHOWN = (f"{OURS}gate:", f"{OURS}pull:")
_PRESSED = ("requested_action", "rerequested")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Pull requests by number, by a commit of theirs, or all that are open."""

    installation_id: int
    repository: str
    numbers: frozenset[int] = frozenset()
    commits: frozenset[str] = frozenset()
    all_open: bool = False


def read_mentions(event: str, payload: Any) -> Mentions | None:
    """None when it names no repository of an installation. Never raises."""
    repository = dig(payload, str, "repository", "full_name")
    installation = dig(payload, int, "installation", "id")
    if not (repository and installation) or is_our_own(event, payload):
        return None
    return Mentions(
        installation_id=installation,
        repository=repository,
        numbers=_numbers(event, payload),
        commits=_commits(event, payload),
        all_open=_concerns_all(event, payload),
    )


def is_our_own(event: str, payload: Any, app_id: int = 0) -> bool:
    """What we only showed is told back to us; a button that a person pressed, or a record of ours, is more.

    With our `app_id` the suite of our own checks is known as well. Never raises.
    """
    if event == "check_suite":
        return bool(app_id) and dig(payload, int, "check_suite", "app", "id") == app_id
    external_id = dig(payload, str, "check_run", "external_id") or ""
    if event == "check_run":
        return external_id.startswith(_SHOWN) and dig(payload, str, "action") not in _PRESSED
    edited = event == "issue_comment" and dig(payload, str, "action") == "edited"
    return edited and dig(payload, str, "sender", "type") == "Bot"


def _numbers(event: str, payload: Any) -> frozenset[int]:
    if event in _OF_PULLS:
        return _known(dig(payload, int, "pull_request", "number"))
    if event == "issue_comment":
        is_pull = dig(payload, str, "issue", "pull_request", "url") is not None
        return _known(dig(payload, int, "issue", "number") if is_pull else None)
    if event in _OF_CHECKS:
        listed = dig(payload, list, event, "pull_requests") or []
        return frozenset().union(*(_known(dig(one, int, "number")) for one in listed))
    return frozenset()


def _known(number: int | None) -> frozenset[int]:
    return frozenset({number} if number and 0 < number < 1 << 31 else ())


def _commits(event: str, payload: Any) -> frozenset[str]:
    """A fork's pull requests are not named by events of checks: its commits are."""
    places = {
        "status": ("sha",),
        "deployment_status": ("deployment", "sha"),
        **{name: (name, "head_sha") for name in _OF_CHECKS},
    }
    sha = dig(payload, str, *places[event]) if event in places else None
    return frozenset({sha} if sha else ())


def _concerns_all(event: str, payload: Any) -> bool:
    """A freeze, or another policy on the default branch."""
    if event == "issues":
        labels = [dig(one, str, "name") for one in dig(payload, list, "issue", "labels") or []]
        return FREEZE in (*labels, dig(payload, str, "label", "name"))
    if event == "push":
        branch = dig(payload, str, "repository", "default_branch")
        return dig(payload, str, "ref") == f"refs/heads/{branch}" and _touches_policy(payload)
    return False


def _touches_policy(payload: Any) -> bool:
    commits = dig(payload, list, "commits") or []
    changed = [
        dig(commit, list, kind) or [] for commit in commits for kind in ("added", "modified", "removed")
    ]
    return any(POLICY_FILE in files for files in changed)
