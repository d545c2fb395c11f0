"""What earlier attempts of this run have told and done, and what the next one has to know of that."""

from __future__ import annotations

from action.announce import asks_to_be_told
from action.github import GitHub
from action.job import Job, Progress
from action.record import note_told
from gateway.errors import GatewayError
from protocol.done import ONCE, broken_off_before, done_before, note_of, still_done
from protocol.notes import NOT_BEGUN
from protocol.plan import Plan


def learn_of_earlier(plan: Plan, job: Job, github: GitHub, progress: Progress) -> None:
    """A run that is run again keeps in GitHub's record what its team was told, and what is done."""
    does_once = any(step.name in ONCE for step in plan.steps)
    if job.workflow.run_attempt == 1 or not (does_once or asks_to_be_told(plan)):
        return
    progress.noted = github.noted_in_run(progress.environment, progress.sha, job.workflow.run_url)
    if job.inputs.repeat or job.inputs.phase == "rollback":
        return
    version, attempt = progress.version, job.workflow.run_attempt
    progress.done = done_before(progress.noted, version=version, attempt=attempt)
    progress.broken_off = broken_off_before(progress.noted, version=version, attempt=attempt)


def pass_on(plan: Plan | None, job: Job, github: GitHub, progress: Progress) -> None:
    """A job that may or shall not begin says so; between two that do it hands on what it heard."""
    try:
        if plan is not None:
            learn_of_earlier(plan, job, github, progress)
    except GatewayError as error:
        job.console.annotate("warning", "Earlier attempts", f"what they have done is not known: {error}")
        return
    note_not_begun(job, progress)
    note_told(job, github, progress)


def note_not_begun(job: Job, progress: Progress) -> None:
    """Last of all, or whoever reads the notes before it takes the job for lost.

    Without it GitHub's own Deployment for the job would count as one of its commit, by how the job ends:
    a dry run as its success, a closed window as its failure.
    """
    note_what_stands(job, progress)
    progress.to_note.append(NOT_BEGUN)


def note_what_stands(job: Job, progress: Progress) -> None:
    """For the next attempt of this run, which may have a disk of its own."""
    passed = [step.name for step in progress.steps if step.outcome in ("passed", "skipped")]
    begun = [step.name for step in progress.steps]
    stands = still_done((*progress.done, *passed), (*progress.broken_off, *begun))
    if stands:
        note = note_of(stands, version=progress.version, attempt=job.workflow.run_attempt)
        progress.to_note.append(note)
