"""Runs move on, job by job: brought up, let in, queued, finished, cancelled, run again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sandbox import announcements, gates
from sandbox.concurrency import line_for, same_run_group
from sandbox.contexts import needs_context, run_contexts
from sandbox.deployments import announce_deployment, environment_named, move_deployment
from sandbox.expressions import ExpressionError, Scope, holds, render, value_of
from sandbox.matrix import contexts_of, doomed_by, has_room, parts_of, titled
from sandbox.needs import conclusion_of, is_ready, status_of, status_of_needs
from sandbox.state import (
    CheckRun,
    Deployment,
    Environment,
    Job,
    PendingDeployment,
    Permissions,
    Repository,
    User,
    WorkflowRun,
)
from sandbox.workflow import Job as JobPlan
from sandbox.workflow import Part
from sandbox.world import World

DEFAULT_SCOPES = {"contents": "read", "packages": "read"}


def advance(world: World, run: WorkflowRun) -> None:
    """Bring up the jobs whose needs are done, let in those whose doors opened, and finish the run."""
    if run.plan is None or run.status == "completed":
        return
    while door := next((door for door in run.pending if door.rejected_by or not door.waiting), None):
        _pass_door(world, door)
    while plan := next((plan for plan in run.plan.jobs.values() if is_ready(run, plan)), None):
        _bring_up(world, run, plan)
    for job in run.current_jobs:
        _queue_up(world, job)
    _settle(world, run)


def begin(world: World, job: Job) -> None:
    """The runner has taken the job."""
    now = world.now()
    job.status = job.check_run.status = "in_progress"
    job.started_at = job.check_run.started_at = now
    first = job.run.started_at is None
    job.run.started_at = job.run.started_at or now
    _settle(world, job.run)
    if first:
        announcements.about_run(world, job.run, "in_progress")
    _move(world, job, "in_progress")
    announcements.about_job(world, job, "in_progress")


def finish(world: World, job: Job, conclusion: str, *, environment_url: str = "") -> None:
    """The job is over; what waited for it moves on."""
    now = world.now()
    job.status = job.check_run.status = "completed"
    job.conclusion = job.check_run.conclusion = conclusion
    job.started_at = job.started_at or now
    job.check_run.started_at = job.check_run.started_at or now
    job.completed_at = job.check_run.completed_at = now
    job.run.pending = [pending for pending in job.run.pending if pending.job is not job]
    if job.deployment is not None:
        state = "success" if conclusion == "success" else "failure"
        _move(world, job, state, environment_url=environment_url)
    announcements.about_job(world, job, "completed")
    announcements.about_check(world, job, "completed")
    for other in doomed_by(job):
        cancel_job(world, other, f'The strategy configuration was canceled because "{job.name}" failed')
    advance(world, job.run)
    _let_the_next_in(world, job.run.repository)


def cancel(world: World, run: WorkflowRun) -> None:
    """Stop what runs, end what waits. Jobs with always() still come up afterwards."""
    run.cancelled = True
    for job in run.current_jobs:
        cancel_job(world, job)
    advance(world, run)


def cancel_job(world: World, job: Job, why: str = "The job was canceled before it started.") -> None:
    if job.status == "in_progress":
        _tell(world, job)
    elif job.status != "completed":
        _note(job, "failure", why)
        finish(world, job, "cancelled")


def rerun(world: World, run: WorkflowRun, actor: User) -> None:
    run.attempt += 1
    run.triggering_actor = actor
    run.status, run.conclusion, run.cancelled = "queued", None, False
    run.started_at = None
    run.pending, run.approvals = [], []
    run.updated_at = world.now()
    run.suite.status, run.suite.conclusion = "queued", None
    announcements.about_run(world, run, "requested")
    advance(world, run)


def delete_environment(world: World, repository: Repository, environment: Environment) -> None:
    """Its waiting jobs fail."""
    del repository.environments[environment.name.lower()]
    for run in list(repository.runs.values()):
        for pending in [each for each in run.pending if each.environment is environment]:
            pending.rejected_by = pending.waiting[0]
        advance(world, run)


def pass_time(world: World) -> None:
    """What only the clock brings about, everywhere."""
    for repository in list(world.repositories.values()):
        for run in [run for run in repository.runs.values() if run.pending]:
            for pending in run.pending:
                gates.pass_time(world, pending)
            if any(pending.rejected_by or not pending.waiting for pending in run.pending):
                advance(world, run)


def _settle(world: World, run: WorkflowRun) -> None:
    jobs = run.current_jobs
    before = run.status
    run.updated_at = run.suite.updated_at = world.now()
    begun = {job.key for job in jobs}
    if run.plan is not None and begun == run.plan.jobs.keys() and all(job.conclusion for job in jobs):
        run.status, run.conclusion = "completed", conclusion_of(run, jobs)
    else:
        run.status = status_of(jobs)
    shown = run.status if run.status in ("completed", "in_progress") else "queued"
    run.suite.status, run.suite.conclusion = shown, run.conclusion
    if run.status == "completed" and before != "completed":
        announcements.suite_completed(world, run)
        announcements.about_run(world, run, "completed")


# A job comes up


def _bring_up(world: World, run: WorkflowRun, plan: JobPlan) -> None:
    scope = _scope(world, run, plan)
    try:
        wanted = holds(plan.condition, scope)
        parts = parts_of(plan, scope) if wanted else [Part()]
    except ExpressionError as error:
        _fail(world, _new_job(world, run, plan, scope, Part()), str(error))
        return
    jobs = [_new_job(world, run, plan, scope, part) for part in parts]
    for job in jobs:
        if not wanted:
            finish(world, job, "skipped")
        elif job.conclusion is None:  # one before it may have taken it along
            _come_up(world, job, plan, _scope_of_part(plan, scope, job.part))


def _come_up(world: World, job: Job, plan: JobPlan, scope: Scope) -> None:
    try:
        job.may_fail = value_of(plan.continue_on_error, scope) is True
        job.labels = tuple(render(label, scope) for label in plan.labels)
        target = plan.target and render(plan.target.name, scope)
    except ExpressionError as error:
        _fail(world, job, str(error))
        return
    announcements.about_check(world, job, "created")
    if target:
        _come_to_environment(world, job, plan, environment_named(world, job.run.repository, target), scope)


def _scope_of_part(plan: JobPlan, scope: Scope, part: Part) -> Scope:
    return replace(scope, contexts={**scope.contexts, **contexts_of(plan, part)})


def _scope(world: World, run: WorkflowRun, plan: JobPlan) -> Scope:
    needs = needs_context(run, plan.needs)
    return Scope(contexts={**run_contexts(world, run), "needs": needs}, status=status_of_needs(run, plan))


def _new_job(world: World, run: WorkflowRun, plan: JobPlan, scope: Scope, part: Part) -> Job:
    number = world.next_id()
    name = titled(plan.name, part)
    with suppress(ExpressionError):  # such as fromJSON() of no JSON: a name of its own words
        name = render(name, _scope_of_part(plan, scope, part))
    check = CheckRun(
        id=number, name=name, head_sha=run.head_sha, suite=run.suite, app=world.actions_app, status="pending"
    )
    job = Job(
        id=number,
        key=plan.key,
        name=name,
        run=run,
        check_run=check,
        attempt=run.attempt,
        permissions=_permissions(run, plan),
        needs=plan.needs,
        part=part,
        labels=plan.labels,
        status="pending",
        created_at=world.now(),
    )
    run.jobs.append(job)
    run.repository.check_runs[number] = check
    return job


def _permissions(run: WorkflowRun, plan: JobPlan) -> Permissions:
    """What the file asks for; a fork's job may read it and write nothing."""
    asked = plan.permissions if plan.permissions is not None else (run.plan.permissions if run.plan else None)
    scopes = DEFAULT_SCOPES if asked is None else asked
    most = {"write": "read"} if run.fork else {}
    return {name.replace("-", "_"): most.get(level, level) for name, level in scopes.items()}


