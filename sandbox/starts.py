"""Runs begin: which workflows of a commit an event starts, and the run each of them gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox import announcements
from sandbox.contexts import run_contexts
from sandbox.expressions import ExpressionError, Scope, render
from sandbox.runs import advance
from sandbox.state import CheckSuite, Repository, User, Workflow, WorkflowRun
from sandbox.workflow import Occasion, WorkflowError, parse_workflow
from sandbox.workflow import Workflow as Plan
from sandbox.world import World

DIRECTORY = ".github/workflows"
SKIPPING = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a run starts from."""

    repository: Repository
    occasion: Occasion
    sha: str
    actor: User
    payload: Mapping[str, Any] = field(default_factory=dict)


def start_workflows(world: World, start: Start) -> list[WorkflowRun]:
    """Start every workflow of that commit that wants to hear of the occasion."""
    if _asks_to_skip(world, start):
        return []
    runs = []
    for path, plan in workflows_at(world, start.repository, start.sha):
        if isinstance(plan, WorkflowError):
            runs += [_refused(world, start, path, plan)] if start.occasion.event == "push" else []
        elif plan.starts_on(start.occasion):
            runs.append(start_run(world, start, plan))
    return runs


def workflows_at(
    world: World, repository: Repository, sha: str
) -> Iterator[tuple[str, Plan | WorkflowError]]:
    git = world.git(repository)
    for entry in git.tree(sha, DIRECTORY):
        if entry.type == "blob" and entry.path.endswith((".yml", ".yaml")):
            try:
                yield entry.path, parse_workflow(git.blob(entry.sha).decode(), entry.path)
            except WorkflowError as error:
                yield entry.path, error


def start_run(world: World, start: Start, plan: Plan) -> WorkflowRun:
    run = _new_run(world, start, plan.path, plan.name)
    run.plan = plan
    run.title = _run_name(world, run, plan) or run.title
    announcements.about_run(world, run, "requested")
    advance(world, run)
    return run


def _run_name(world: World, run: WorkflowRun, plan: Plan) -> str:
    try:
        return render(plan.run_name, Scope(contexts=run_contexts(world, run)))
    except ExpressionError:  # such as fromJSON() of no JSON
        return plan.run_name


def known_workflows(world: World, repository: Repository) -> list[Workflow]:
    """Every workflow of the default branch, and those that ran from elsewhere."""
    sha = world.git(repository).tip(repository.default_branch)
    for path, plan in workflows_at(world, repository, sha) if sha else ():
        _workflow(world, repository, path, path if isinstance(plan, WorkflowError) else plan.name)
    return list(repository.workflows.values())


def _asks_to_skip(world: World, start: Start) -> bool:
    if start.occasion.event not in ("push", "pull_request"):
        return False
    message = world.git(start.repository).commit_of(start.sha).message
    return any(word in message for word in SKIPPING)


def _new_run(world: World, start: Start, path: str, name: str) -> WorkflowRun:
    repository = start.repository
    now = world.now()
    workflow = _workflow(world, repository, path, name)
    run = WorkflowRun(
        id=world.next_id(),
        repository=repository,
        workflow=workflow,
        number=1 + sum(other.workflow is workflow for other in repository.runs.values()),
        event=start.occasion.event,
        head_branch=_head_branch(start),
        head_sha=start.sha,
        fork=_fork(world, start),
        ref=start.occasion.ref,
        title=_title(world, start, name),
        actor=start.actor,
        triggering_actor=start.actor,
        payload=dict(start.payload),
        suite=_suite(world, start, now),
        created_at=now,
        updated_at=now,
    )
    run.suite.run = run
    repository.runs[run.id] = run
    return run


def _workflow(world: World, repository: Repository, path: str, name: str) -> Workflow:
    now = world.now()
    known = repository.workflows.setdefault(
        path, Workflow(id=world.next_id(), name=name, path=path, created_at=now, updated_at=now)
    )
    known.name = name
    return known


def _suite(world: World, start: Start, now: datetime) -> CheckSuite:
    suite = CheckSuite(
        id=world.next_id(),
        head_sha=start.sha,
        head_branch=None if _fork(world, start) else _head_branch(start),
        app=world.actions_app,
        created_at=now,
        updated_at=now,
    )
    start.repository.check_suites[suite.id] = suite
    return suite


def _head_branch(start: Start) -> str | None:
    pull = start.payload.get("pull_request")
    if pull:
        return str(pull["head"]["ref"])
    return start.occasion.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def _fork(world: World, start: Start) -> Repository | None:
    pull = start.payload.get("pull_request")
    home = world.repository(pull["head"]["repo"]["full_name"]) if pull else start.repository
    return None if home is start.repository else home


def _title(world: World, start: Start, name: str) -> str:
    if start.occasion.event == "push":
        return world.git(start.repository).commit_of(start.sha).message.partition("\n")[0]
    return str((start.payload.get("pull_request") or {}).get("title") or name)


def _refused(world: World, start: Start, path: str, error: WorkflowError) -> WorkflowRun:
    """A workflow file GitHub cannot read fails at once, with no jobs."""
    run = _new_run(world, start, path, path)
    run.title = str(error)
    run.status, run.conclusion = "completed", "startup_failure"
    run.suite.status, run.suite.conclusion = "completed", "startup_failure"
    announcements.about_run(world, run, "completed")
    return run
