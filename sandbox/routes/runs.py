"""Workflows, their runs and jobs."""

from __future__ import annotations

from typing import Any

from sandbox import runs as engine
from sandbox.answers import Answer, Refusal, created, forbidden, not_found, nothing, ok, unprocessable
from sandbox.dispatches import DispatchError, dispatch_repository, dispatch_workflow
from sandbox.routing import Call, Routes
from sandbox.runner import log_path
from sandbox.shapes.runs import job_shape, run_shape, workflow_shape
from sandbox.starts import known_workflows
from sandbox.state import Job, Workflow, WorkflowRun

routes = Routes()

ACTIONS = "/repos/{owner}/{repo}/actions"
RUNS = ACTIONS + "/runs"
RUN = RUNS + "/{run_id}"
WORKFLOW = ACTIONS + "/workflows/{workflow_id}"
STATUSES = ("queued", "in_progress", "completed", "waiting", "pending", "requested")


@routes.get(RUNS, needs="actions:read")
def list_runs(call: Call) -> Answer:
    return _page_of_runs(call, list(call.repository.runs.values()))


@routes.get(RUN, needs="actions:read")
def a_run(call: Call) -> Answer:
    return ok(run_shape(call.world, run_of(call)))


@routes.get(RUN + "/jobs", needs="actions:read")
def jobs_of_a_run(call: Call) -> Answer:
    run = run_of(call)
    jobs = run.jobs if call.query.get("filter") == "all" else run.current_jobs
    return call.page(jobs, lambda job: job_shape(call.world, job), under="jobs")


@routes.get(RUN + "/attempts/{attempt_number}", needs="actions:read")
def an_attempt(call: Call) -> Answer:
    run = run_of(call)
    if call.number("attempt_number") != run.attempt:
        raise not_found()  # the sandbox keeps the jobs of earlier attempts, not their outcome
    return ok(run_shape(call.world, run))


@routes.get(RUN + "/attempts/{attempt_number}/jobs", needs="actions:read")
def jobs_of_an_attempt(call: Call) -> Answer:
    jobs = [job for job in run_of(call).jobs if job.attempt == call.number("attempt_number")]
    return call.page(jobs, lambda job: job_shape(call.world, job), under="jobs")


@routes.post(RUN + "/rerun", needs="actions:write")
def rerun(call: Call) -> Answer:
    run = run_of(call)
    if run.status != "completed":
        raise forbidden("This workflow is already running")
    engine.rerun(call.world, run, call.user)
    return created({})


@routes.post(RUN + "/cancel", needs="actions:write")
def cancel(call: Call) -> Answer:
    run = run_of(call)
    if run.status == "completed":
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    engine.cancel(call.world, run)
    return Answer(status=202, body={})


@routes.get(ACTIONS + "/jobs/{job_id}", needs="actions:read")
def a_job(call: Call) -> Answer:
    return ok(job_shape(call.world, _job(call)))


@routes.get(ACTIONS + "/jobs/{job_id}/logs", needs="actions:read")
def job_logs(call: Call) -> Answer:
    job = _job(call)
    return Answer(status=302, raw=b"", headers={"Location": f"{call.world.url}/_sandbox/logs/{job.id}"})


@routes.get("/_sandbox/logs/{job_id}")
def read_log(call: Call) -> Answer:
    """Where the redirect of a job's logs leads."""
    number = call.number("job_id")
    jobs = [job for each in call.world.repositories.values() for job in each.jobs if job.id == number]
    if not jobs:
        raise not_found()
    file = log_path(call.world, jobs[0])
    raw = file.read_bytes() if file.exists() else "".join(f"{line}\n" for line in jobs[0].log).encode()
    return Answer(raw=raw, media_type="text/plain; charset=utf-8")


@routes.get(ACTIONS + "/workflows", needs="actions:read")
def workflows(call: Call) -> Answer:
    known = known_workflows(call.world, call.repository)
    return call.page(known, lambda one: workflow_shape(call.world, call.repository, one), under="workflows")


@routes.get(WORKFLOW, needs="actions:read")
def a_workflow(call: Call) -> Answer:
    return ok(workflow_shape(call.world, call.repository, _workflow(call)))


@routes.get(WORKFLOW + "/runs", needs="actions:read")
def runs_of_a_workflow(call: Call) -> Answer:
    workflow = _workflow(call)
    return _page_of_runs(call, [run for run in call.repository.runs.values() if run.workflow is workflow])


@routes.post(WORKFLOW + "/dispatches", needs="actions:write")
def dispatch(call: Call) -> Answer:
    """GitHub tells of the run only where it is asked to, with `return_run_details`."""
    ref = call.want("Workflow", "ref", str)
    inputs = {name: _text(value) for name, value in (call.get("inputs") or {}).items()}
    try:
        run = dispatch_workflow(
            call.world, call.repository, _workflow(call), ref=ref, inputs=inputs, actor=call.user
        )
    except DispatchError as error:
        raise unprocessable(str(error)) from None
    return ok(_dispatched(call, run)) if call.get("return_run_details") else nothing()


def _dispatched(call: Call, run: WorkflowRun) -> dict[str, Any]:
    shape = run_shape(call.world, run)
    return {"workflow_run_id": run.id, "run_url": shape["url"], "html_url": shape["html_url"]}


@routes.post("/repos/{owner}/{repo}/dispatches", needs="contents:write")
def repository_dispatch(call: Call) -> Answer:
    kind = call.want("RepositoryDispatch", "event_type", str)
    dispatch_repository(call.world, call.repository, kind, call.get("client_payload") or {}, call.user)
    return nothing()


def run_of(call: Call) -> WorkflowRun:
    return call.among(call.repository.runs, "run_id")


def _job(call: Call) -> Job:
    return call.one_of(call.repository.jobs, "job_id")


def _workflow(call: Call) -> Workflow:
    """By number or by file name."""
    wanted = call.path["workflow_id"]
    for workflow in known_workflows(call.world, call.repository):
        if wanted in (str(workflow.id), workflow.path.rpartition("/")[2]):
            return workflow
    raise not_found()


def _page_of_runs(call: Call, runs: list[WorkflowRun]) -> Answer:
    chosen = [run for run in reversed(runs) if _is_asked_for(call, run)]
    return call.page(chosen, lambda run: run_shape(call.world, run), under="workflow_runs")


def _is_asked_for(call: Call, run: WorkflowRun) -> bool:
    asked = call.query
    facts = {
        "branch": run.head_branch,
        "event": run.event,
        "actor": run.actor.login,
        "head_sha": run.head_sha,
        "check_suite_id": str(run.suite.id),
    }
    status = asked.get("status", "")
    spoken = run.status if status in STATUSES else run.conclusion
    fits = all(name not in asked or asked[name] == value for name, value in facts.items())
    return fits and (not status or status == spoken)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
