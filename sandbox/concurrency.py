"""Concurrency groups: one at a time, and only the newest may stand in line."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.contexts import run_contexts
from sandbox.expressions import ExpressionError, Scope, as_text, render, value_of
from sandbox.matrix import contexts_of
from sandbox.state import Job, WorkflowRun
from sandbox.workflow import Concurrency
from sandbox.world import World

HOLDING = ("waiting", "queued", "in_progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who holds the job's groups, and who has to leave for it."""

    holders: tuple[Job, ...]
    to_cancel: tuple[Job, ...]


def line_for(world: World, job: Job) -> Line:
    rivals = [other for other in _others(job) if _share_a_group(world, job, other)]
    holders = tuple(other for other in rivals if other.status in HOLDING)
    older = tuple(other for other in rivals if other.status == "pending" and other.id < job.id)
    leaving = (*holders, *older) if _may_cancel(world, job) else older if holders else ()
    return Line(holders=holders, to_cancel=leaving)


def same_run_group(world: World, job: Job, other: Job) -> bool:
    """Whether the two collide as runs, not only as jobs."""
    names = _of_run(world, job.run), _of_run(world, other.run)
    return job.run is not other.run and names[0] is not None and names[0] == names[1]


def _others(job: Job) -> list[Job]:
    return [
        other
        for run in job.run.repository.runs.values()
        if run.status != "completed"
        for other in run.current_jobs
        if other.conclusion is None and other is not job
    ]


def _share_a_group(world: World, job: Job, other: Job) -> bool:
    mine = _of_job(world, job)
    return same_run_group(world, job, other) or (mine is not None and mine == _of_job(world, other))


def _of_run(world: World, run: WorkflowRun) -> str | None:
    scope = Scope(contexts=run_contexts(world, run))
    return _name(scope, run.plan.concurrency if run.plan else None)


def _of_job(world: World, job: Job) -> str | None:
    return _name(_scope(world, job), _wish(job))


def _scope(world: World, job: Job) -> Scope:
    return Scope(contexts={**run_contexts(world, job.run), **contexts_of(job.plan, job.part)})


def _wish(job: Job) -> Concurrency | None:
    return job.plan.concurrency if job.plan else None


def _name(scope: Scope, concurrency: Concurrency | None) -> str | None:
    if concurrency is None:
        return None
    try:
        return render(concurrency.group, scope).lower()
    except ExpressionError:  # such as fromJSON() of no JSON: a group of its own words
        return concurrency.group.lower()


def _may_cancel(world: World, job: Job) -> bool:
    scope = _scope(world, job)
    wishes = (job.run.plan.concurrency if job.run.plan else None, _wish(job))
    return any(as_text(value_of(wish.cancel_in_progress, scope)) == "true" for wish in wishes if wish)
