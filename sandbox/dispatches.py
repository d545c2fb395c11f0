"""Workflows started by hand or by another system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.shapes.basics import repo_url
from sandbox.starts import Start, start_run, start_workflows
from sandbox.state import Repository, User, Workflow, WorkflowRun
from sandbox.workflow import Occasion, WorkflowError, parse_workflow
from sandbox.workflow import Workflow as Plan
from sandbox.world import World


class DispatchError(Exception):
    """A dispatch GitHub would refuse, in its words."""


def dispatch_workflow(
    world: World,
    repository: Repository,
    workflow: Workflow,
    *,
    ref: str,
    inputs: Mapping[str, str],
    actor: User,
) -> WorkflowRun:
    """`workflow_dispatch`, of the file as it stands at `ref`. Raises DispatchError."""
    full, sha = _resolved(world, repository, ref)
    plan = _plan_at(world, repository, workflow.path, sha)
    start = Start(
        repository=repository,
        occasion=Occasion(event="workflow_dispatch", ref=full),
        sha=sha,
        actor=actor,
        payload={
            "inputs": _complete(plan, inputs),
            "ref": full,
            "workflow": repo_url(world, repository, f"/actions/workflows/{workflow.id}"),
        },
    )
    return start_run(world, start, plan)


def dispatch_repository(
    world: World, repository: Repository, kind: str, payload: Mapping[str, Any], actor: User
) -> list[WorkflowRun]:
    """`repository_dispatch`, of the default branch's workflows; `types:` names the kinds."""
    ref = f"refs/heads/{repository.default_branch}"
    sha = world.git(repository).ref(ref)
    if sha is None:
        return []
    start = Start(
        repository=repository,
        occasion=Occasion(event="repository_dispatch", ref=ref, action=kind),
        sha=sha,
        actor=actor,
        payload={"action": kind, "branch": repository.default_branch, "client_payload": dict(payload)},
    )
    return start_workflows(world, start)


def _resolved(world: World, repository: Repository, ref: str) -> tuple[str, str]:
    git = world.git(repository)
    for full in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
        sha = git.ref(full) if full.startswith("refs/") else None
        if sha is not None:
            return full, git.resolve(full) or sha
    raise DispatchError(f"No ref found for: {ref}")


def _plan_at(world: World, repository: Repository, path: str, sha: str) -> Plan:
    text = world.git(repository).file(sha, path)
    if text is None:
        raise DispatchError(f"Workflow '{path}' does not exist at this ref")
    try:
        plan = parse_workflow(text.decode(), path)
    except WorkflowError as error:
        raise DispatchError(f"failed to parse workflow: {error}") from None
    if "workflow_dispatch" not in plan.triggers:
        raise DispatchError("Workflow does not have 'workflow_dispatch' trigger")
    return plan


def _complete(plan: Plan, inputs: Mapping[str, str]) -> dict[str, str]:
    """Given inputs and defaults; an unknown or missing one is refused."""
    declared = plan.triggers["workflow_dispatch"].inputs
    if unknown := sorted(inputs.keys() - declared.keys()):
        raise DispatchError(f"Unexpected inputs provided: {unknown}")
    for name, about in declared.items():
        if (about or {}).get("required") and "default" not in about and name not in inputs:
            raise DispatchError(f"Required input '{name}' not provided")
    return {name: inputs.get(name, _default(about or {})) for name, about in declared.items()}


def _default(about: Mapping[str, Any]) -> str:
    value = about.get("default", "false" if about.get("type") == "boolean" else "")
    return str(value).lower() if isinstance(value, bool) else str(value)
