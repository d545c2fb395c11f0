"""A deployment that may begin: its steps, its way back if one fails, and its log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from action.announce import announce
from action.contents import contents_of
from action.errors import Inconclusive, StepFailed, Stopped
from action.github import GitHub
from action.job import Job, Progress, StepRecord
from action.preflight import Allowed
from action.record import Claim, Told, claim_deployment, note_told, release_tag, tell_github
from action.result import Result, result_of
from action.steps import carry_out
from action.summary import write_state
from action.way_back import GoBack, roll_back, way_back
from gateway.errors import GatewayError
from protocol.changes import MOST_SHOWN, headline
from protocol.entry import Change, Entry, Said, Status
from protocol.exposure import exposure_of
from protocol.facts import Missing
from protocol.messages import Telling, news_of
from protocol.plan import Plan, render_plan

_UNTOLD = "the job ended before it could say how the deployment went"


def carry_out_deployment(job: Job, github: GitHub, progress: Progress, allowed: Allowed) -> Result:
    """Claim, do, tell. Once begun it always ends with an entry in the log."""
    job.console.say(render_plan(allowed.plan))
    try:
        claim = _claim(job, github, progress, allowed)
    except GatewayError as error:
        return _not_begun(job, progress, allowed, error)
    tag = release_tag(allowed.policy, job.workflow, progress.version)
    progress.contents = contents_of(job, github, progress, allowed.facts, tag)
    author = _Author(job=job, progress=progress, allowed=allowed, began=job.clock())
    job.journal.opened(author.entry("stopped", issues=(_UNTOLD,)), tag=tag, ours=claim.ours)
    write_state(job.workflow, "journal", job.journal.path)
    status = _do(job, progress, allowed.plan)
    if status != "success" and job.inputs.phase != "rollback":
        _say_who_saw_it(job, progress)
    note_told(job, github, progress)
    entry = author.entry(status, issues=tuple(progress.issues))
    told = tell_github(
        job,
        github,
        entry,
        claim=claim,
        tag=tag,
        failed=_failed(progress),
    )
    _announce_end(job, progress, entry, told, allowed.plan)
    job.journal.finished(status)
    return _end(job, progress, allowed, entry, told)


def _claim(job: Job, github: GitHub, progress: Progress, allowed: Allowed) -> Claim:
    """A rollback runs an older commit than the one GitHub made its Deployment for, so it gets its own."""
    goes_back = job.inputs.phase == "rollback"
    claim = claim_deployment(
        job,
        github,
        made_by_github=None if goes_back else allowed.made_by_github,
        sha=allowed.facts.sha,
        version=progress.previous_version if goes_back else progress.version,
        url=allowed.plan.url,
    )
    progress.deployment_id = claim.deployment_id
    note_told(job, github, progress)
    return claim


def _not_begun(job: Job, progress: Progress, allowed: Allowed, error: GatewayError) -> Result:
    progress.issues.append(f"nothing was begun, since no Deployment could be made: {error}")
    job.console.annotate("error", f"{progress.environment}: not begun", progress.issues[-1])
    return result_of(job, progress, allowed.decision, "failed")


def _do(job: Job, progress: Progress, plan: Plan) -> Status:
    try:
        if job.inputs.phase == "rollback":
            return _go_back(job, progress, plan, asked=True)
        carry_out(plan.steps, job, progress)
        return _close(job, progress, plan)
    except Inconclusive:
        return _leave_to_a_person(job, progress)
    except StepFailed:
        return _after_failure(job, progress, plan)
    except Stopped as error:
        progress.issues.append(_say_stopped(error, progress))
        return "stopped"


def _close(job: Job, progress: Progress, plan: Plan) -> Status:
    """The new version is in and well; what is left to tidy cannot undo that."""
    try:
        carry_out(plan.closing, job, progress)
    except (StepFailed, Stopped) as error:
        progress.issues.append(f"after the deployment: {error}")
    return "success"


def _leave_to_a_person(job: Job, progress: Progress) -> Status:
    """Neither a success nor a reason to go back."""
    why = f"{progress.steps[-1].wrong}; it stays, and a person must look"
    progress.issues.append(why)
    job.console.annotate("error", f"{progress.environment}: a person is needed", why)
    return "failed"


def _after_failure(job: Job, progress: Progress, plan: Plan) -> Status:
    failed = progress.steps[-1]
    progress.issues.append(f"{failed.name}: {failed.wrong}")
    try:
        return _go_back(job, progress, plan)
    except Stopped as error:
        progress.issues.append(f"the rollback was not finished, {error}; a person must look")
        return "failed"


def _go_back(job: Job, progress: Progress, plan: Plan, *, asked: bool = False) -> Status:
    back = way_back(
        plan.undoing,
        touched={"service"} if asked else progress.touched,
        failed_step=progress.steps[-1].name if progress.steps else "",
        previous_version=progress.previous_version,
        bad_versions=progress.bad_versions,
        targets=tuple(progress.targets),
        asked=asked,
    )
    if isinstance(back, GoBack):
        return "rollback" if roll_back(back, job, progress, plan.notify) else "failed"
    progress.issues.append(f"not rolled back: {back.why}")
    if not back.harmless:
        job.console.annotate("error", f"{progress.environment}: a person is needed", back.why)
    return "failed"


def _say_who_saw_it(job: Job, progress: Progress) -> None:
    progress.exposure = exposure_of(progress.shares, job.clock())
    if "service" in progress.touched:
        progress.issues.append(progress.exposure.say(progress.version))


def _say_stopped(error: Stopped, progress: Progress) -> str:
    during = f" during {progress.steps[-1].name}" if progress.steps else ""
    if progress.touched <= {"nothing"}:
        return f"{error}{during}; nothing had been changed"
    return f"{error}{during}; not rolled back, since there is no time: look, then use `phase: rollback`"


def _failed(progress: Progress) -> StepRecord | None:
    return next((record for record in progress.steps if record.outcome != "passed"), None)


def _announce_end(job: Job, progress: Progress, entry: Entry, told: Told, plan: Plan) -> None:
    telling: Telling = "after" if entry.status == "success" else "failed"
    news = news_of(entry, log_url=told.release_url, issue_url=told.issue_url)
    announce(telling, plan.notify, news, job=job, progress=progress)


def _end(job: Job, progress: Progress, allowed: Allowed, entry: Entry, told: Told) -> Result:
    job.console.say(f"{entry.environment}: {entry.status} - {entry.version}")
    return result_of(job, progress, allowed.decision, entry.status).model_copy(
        update={
            "entry": entry,
            "environment_url": allowed.plan.url,
            "release_url": told.release_url,
            "issue_url": told.issue_url,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Author:
    """Writes the log's entry of one deployment, at its beginning and at its end."""

    job: Job
    progress: Progress
    allowed: Allowed
    began: datetime

    def entry(self, status: Status, *, issues: tuple[str, ...]) -> Entry:
        progress, facts, workflow = self.progress, self.allowed.facts, self.job.workflow
        changes, changes_url = self._changes()
        return Entry(
            repository=workflow.repository,
            environment=progress.environment,
            version=progress.version,
            sha=progress.sha,
            at=self.began.astimezone(self.allowed.policy.timezone).replace(microsecond=0),
            deployer=facts.deployer,
            status=status,
            deployment_id=progress.deployment_id,
            previous_version=progress.previous_version or None,
            changes=changes,
            changes_url=changes_url,
            included=progress.contents.parts[:MOST_SHOWN],
            notes_url=progress.contents.notes_url,
            issues=issues,
            seconds=round((self.job.clock() - self.began).total_seconds(), 3),
            metrics=self._metrics(),
            findings=tuple(Said.of(finding) for finding in self.allowed.decision.findings),
            approvers=self._approvers(),
            emergency=facts.emergency.reason if facts.emergency is not None else None,
            run_url=workflow.run_url,
            run_attempt=workflow.run_attempt,
        )

    def _changes(self) -> tuple[str, str]:
        """All that is new since the version before, under what came last."""
        previous, parts = self.progress.previous_sha, self.progress.contents.parts
        home = f"{self.job.workflow.server_url}/{self.job.workflow.repository}"
        text = f"{previous[:7]}...{self.progress.sha[:7]}" if previous else self.progress.sha[:7]
        text = headline(parts) if parts else text
        address = f"compare/{previous}...{self.progress.sha}" if previous else f"commit/{self.progress.sha}"
        return text, f"{home}/{address}"

    def _metrics(self) -> tuple[Change, ...]:
        if self.progress.analysis is None:
            return ()
        from action.monitoring import changes_in  # noqa: PLC0415 - only where there are metrics

        return changes_in(self.progress.analysis)

    def _approvers(self) -> tuple[str, ...]:
        approvals = self.allowed.facts.approvals
        if isinstance(approvals, Missing):
            return ()
        return tuple(dict.fromkeys(one.by for one in approvals if one.state == "approved"))
