"""From a plan's steps to how they ended; what fails or is stopped half way is rolled back by the criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from action.errors import Inconclusive, StepFailed, Stopped
from action.job import Job, Progress
from action.steps import carry_out
from action.stop import patience
from action.way_back import GoBack, Stay, how_far, roll_back, way_back
from protocol.entry import Status
from protocol.plan import Plan, Step
from protocol.policy import Notify

_ONCE_LOOKED = (
    "if it is well, run this job again, which watches once more; if not, start it with `phase: rollback`"
)
_TIME_TO_GO_BACK = 3.0  # seconds after the wish to stop; as many are left for the log


def carry_through(steps: Sequence[Step], plan: Plan, job: Job, progress: Progress) -> Status:
    """Success means that every step passed, and nothing else does."""
    try:
        carry_out(steps, job, progress)
    except Inconclusive as error:
        return _leave_to_a_person(error, job, progress)
    except StepFailed as error:
        progress.issues.append(f"{_last_step(progress)}: {job.console.masked(str(error))}")
        return go_back(plan, job, progress)
    except Stopped as error:
        return _after_stop(error, plan, job, progress)
    return "success"


def close(plan: Plan, job: Job, progress: Progress) -> Status:
    """The new version is in and well; what is left to tidy cannot undo that."""
    try:
        carry_out(plan.closing, job, progress)
    except (StepFailed, Stopped) as error:
        passed = {step.name for step in progress.steps if step.outcome == "passed"}
        left = ", ".join(step.name for step in plan.closing if step.name not in passed)
        progress.issues.append(f"after the deployment: {error} {_when(progress)}; still to be done: {left}")
    return "success"


def _last_step(progress: Progress) -> str:
    return progress.steps[-1].name if progress.steps else "the beginning"


def _leave_to_a_person(error: Inconclusive, job: Job, progress: Progress) -> Status:
    """Neither a success nor a reason to go back: it stays as it is until somebody has looked."""
    who = job.workflow.triggering_actor or job.workflow.actor or "whoever deployed it"
    progress.issues += [
        f"{who} must look, since {job.console.masked(str(error))}",
        f"it stays; {_ONCE_LOOKED}",
    ]
    job.console.annotate("error", f"{progress.environment}: held for {who}", "; ".join(progress.issues[-2:]))
    return "held"


def _after_stop(error: Stopped, plan: Plan, job: Job, progress: Progress) -> Status:
    """Back only where users may see the new version: a database cannot be undone in seconds."""
    said = f"{error} {_when(progress)}"
    if "service" in progress.touched:
        progress.issues.append(said)
        return "rollback" if go_back(plan, job, progress) == "rollback" else "stopped"
    if "database" in progress.touched:
        said += "; the migration had begun and nothing was deployed: a person must look"
    else:
        said += "; nothing that users see had been changed"
    progress.issues.append(said)
    return "stopped"


def _when(progress: Progress) -> str:
    if not progress.steps:
        return "before the first step"
    last = progress.steps[-1]
    return f"{'during' if last.outcome in ('stopped', 'failed') else 'after'} {last.name}"


def go_back(plan: Plan, job: Job, progress: Progress, *, asked: bool = False) -> Status:
    """Decide about the way back, and go it. A stop waits for it a little: half a rollback is worst of all."""
    back = _way_back(plan, progress, asked=asked)
    if not isinstance(back, GoBack):
        progress.issues.append(f"not rolled back: {back.why}")
        if not back.harmless:
            job.console.annotate("error", f"{progress.environment}: a person is needed", back.why)
        return "failed"
    notify = Notify() if job.stop.wished else plan.notify  # the end is told all the same
    with patience(job.stop, _TIME_TO_GO_BACK) as stop:
        return _go(back, replace(job, stop=stop), progress, notify)


def _go(back: GoBack, job: Job, progress: Progress, notify: Notify) -> Status:
    """A way back that breaks off is not tried again: which part is in which state is for a person to see."""
    before = len(progress.steps)
    try:
        roll_back(back, job, progress, notify)
    except (StepFailed, Stopped) as error:
        failed = isinstance(error, StepFailed)
        far = how_far(back, progress.steps[before:], job.console.masked(str(error)))
        progress.issues.append(f"the rollback {'failed' if failed else 'was cut short'}{far}")
        job.console.annotate("error", f"{progress.environment}: a person is needed", progress.issues[-1])
        return "failed" if failed else "stopped"
    return "rollback"


def _way_back(plan: Plan, progress: Progress, *, asked: bool) -> GoBack | Stay:
    return way_back(
        plan.undoing,
        touched={"service"} if asked else progress.touched,
        failed_step=progress.steps[-1].name if progress.steps else "",
        previous_version=progress.previous_version,
        bad_versions=progress.bad_versions,
        targets=tuple(progress.targets),
        asked=asked,
    )
