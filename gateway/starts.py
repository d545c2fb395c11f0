"""Runs that our App started for somebody: GitHub names the App as their actor, so we write down for whom.

The record is a check run of ours on the run's commit. Without it a run of ours is nobody's, and waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

import yaml

from gateway.check_runs import OwnCheck, show_check
from gateway.checks import check_runs
from gateway.errors import NotFound, Rejected
from gateway.github import OURS, run_in
from gateway.look import Look
from gateway.ours import our_own
from gateway.reading import Node

if TYPE_CHECKING:
    from gateway.github import GitHub, Run

_MARK = re.compile(re.escape(OURS) + r"start:(\d+):([\w.-]+(?:\[bot\])?):(deploy|rollback):([0-9a-f]{40})?")
_DETAILS = "return_run_details"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """For whom a run was started, and what for; `target` is the commit to go back to."""

    by: str
    intent: Literal["deploy", "rollback"] = "deploy"
    target: str = ""

    def mark(self, run_id: int) -> str:
        """What stands behind OURS in the record's external id."""
        return f"start:{run_id}:{self.by}:{self.intent}:{self.target}"


def as_asked(look: Look) -> tuple[Look, Start | None]:
    """The look with a run of ours given to whom it was started for; to nobody where that is unknown."""
    run, ours = look.run, our_own(look)
    if run.actor not in ours:
        return look, None
    start = _recorded(look)
    by = start.by if start else ""
    again = by if run.triggering_actor == run.actor else run.triggering_actor
    return replace(look, run=replace(run, actor=by, triggering_actor=again)), start


def aimed(look: Look, start: Start | None) -> Look:
    """The look at what will run: a rollback's run stands elsewhere than what it goes back to."""
    if start is None or not start.target:
        return look
    return replace(look, gate=replace(look.gate, sha=start.target))


def _recorded(look: Look) -> Start | None:
    """What the App that started the run wrote down of it; nobody else can."""
    commit = look.repository["commit"]
    checks = check_runs(commit["statusCheckRollup"]) if commit is not None else []
    marks = (_MARK.fullmatch(one["externalId"] or "") for one in checks if _is_by(one, look.run.actor))
    found = next((mark for mark in marks if mark and int(mark[1]) == look.run.id), None)
    if found is None:
        return None
    return Start(by=found[2], intent=cast('Literal["deploy", "rollback"]', found[3]), target=found[4] or "")


def _is_by(check: Node, login: str) -> bool:
    app = check["checkSuite"]["app"]
    return app is not None and f"{app['slug']}[bot]".lower() == login


def workflow_inputs(github: GitHub, workflow: str, ref: str) -> frozenset[str] | None:
    """The inputs a workflow takes when it is started by hand at `ref`; None where it cannot be."""
    path = f"/repos/{quote(github.repository)}/contents/.github/workflows/{quote(workflow, safe='')}"
    found = github.connection.rest("GET", path, params={"ref": ref})
    return _inputs_in(str(_decoded(found)))


def _decoded(file: Mapping[str, Any]) -> str:
    import base64  # noqa: PLC0415 - only where a workflow is started

    return base64.b64decode(file.get("content") or "").decode(errors="replace")


def _inputs_in(text: str) -> frozenset[str] | None:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    triggers = document.get("on", document.get(True)) if isinstance(document, dict) else None  # `on` is true
    if triggers == "workflow_dispatch" or (isinstance(triggers, list) and "workflow_dispatch" in triggers):
        return frozenset()
    if not isinstance(triggers, dict) or "workflow_dispatch" not in triggers:
        return None
    inputs = (triggers["workflow_dispatch"] or {}).get("inputs") or {}
    return frozenset(str(name) for name in inputs)


def start_run(github: GitHub, workflow: str, ref: str, inputs: Mapping[str, str]) -> int | None:
    """Dispatch, and the run's id where GitHub tells it; older servers do not know how."""
    path = f"/repos/{quote(github.repository)}/actions/workflows/{quote(workflow, safe='')}/dispatches"
    body = {"ref": ref, "inputs": dict(inputs)}
    try:
        made = github.connection.rest("POST", path, {**body, _DETAILS: True})
    except Rejected as error:
        if _DETAILS not in str(error):
            raise
        made = github.connection.rest("POST", path, body)
    return int(made["workflow_run_id"]) if made else None


def runs_of(github: GitHub, workflow: str, **wanted: str) -> tuple[Run, ...]:
    """The newest runs of a workflow, newest first; `wanted` narrows them by GitHub's own parameters."""
    path = f"/repos/{quote(github.repository)}/actions/workflows/{quote(workflow, safe='')}/runs"
    try:
        found = github.connection.rest("GET", path, params={**wanted, "per_page": 50})
    except NotFound:
        return ()
    return tuple(run_in(one) for one in found["workflow_runs"])


def record_start(github: GitHub, run: Run, start: Start, *, how: str) -> None:
    """Write down for whom the run was started. Repeats are harmless: the same is said again."""
    check = OwnCheck(
        sha=run.sha,
        name=f"deploy-protocol / run {run.id}",
        conclusion="neutral",
        title=f"Started for {start.by}",
        summary=f"{how} The App started [this run]({run.url}) for {start.by}, who counts as its deployer.",
        external_id=start.mark(run.id),
        details_url=run.url,
    )
    show_check(github, check)


def is_recorded(github: GitHub, run: Run) -> bool:
    """Whether somebody is known to have asked for the run."""
    params = {"check_name": f"deploy-protocol / run {run.id}"}
    path = f"/repos/{quote(github.repository)}/commits/{run.sha}/check-runs"
    found = github.connection.rest("GET", path, params=params)
    return any(str(one.get("external_id")).startswith(OURS) for one in found["check_runs"])


def is_tag(github: GitHub, name: str) -> bool:
    try:
        github.connection.rest("GET", f"/repos/{quote(github.repository)}/git/ref/tags/{quote(name)}")
    except NotFound:
        return False
    return True


def has_run(github: GitHub, sha: str, before: datetime) -> bool:
    """Whether a run of the commit was there at that moment."""
    path = f"/repos/{quote(github.repository)}/actions/runs"
    found = github.connection.rest("GET", path, params={"head_sha": sha, "per_page": 100})
    return any(run_in(one).created_at <= before for one in found["workflow_runs"])