def _fail(world: World, job: Job, why: str) -> None:
    _note(job, "failure", why)
    finish(world, job, "failure")


def _note(job: Job, level: str, message: str) -> None:
    job.log.append(message)
    job.check_run.annotations.append(
        {
            "path": ".github",
            "start_line": 1,
            "end_line": 1,
            "annotation_level": level,
            "message": message,
        }
    )


# Its environment


def _come_to_environment(
    world: World, job: Job, plan: JobPlan, environment: Environment, scope: Scope
) -> None:
    job.environment = environment
    run = job.run
    if not gates.lets_in(environment, run.repository, run.ref):
        name = run.ref.removeprefix("refs/heads/")
        what = f'"{name}" is not allowed to deploy to {environment.name} due to environment protection rules.'
        _fail(world, job, f"Branch {what}")
        return
    wants = plan.target is not None and value_of(plan.target.deployment, scope) in (True, "true")
    if not wants and any(rule.type == "custom" for rule in environment.rules):
        _fail(world, job, "deployment: false cannot be used with custom deployment protection rules.")
        return
    if wants:
        _make_deployment(world, job, environment)


def _make_deployment(world: World, job: Job, environment: Environment) -> None:
    run = job.run
    now = world.now()
    deployment = Deployment(
        id=world.next_id(),
        ref=run.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
        sha=run.head_sha,
        environment=environment.name,
        creator=run.triggering_actor,
        app=world.actions_app,
        job=job,
        created_at=now,
        updated_at=now,
    )
    job.deployment = job.check_run.deployment = deployment
    announce_deployment(world, run.repository, deployment, run.triggering_actor, quiet=True)


