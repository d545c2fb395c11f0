"""A deployment that may begin: its steps, its way back if one fails, and its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from action.announce import Delivery, announce_end, call_off
from action.contents import Asked, ask_contents, containing, contents_of
from action.earlier import note_what_stands
from action.errors import NoRoom
from action.github import GitHub
from action.halves import first_half
from action.handover import handed
from action.hotfix import after_hotfix
from action.job import Job, Progress
from action.outcome import carry_through, close, go_back
from action.preflight import Allowed
from action.record import Claim, Told, claim_deployment, note_told, release_tag, tell_github
from action.result import Result, result_of
from gateway.errors import GatewayError
from protocol.changes import span
from protocol.entry import Change, Entry, Said, Status
from protocol.exposure import exposure_of
from protocol.messages import notes
from protocol.notes import NOT_BEGUN
from protocol.plan import Plan
from protocol.plan_shown import render_plan
from protocol.verdict import Decision

_UNTOLD = "the job ended before it could say how the deployment went"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A deployment whose entry stands open in the journal."""

    entry: Entry
    began: datetime
    plan: Plan
    claim: Claim
    tag: str | None
    decision: Decision


def carry_out_deployment(job: Job, github: GitHub, progress: Progress, allowed: Allowed) -> Result:
    """Claim, do, tell. Once begun it always ends with an entry in the log."""
    job.console.say(render_plan(allowed.plan))
    try:
        begun, asked = _begin(job, github, progress, allowed)
    except GatewayError as error:
        return _not_begun(job, github, progress, allowed, error)
    status = _do(job, progress, begun.plan)
    progress.contents = asked.answer(job)
    begun = replace(begun, entry=containing(begun.entry, progress.contents))
    if status == "success" and job.inputs.phase == "start":
        return _hand_over(job, github, progress, begun)
    return conclude(job, github, progress, begun, status)


def _begin(job: Job, github: GitHub, progress: Progress, allowed: Allowed) -> tuple[Begun, Asked]:
    """What the end of the job has to know stands in the journal before there is anything to end."""
    tag, began = release_tag(allowed.policy, job.workflow, progress.version), job.clock()
    made_by_github = _made_by_github(job, allowed)
    entry = replace(_opening(job, progress, allowed, began), deployment_id=made_by_github)
    job.journal.opened(entry, tag=tag, ours=made_by_github is None, since=progress.previous_sha)
    claim = _claim(job, github, progress, allowed)
    entry = replace(entry, deployment_id=claim.deployment_id)
    job.journal.opened(entry, tag=tag, ours=claim.ours, since=progress.previous_sha)
    asked = ask_contents(
        partial(contents_of, job, github, progress, allowed.facts, tag),
        lambda found: job.journal.opened(containing(entry, found), tag=tag, ours=claim.ours),
    )
    begun = Begun(
        entry=entry,
        began=began,
        plan=allowed.plan,
        claim=claim,
        tag=tag,
        decision=allowed.decision,
    )
    return begun, asked


def _do(job: Job, progress: Progress, plan: Plan) -> Status:
    if job.inputs.phase == "rollback":
        return go_back(plan, job, progress, asked=True)
    if job.inputs.phase == "start":
        return carry_through(first_half(plan), plan, job, progress)
    status = carry_through(plan.steps, plan, job, progress)
    if status != "success":
        return status
    job.journal.deployed()
    return close(plan, job, progress)


def _hand_over(job: Job, github: GitHub, progress: Progress, begun: Begun) -> Result:
    try:
        job.journal.handed_over(handed(progress, job.clock()))
    except NoRoom as error:
        progress.issues.append(str(error))
        return conclude(job, github, progress, begun, go_back(begun.plan, job, progress))
    job.console.say("handed over: now the job's own steps, then `phase: finish`")
    return result_of(job, progress, begun.decision, "started").model_copy(
        update={"environment_url": begun.plan.url}
    )


def conclude(job: Job, github: GitHub, progress: Progress, begun: Begun, status: Status) -> Result:
    """Tell GitHub and the team how it ended."""
    if status != "success" and job.inputs.phase != "rollback":
        _say_who_saw_it(job, progress)
    if status in ("failed", "stopped", "held"):
        note_what_stands(job, progress)
    progress.issues += _not_repeated(job, progress)
    if job.journal.lost:
        progress.issues.append(f"the journal could not be written to its end: {job.journal.lost}")
    entry = _closing(job, progress, begun, status)
    job.journal.ended(entry)
    told = tell_github(
        job,
        github,
        entry,
        claim=begun.claim,
        tag=begun.tag,
        progress=progress,
    )
    deliveries = announce_end(job, progress, told, begun.plan.notify)
    _note_who_was_not_told(job, github, begun.claim, told.entry, deliveries)
    after_hotfix(job, github, begun.plan.hotfix, told.entry)
    if job.journal.lost or not told.untold:  # else the end of the job tries once more
        job.journal.finished(status)
    return _end(job, progress, begun, told)


