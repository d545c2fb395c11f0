"""What `github`, `needs`, `inputs`, `vars` and `secrets` hold for one job."""

from __future__ import annotations

from typing import Any

from sandbox.matrix import contexts_of
from sandbox.needs import result_of
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import repo_html
from sandbox.shapes.repositories import repository_shape
from sandbox.state import Job, WorkflowRun
from sandbox.world import World


def job_contexts(world: World, job: Job, token: str) -> dict[str, Any]:
    run = job.run
    return {
        **run_contexts(world, run),
        "github": {**github_context(world, run), "token": token, "job": job.key},
        "needs": needs_context(run, job.needs),
        "secrets": {**({} if run.fork else run.repository.secrets), "GITHUB_TOKEN": token},
        "job": {"check_run_id": job.id, "status": "success"},
        **contexts_of(job.plan, job.part),
    }


def run_contexts(world: World, run: WorkflowRun) -> dict[str, Any]:
    """What may be named before a job runs: in `if`, `environment` and `concurrency`."""
    return {
        "github": github_context(world, run),
        "inputs": _inputs(run),
        "vars": run.repository.variables,
    }


def _inputs(run: WorkflowRun) -> dict[str, Any]:
    """`inputs` keeps booleans and numbers; `github.event.inputs` has them as text."""
    trigger = run.plan.triggers.get("workflow_dispatch") if run.plan else None
    kinds = {name: (about or {}).get("type") for name, about in trigger.inputs.items()} if trigger else {}
    return {name: _typed(text, kinds.get(name)) for name, text in (run.payload.get("inputs") or {}).items()}


def _typed(text: str, kind: str | None) -> Any:
    match kind:
        case "boolean":
            return text == "true"
        case "number":
            return float(text)
    return text


def needs_context(run: WorkflowRun, needs: tuple[str, ...]) -> dict[str, Any]:
    return {key: _needed([job for job in run.current_jobs if job.key == key]) for key in needs}


def _needed(jobs: list[Job]) -> dict[str, Any]:
    """Of a matrix, what the last one to end gave out holds."""
    ended = sorted(jobs, key=lambda job: job.completed_at or job.created_at)
    outputs = {name: value for job in ended for name, value in job.outputs.items()}
    return {"result": result_of(jobs), "outputs": outputs}


def github_context(world: World, run: WorkflowRun) -> dict[str, Any]:
    """See https://docs.github.com/actions/reference/workflows-and-actions/contexts#github-context."""
    repository = run.repository
    pull = run.payload.get("pull_request") or {}
    return {
        **_names_of_ref(run),
        "actor": run.actor.login,
        "actor_id": str(run.actor.id),
        "triggering_actor": run.triggering_actor.login,
        "api_url": world.url,
        "graphql_url": f"{world.url}/graphql",
        "server_url": world.url,
        "base_ref": (pull.get("base") or {}).get("ref", ""),
        "head_ref": (pull.get("head") or {}).get("ref", ""),
        "event": _event(world, run),
        "event_name": run.event,
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner.login,
        "repository_owner_id": str(repository.owner.id),
        "repositoryUrl": repo_html(world, repository, ".git"),
        "retention_days": "90",
        "run_attempt": str(run.attempt),
        "run_id": str(run.id),
        "run_number": str(run.number),
        "workflow": run.workflow.name,
        "workflow_ref": f"{repository.full_name}/{run.workflow.path}@{run.ref}",
        "workflow_sha": run.head_sha,
    }


def _names_of_ref(run: WorkflowRun) -> dict[str, Any]:
    tag = run.ref.startswith("refs/tags/")
    name = run.ref.removeprefix("refs/tags/").removeprefix("refs/heads/").removeprefix("refs/pull/")
    return {
        "ref": run.ref,
        "ref_name": name,
        "ref_type": "tag" if tag else "branch",
        "ref_protected": name in run.repository.protected_branches and not tag,
        "sha": run.head_sha,
    }


def _event(world: World, run: WorkflowRun) -> dict[str, Any]:
    return {
        **run.payload,
        "repository": repository_shape(world, run.repository),
        "sender": account_shape(world, run.actor),
    }
