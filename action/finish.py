"""The second half of a deployment whose own steps the team ran between `start` and `finish`."""

from __future__ import annotations

from typing import assert_never

from action.deployment import Begun, conclude
from action.errors import ActionError
from action.github import GitHub
from action.halves import around_own_steps, second_half
from action.handover import progress_from
from action.job import Job, Progress, StepRecord
from action.journal import Story, read_story
from action.outcome import carry_through, go_back
from action.record import Claim
from action.result import Result
from gateway.errors import GatewayError
from protocol.decision import environment_in
from protocol.entry import Entry, Status
from protocol.errors import PolicyError
from protocol.facts import Missing
from protocol.plan import Plan, plan_of
from protocol.policy import Policy
from protocol.verdict import Decision, Finding, Verdict

_TEAMS_STEPS = "the job's own steps"
_VERDICTS = {verdict.word: verdict for verdict in Verdict}


def look_at_start(job: Job) -> Story:
    """What `start` left. Raises ActionError where there is nothing to finish."""
    story = read_story(job.journal.path)
    if story is None:
        raise ActionError(
            f"No `phase: start` of this job has begun a deployment to {job.inputs.environment}, so there is "
            "nothing to finish. Let `finish` run after `start`, as docs/your-own-tools.md shows."
        )
    if story.finished:
        raise ActionError(
            f"`phase: start` already ended this deployment: {story.ended_as}. Nothing is left to do."
        )
    if story.handed is None:
        raise ActionError(
            f"`phase: start` was ended during {story.during or 'its work'}; the job's end writes it down."
        )
    return story


def finish(job: Job, github: GitHub, story: Story) -> tuple[Result, Progress]:
    """Health, smoke, metrics and log; or the way back where the team's own steps failed."""
    progress = progress_from(story, job.inputs, job.workflow)
    progress.touched.add("service")
    plan = _plan(job, github, progress)
    begun = _begun(story, plan or Plan(environment=progress.environment, strategy="at once", steps=()))
    status = _do(job, progress, plan) if plan is not None else "failed"
    return conclude(job, github, progress, begun, status), progress


def _plan(job: Job, github: GitHub, progress: Progress) -> Plan | None:
    """By the policy that holds now; without one nothing is looked at, which is no success."""
    policy = _policy(job, github)
    if isinstance(policy, Policy) and environment_in(policy, progress.environment) is not None:
        return around_own_steps(plan_of(policy, progress.environment))
    problem = f"nothing was looked at, since {_lack(policy, progress.environment)}; a person must look"
    progress.issues.append(problem)
    job.console.annotate("error", f"{progress.environment}: a person is needed", problem)
    return None


def _policy(job: Job, github: GitHub) -> Policy | PolicyError | Missing:
    try:
        return github.own_policy(job.clock())
    except GatewayError as error:
        return Missing(str(error))


def _lack(policy: Policy | PolicyError | Missing, environment: str) -> str:
    match policy:
        case Missing(reason=reason):
            return f"the policy could not be read: {reason}"
        case PolicyError():
            return f"the policy cannot be used: {policy.problems[0]}"
        case Policy():
            return f"the policy does not name {environment} any more"
        case _:
            assert_never(policy)


def _begun(story: Story, plan: Plan) -> Begun:
    entry = story.entry
    return Begun(
        entry=entry,
        began=entry.at,
        plan=plan,
        claim=Claim(deployment_id=entry.deployment_id or 0, ours=story.ours, url=plan.url),
        tag=story.tag,
        decision=decision_of(entry),
    )


def decision_of(entry: Entry) -> Decision:
    """What `start` decided by."""
    return Decision(
        tuple(
            Finding(code=one.code, rule="", verdict=_VERDICTS[one.verdict], why=one.why)
            for one in entry.findings
        )
    )


def _do(job: Job, progress: Progress, plan: Plan) -> Status:
    if job.inputs.job_status == "success":
        return carry_through(second_half(plan), plan, job, progress)
    wrong = f"ended as {job.inputs.job_status}"
    progress.steps.append(StepRecord(name=_TEAMS_STEPS, outcome="failed", seconds=0, wrong=wrong))
    progress.issues.append(f"{_TEAMS_STEPS}: {wrong}")
    return go_back(plan, job, progress)
