"""What is asked of us by an event: a command, a button, a merge, a hotfix that is in, a run that ended badly.

The event only says where to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from gateway.github import GitHub
from service.clicks import Click, press
from service.commands import answer_comment
from service.events import dig
from service.hotfixes import Success, bring_back
from service.lost_jobs import EndedRun, end_what_was_left
from service.merges import start_after_merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A new comment that begins with a slash."""

    comment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something to do in a repository, with whose installation's rights."""

    installation_id: int
    repository: str
    what: What


What: TypeAlias = Comment | Click | Merge | Success | EndedRun


def read_ask(event: str, payload: Any, delivery: str = "") -> Ask | None:
    """What is asked by the event that came as `delivery`; None where nothing is. Never raises."""
    repository = dig(payload, str, "repository", "full_name")
    installation = dig(payload, int, "installation", "id")
    what = _what(event, dig(payload, str, "action") or "", payload, delivery)
    if not (repository and installation and what):
        return None
    return Ask(installation_id=installation, repository=repository, what=what)


def _what(event: str, action: str, payload: Any, delivery: str) -> What | None:
    match event, action:
        case "issue_comment", "created":
            return _comment(payload)
        case "check_run", "requested_action":
            return _click(payload, delivery)
        case "pull_request", "closed":
            number = dig(payload, int, "pull_request", "number")
            merged = dig(payload, bool, "pull_request", "merged")
            return Merge(number=number) if number and merged else None
        case "deployment_status", _:
            return _success(payload)
        case "workflow_run", "completed":
            return _ended_run(payload)
    return None


def _comment(payload: Any) -> Comment | None:
    comment_id = dig(payload, int, "comment", "id")
    by_bot = dig(payload, str, "comment", "user", "type") == "Bot"
    is_command = (dig(payload, str, "comment", "body") or "").startswith("/")
    return Comment(comment_id=comment_id) if comment_id and is_command and not by_bot else None


def _click(payload: Any, delivery: str) -> Click | None:
    check_run_id = dig(payload, int, "check_run", "id")
    identifier = dig(payload, str, "requested_action", "identifier")
    by = dig(payload, str, "sender", "login")
    if not (check_run_id and identifier and by):
        return None
    return Click(check_run_id=check_run_id, identifier=identifier, by=by.lower(), delivery=delivery)


def _success(payload: Any) -> Success | None:
    deployment_id = dig(payload, int, "deployment", "id")
    if not deployment_id or dig(payload, str, "deployment_status", "state") != "success":
        return None
    return Success(deployment_id=deployment_id, run_id=dig(payload, int, "workflow_run", "id") or 0)


def _ended_run(payload: Any) -> EndedRun | None:
    """One that went well in the end may have had a runner lost in an earlier attempt."""
    run_id = dig(payload, int, "workflow_run", "id")
    went_well = dig(payload, str, "workflow_run", "conclusion") == "success"
    again = (dig(payload, int, "workflow_run", "run_attempt") or 1) > 1
    return EndedRun(run_id=run_id) if run_id and (again or not went_well) else None


def attend(github: GitHub, what: What, clock: Callable[[], datetime]) -> None:
    """Do it. Raises GatewayError where it is to be tried again; repeats are harmless."""
    match what:
        case Comment():
            answer_comment(github, what.comment_id, clock)
        case Click():
            press(github, what, clock)
        case Merge():
            start_after_merge(github, what.number, clock)
        case Success():
            bring_back(github, what, clock)
        case EndedRun():
            end_what_was_left(github, what, clock)
