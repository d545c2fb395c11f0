"""One phase, from inputs to result: gather, decide, act."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from action.contents import release_notes
from action.deployment import carry_out_deployment
from action.errors import NoRoom
from action.github import GitHub
from action.halves import first_half
from action.inputs import Phase
from action.job import Job, Progress
from action.preflight import Preflight, look_before
from action.result import Result, Status, result_of
from action.summary import outputs_of, render_summary, write_outputs, write_summary
from gateway.errors import GatewayError
from protocol.plan import Plan, Step
from protocol.plan_shown import render_plan
from protocol.report import findings_text
from protocol.verdict import Decision, Finding, Verdict

_NO_GATE_HERE = (
    "This job has no `environment:`, so no gate held it before it started; only this step decided. "
    "Set `environment:` on the job and enable the App's rule on that environment."
)
_NO_GATE_AT_A_TERMINAL = (
    "No gate stands between a terminal and an environment: only this command decided, with what your token "
    "may see. Deploy by a workflow whose job has `environment:` to be held by the App."
)
_HELD: dict[Verdict, Status] = {Verdict.WAIT: "waiting", Verdict.REFUSE: "refused"}


def run(job: Job, github: GitHub) -> Result:
    """Carry out the phase the workflow asks for, and hand its result to the later steps."""
    if job.inputs.phase == "finish":
        return _finish(job, github)
    progress = Progress(
        environment=job.inputs.environment,
        version=job.inputs.version or job.workflow.tag or job.workflow.sha,
        sha=job.workflow.sha,
    )
    try:
        found = look_before(job, github, progress)
    except GatewayError as error:
        found = _nothing_known(error)
    _show(found, job)
    result = _act(job, github, progress, found)
    summary = render_summary(result, found.decision, found.zone, progress)
    return _hand_on(job, result, summary + release_notes(progress.contents))


def _hand_on(job: Job, result: Result, summary: str) -> Result:
    """To later steps and the run's page; neither changes what has happened.

    But own steps that know nothing of what `start` found must not deploy, nor would `finish` come after them.
    """
    try:
        write_outputs(job.workflow, outputs_of(result))
    except NoRoom as error:
        job.console.annotate("error", "Outputs", f"Later steps see none of them: {error}")
        if result.status == "started":
            result = result.model_copy(update={"status": "failed", "issues": (*result.issues, str(error))})
    try:
        write_summary(job.workflow, summary)
    except NoRoom as error:
        job.console.annotate("warning", "Summary", str(error))
    job.console.conclude(result)
    return result


def _finish(job: Job, github: GitHub) -> Result:
    from action.finish import decision_of, finish, look_at_start  # noqa: PLC0415 - of one phase only

    if job.inputs.dry_run:
        job.console.say("a dry run begins nothing, so there is nothing to finish")
        progress = Progress(environment=job.inputs.environment, version="", sha=job.workflow.sha)
        return result_of(job, progress, Decision(()), "dry run")
    story = look_at_start(job)
    result, progress = finish(job, github, story)
    summary = render_summary(result, decision_of(story.entry), ZoneInfo("UTC"), progress)
    return _hand_on(job, result, summary)


def _nothing_known(error: GatewayError) -> Preflight:
    why = f"What GitHub knows could not be read: {error}"
    finding = Finding(code="facts.unavailable", rule="facts", verdict=Verdict.WAIT, why=why)
    return Preflight(decision=Decision((finding,)))


def _show(found: Preflight, job: Job) -> None:
    with job.console.group(f"Decision: {found.decision.verdict.word}"):
        job.console.say(findings_text(found.decision, found.zone))
    for finding in found.decision.blocking:
        job.console.annotate("error", f"{finding.verdict.word}: {finding.code}", finding.why)


def _act(job: Job, github: GitHub, progress: Progress, found: Preflight) -> Result:
    if found.allowed is None:
        return result_of(job, progress, found.decision, _HELD.get(found.decision.verdict, "waiting"))
    if found.deployment_id is None:
        _say_weaker(job)
    if job.inputs.phase == "check":
        return result_of(job, progress, found.decision, "checked")
    if job.inputs.dry_run:
        job.console.say(render_plan(found.allowed.plan))
        return result_of(job, progress, found.decision, "dry run")
    job.console.follow(_ahead(found.allowed.plan, job.inputs.phase), progress)
    return carry_out_deployment(job, github, progress, found.allowed)


def _ahead(plan: Plan, phase: Phase) -> tuple[Step, ...]:
    """What is to be done if all goes well, as far as the plan knows."""
    match phase:
        case "run":
            return (*plan.steps, *plan.closing)
        case "start":
            return first_half(plan)
        case _:
            return ()


def _say_weaker(job: Job) -> None:
    why = _NO_GATE_HERE if job.workflow.run_id else _NO_GATE_AT_A_TERMINAL
    job.console.annotate("notice", "Weaker mode", why)
