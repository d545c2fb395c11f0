"""How jobs hang together: which are ready, how those they need went, and what the run comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.state import Job, WorkflowRun
from sandbox.workflow import Job as JobPlan


def is_ready(run: WorkflowRun, plan: JobPlan) -> bool:
    begun = {job.key for job in run.current_jobs}
    ahead = {job.key for job in run.current_jobs if job.status != "completed"}
    return plan.key not in begun and begun - ahead >= set(plan.needs)


def status_of_needs(run: WorkflowRun, plan: JobPlan) -> str:
    """Failures count through the whole chain of needs; a skipped need keeps success() from holding."""
    if run.cancelled:
        return "cancelled"
    plans = run.plan.jobs if run.plan else {}
    chain = _chain(plans, plan.needs)
    results = {job.conclusion for job in run.current_jobs if job.key in chain and not _forgiven(job)}
    direct = {job.conclusion for job in run.current_jobs if job.key in plan.needs}
    if results & {"failure", "timed_out"}:
        return "failure"
    if "cancelled" in results:
        return "cancelled"
    return "skipped" if "skipped" in direct else "success"


def _chain(plans: Mapping[str, JobPlan], needs: Iterable[str]) -> set[str]:
    chain = set(needs)
    for need in needs:
        chain |= _chain(plans, plans[need].needs)
    return chain


def _forgiven(job: Job) -> bool:
    return job.may_fail and job.conclusion == "failure"


def result_of(jobs: list[Job]) -> str:
    """What `needs.KEY.result` says of a job that may be many."""
    found = {job.conclusion for job in jobs}
    return next((word for word in ("failure", "cancelled", "success") if word in found), "skipped")


def status_of(jobs: list[Job]) -> str:
    states = {job.status for job in jobs}
    for state in ("in_progress", "queued", "waiting", "pending"):
        if state in states:
            return "in_progress" if state == "queued" and "completed" in states else state
    return "queued"


def conclusion_of(run: WorkflowRun, jobs: list[Job]) -> str:
    found = {job.conclusion for job in jobs if not _forgiven(job)}
    if run.cancelled:
        return "cancelled"
    if found & {"failure", "timed_out"}:
        return "failure"  # which may have cancelled the others
    if "cancelled" in found:
        return "cancelled"
    return "skipped" if {job.conclusion for job in jobs} == {"skipped"} else "success"