def _note_who_was_not_told(
    job: Job, github: GitHub, claim: Claim, entry: Entry, deliveries: Sequence[Delivery]
) -> None:
    """Of a success the next attempt of the run tells nobody again, but those."""
    failed = [one.channel for one in deliveries if not one.delivered]
    for note in notes("after but not", failed) if entry.status == "success" else ():
        try:
            github.post_deployment_status(
                claim.deployment_id,
                state=claim.last_state(entry.status),
                description=note,
                log_url=job.workflow.run_url,
                environment_url=claim.url,
            )
        except GatewayError as error:
            job.console.annotate("warning", "Note not written", str(error))


def _not_repeated(job: Job, progress: Progress) -> list[str]:
    skipped = [step.name for step in progress.steps if step.outcome == "skipped"]
    attempt = job.workflow.run_attempt - 1
    return [f"{', '.join(skipped)}: done in attempt {attempt}, and not repeated"] if skipped else []


def _made_by_github(job: Job, allowed: Allowed) -> int | None:
    """A rollback runs an older commit than the one GitHub made its Deployment for, so it gets its own."""
    return None if job.inputs.phase == "rollback" else allowed.made_by_github


def _claim(job: Job, github: GitHub, progress: Progress, allowed: Allowed) -> Claim:
    goes_back = job.inputs.phase == "rollback"
    claim = claim_deployment(
        job,
        github,
        made_by_github=_made_by_github(job, allowed),
        sha=allowed.facts.sha,
        version=progress.previous_version if goes_back else progress.version,
        url=allowed.plan.url,
        more=_taken_back(progress, allowed) if goes_back else None,
    )
    progress.deployment_id = claim.deployment_id
    note_told(job, github, progress)
    return claim


def _taken_back(progress: Progress, allowed: Allowed) -> dict[str, Any]:
    """Else what is taken back would count as good, and so would the commit that GitHub names for the job."""
    beside = {} if allowed.made_by_github is None else {"beside": allowed.made_by_github}
    return {"instead_of": progress.sha, **beside}


def _not_begun(job: Job, github: GitHub, progress: Progress, allowed: Allowed, error: GatewayError) -> Result:
    progress.issues.append(f"nothing was begun, since no Deployment could be made: {error}")
    job.console.annotate("error", f"{progress.environment}: not begun", progress.issues[-1])
    call_off(progress.heard, progress.issues[-1], job=job, progress=progress)
    progress.to_note.append(NOT_BEGUN)  # on GitHub's own for the job, if there is one
    note_told(job, github, progress)
    job.journal.finished("failed")
    return result_of(job, progress, allowed.decision, "failed")


def _say_who_saw_it(job: Job, progress: Progress) -> None:
    if job.inputs.phase == "finish":
        return  # the job's own steps deployed it: only they know to whom
    progress.exposure = exposure_of(progress.shares, job.clock())
    if "service" in progress.touched:
        over = not progress.shares or not progress.shares[-1].share
        progress.issues.append(progress.exposure.say(progress.version, over=over))


def _end(job: Job, progress: Progress, begun: Begun, told: Told) -> Result:
    entry = told.entry
    return result_of(job, progress, begun.decision, entry.status).model_copy(
        update={
            "entry": entry,
            "environment_url": begun.plan.url,
            "release_url": told.release_url,
            "issue_url": entry.document_url,
        }
    )


def _opening(job: Job, progress: Progress, allowed: Allowed, began: datetime) -> Entry:
    """The entry as it will stand if nothing more is heard."""
    facts, workflow = allowed.facts, job.workflow
    changes, page = span(progress.previous_sha, progress.sha)
    return Entry(
        repository=workflow.repository,
        environment=progress.environment,
        version=progress.version,
        sha=progress.sha,
        at=began.astimezone(allowed.policy.timezone).replace(microsecond=0),
        deployer=facts.deployer,
        status="stopped",
        deployment_id=progress.deployment_id,
        previous_version=progress.previous_version or None,
        changes=changes,
        changes_url=f"{workflow.server_url}/{workflow.repository}/{page}",
        issues=(_UNTOLD,),
        findings=tuple(Said.of(finding) for finding in allowed.decision.findings),
        approvers=facts.approvers,
        emergency=facts.emergency.reason if facts.emergency is not None else None,
        run_url=workflow.run_url,
        run_attempt=workflow.run_attempt,
    )


def _closing(job: Job, progress: Progress, begun: Begun, status: Status) -> Entry:
    """The same entry with what is known only at the end."""
    return replace(
        begun.entry,
        status=status,
        previous_version=progress.previous_version or None,
        issues=tuple(progress.issues),
        seconds=round((job.clock() - begun.began).total_seconds(), 3),
        metrics=_metrics(progress),
    )


def _metrics(progress: Progress) -> tuple[Change, ...]:
    if progress.analysis is None:
        return ()
    from action.monitoring import changes_in  # noqa: PLC0415 - only where there are metrics

    return changes_in(progress.analysis)
