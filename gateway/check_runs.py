"""Our check runs: made once, changed after. Their remarks go in batches, their buttons are three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

from gateway.github import OURS
from gateway.text import SUMMARY, clip

if TYPE_CHECKING:
    from gateway.github import GitHub

REMARKS_AT_ONCE = 50
MOST_BUTTONS = 3

Conclusion: TypeAlias = Literal["success", "failure", "neutral", "cancelled", "action_required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAction:
    """A button on a completed check run. GitHub shows 20, 40 and 20 characters."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark at a line of a file."""

    path: str
    line: int
    message: str
    title: str = ""
    level: Literal["notice", "warning", "failure"] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCheck:
    """A check run in our words. No conclusion: it is in progress. `external_id` is our own name for it."""

    sha: str
    name: str
    title: str
    summary: str
    conclusion: Conclusion | None = None
    actions: Sequence[CheckAction] = ()
    annotations: Sequence[Annotation] = ()
    external_id: str = ""
    details_url: str = ""


def show_check(github: GitHub, check: OwnCheck, *, check_id: int | None = None) -> int:
    """Create it, or change the one with `check_id`. Returns its id. Needs an App's token."""
    first, *others = _batches(check.annotations)
    written = _write(github, check, first, check_id)
    for batch in others:
        _change(github, written, {"output": _output(check, batch)})
    return written


def _write(github: GitHub, check: OwnCheck, remarks: list[dict[str, Any]], check_id: int | None) -> int:
    body = {**_state(check), "output": _output(check, remarks)}
    if check_id is not None:
        _change(github, check_id, body)
        return check_id
    named = {"name": check.name, "head_sha": check.sha, "external_id": OURS + check.external_id}
    return int(github.connection.rest("POST", _path(github), {**body, **named})["id"])


def _change(github: GitHub, check_id: int, body: dict[str, Any]) -> None:
    github.connection.rest("PATCH", f"{_path(github)}/{check_id}", body)


def _path(github: GitHub) -> str:
    return f"/repos/{quote(github.repository)}/check-runs"


def _state(check: OwnCheck) -> dict[str, Any]:
    state: dict[str, Any] = {"status": "in_progress"}
    if check.conclusion is not None:
        state = {"status": "completed", "conclusion": check.conclusion}
    if check.actions:
        state["actions"] = [_button(action) for action in check.actions[:MOST_BUTTONS]]
    return state | ({"details_url": check.details_url} if check.details_url else {})


def _output(check: OwnCheck, remarks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": clip(check.title, 255),
        "summary": clip(check.summary, SUMMARY),
        "annotations": remarks,
    }


def _batches(annotations: Sequence[Annotation]) -> list[list[dict[str, Any]]]:
    """At least one, and that may be empty."""
    remarks = [_remark(one) for one in annotations]
    starts = range(0, max(len(remarks), 1), REMARKS_AT_ONCE)
    return [remarks[start : start + REMARKS_AT_ONCE] for start in starts]


def _button(action: CheckAction) -> dict[str, str]:
    return {
        "label": clip(action.label, 20),
        "description": clip(action.description, 40),
        "identifier": action.identifier,
    }


def _remark(annotation: Annotation) -> dict[str, Any]:
    fields = {
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": annotation.level,
        "message": clip(annotation.message, 64_000),
    }
    return fields | ({"title": clip(annotation.title, 255)} if annotation.title else {})