def _pass_door(world: World, pending: PendingDeployment) -> None:
    job = pending.job
    job.run.pending.remove(pending)
    if pending.rejected_by is not None:
        why = f"The deployment to {pending.environment.name} was rejected or did not satisfy its rules."
        _fail(world, job, why)
    else:
        _release(world, job)


# The queue


def _queue_up(world: World, job: Job) -> None:
    """Wait behind the concurrency group, then at the door, then for a runner."""
    if job.status != "pending" or not has_room(job) or _is_held(world, job) or job.status != "pending":
        return  # asked twice: to make room for it may already have let it in
    pending = gates.close_door(world, job, job.environment) if job.environment else None
    if pending is None:
        _release(world, job)
        return
    job.status = job.check_run.status = "waiting"
    _move(world, job, "waiting")
    announcements.about_job(world, job, "queued")
    announcements.about_job(world, job, "waiting")
    _settle(world, job.run)
    gates.ask(world, pending)


def _release(world: World, job: Job) -> None:
    job.status = job.check_run.status = "queued"
    _move(world, job, "queued")
    announcements.about_job(world, job, "queued")
    _tell(world, job)


def _tell(world: World, job: Job) -> None:
    for listener in list(world.on_job):
        listener(job)


def _move(world: World, job: Job, state: str, *, environment_url: str = "") -> None:
    if job.deployment is None:
        return
    run = job.run
    move_deployment(
        world,
        run.repository,
        job.deployment,
        state,
        creator=run.triggering_actor,
        app=world.actions_app,
        quiet=True,
        environment_url=environment_url,
        log_url=f"{world.url}/{run.repository.full_name}/actions/runs/{run.id}/job/{job.id}",
    )


def _is_held(world: World, job: Job) -> bool:
    """Whether its concurrency group is taken; may end whoever stands in the way, as the file asks."""
    line = line_for(world, job)
    for rival in line.to_cancel:
        if same_run_group(world, job, rival):
            cancel(world, rival.run)
        else:
            cancel_job(world, rival)
    return any(holder.conclusion is None for holder in line.holders)


def _let_the_next_in(world: World, repository: Repository) -> None:
    for run in list(repository.runs.values()):
        if any(job.status == "pending" for job in run.current_jobs):
            advance(world, run)
