"""The end of the story, told by a container of its own when the job's died before telling all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from action.announce import announce_end, call_off, channels_for, telling_of
from action.contents import containing
from action.errors import NoRoom
from action.github import GitHub
from action.hotfix import after_hotfix
from action.job import Job, Progress
from action.journal import Story, read_heard, read_story
from action.record import Claim, Told, note_down, tell_github
from action.summary import write_summary
from gateway.errors import GatewayError
from gateway.turns import PATIENCE
from protocol.decision import environment_in
from protocol.done import note_of, still_done
from protocol.entry import Entry, render_entry
from protocol.facts import Missing
from protocol.markdown import escaped
from protocol.notes import NOT_BEGUN
from protocol.plan import Plan, plan_of
from protocol.policy import Notify, Policy


def tell_the_end(job: Job, github: GitHub) -> Entry | None:
    """To GitHub and the team, what the journal shows to be untold; None where nothing is left to say.

    What GitHub does not take stays untold there, so that another end of the same job tries once more.
    """
    story = read_story(job.journal.path)
    if story is not None and story.finished:
        return None
    story = _with_deployment(story, github)
    if story is None:
        _take_back_that_it_begins(job, github)
        return None
    plan = _plan_now(job, github, story.entry.environment)
    told = _tell_github(job, github, story, plan)
    if plan is not None:
        _tell_the_team(job, told, plan.notify)
        after_hotfix(job, github, plan.hotfix, told.entry)
    if not told.untold:
        job.journal.finished(told.entry.status)
    return told.entry


def _with_deployment(story: Story | None, github: GitHub) -> Story | None:
    """None where nothing had begun. A job may die before it hears the number of the Deployment it makes."""
    if story is None or story.entry.deployment_id is not None:
        return story
    try:
        found = github.unstarted_deployment(story.entry.environment, story.entry.sha)
    except GatewayError:
        return None
    return None if found is None else replace(story, entry=replace(story.entry, deployment_id=found))


def _take_back_that_it_begins(job: Job, github: GitHub) -> None:
    heard = read_heard(job.journal.path)
    channels = [channel for telling, channel in sorted(heard.told | heard.doubtful) if telling == "before"]
    if heard.over or not channels:
        return
    call_off(channels, "the job ended before anything was begun", job=job, progress=_progress(job))
    _note_not_begun(job, github)
    job.journal.finished("stopped")


def _note_not_begun(job: Job, github: GitHub) -> None:
    """Or whoever reads on GitHub's Deployment that a team was told takes the job for lost."""
    check_run_id = job.inputs.check_run_id
    try:
        made = github.deployment_of_check(check_run_id) if check_run_id is not None else None
        if made is not None:
            note_down(github, made.id, NOT_BEGUN, job.workflow)
    except GatewayError as error:
        job.console.annotate("warning", "Note not written", str(error))


def _progress(job: Job) -> Progress:
    workflow, inputs = job.workflow, job.inputs
    version = inputs.version or workflow.tag or workflow.sha
    return Progress(environment=inputs.environment, version=version, sha=workflow.sha)


def _plan_now(job: Job, github: GitHub, environment: str) -> Plan | None:
    """Whom to tell, as the policy says that holds now."""
    try:
        policy = github.own_policy(job.clock())
    except GatewayError as error:
        policy = Missing(str(error))
    if not isinstance(policy, Policy) or environment_in(policy, environment) is None:
        why = "there is no usable policy that says whom to tell"
        job.console.annotate("warning", "Nobody was told", getattr(policy, "reason", why))
        return None
    return plan_of(policy, environment)


def _tell_github(job: Job, github: GitHub, story: Story, plan: Plan | None) -> Told:
    entry = story.closing or _with_contents(ended(story), story, github)
    _show(job, entry)
    progress = _progress(job)
    done = still_done(story.passed, (*story.passed, story.during or "")) if entry.status != "success" else ()
    progress.to_note += [note_of(done, version=entry.version, attempt=entry.run_attempt)] if done else []
    return tell_github(
        job,
        github,
        entry,
        claim=Claim(
            deployment_id=entry.deployment_id or 0,
            ours=story.ours,
            url=plan.url if plan is not None else "",
            goes_back=job.inputs.phase == "rollback",
        ),
        tag=story.tag,
        progress=progress,
        stands=story.stands if story.closing or story.stands else None,
        left_turn=_turn_left(story, job.clock()),
    )


def _turn_left(story: Story, now: datetime) -> str:
    """The log's turn that the job died in; surely its own only until others take it for dead."""
    recent = story.turn_at is not None and now - story.turn_at < timedelta(seconds=PATIENCE)
    return story.turn if recent else ""


def _with_contents(entry: Entry, story: Story, github: GitHub) -> Entry:
    """So that the pull requests it brings hear of it, where the job died before it knew them."""
    if story.since is None:
        return entry
    try:
        found = github.changes(head=entry.sha, base=story.since, version=entry.version, tag=story.tag)
    except GatewayError:
        return entry
    return containing(entry, found)


def _show(job: Job, entry: Entry) -> None:
    """Here and in the summary of the run: that can be read even where GitHub takes nothing more."""
    why = entry.issues[0] if entry.issues else "the job ended before everybody was told; here is the rest"
    job.console.annotate(
        "notice" if entry.status == "success" else "error", f"{entry.environment}: {entry.status}", why
    )
    head = f"### {escaped(entry.environment)}: {entry.status} - {escaped(entry.version)}"
    try:
        write_summary(job.workflow, f"{head}\n\n{render_entry(entry)}\n")
    except NoRoom as error:
        job.console.annotate("warning", "Summary", str(error))


def _tell_the_team(job: Job, told: Told, notify: Notify) -> None:
    """Those who were not told; nobody is told twice."""
    telling, heard = telling_of(told.entry.status), read_heard(job.journal.path)
    for channel in sorted(channel for what, channel in heard.doubtful if what == telling):
        why = f"the job ended while {channel} was told; whether the message arrived is not known"
        job.console.annotate("warning", "Notification", why)
    known = {channel for what, channel in heard.told | heard.doubtful if what == telling}
    left = tuple(channel for channel in channels_for(telling, notify) if channel not in known)
    announce_end(job, _progress(job), told, notify.model_copy(update={"after": left, "rollback": ()}))


def ended(story: Story) -> Entry:
    """The entry as far as the journal knows."""
    if story.deployed:
        issue = f"the new version was in and well when the job ended {_when(story)}: check that all is tidy"
        return replace(story.entry, status="success", issues=(issue,), seconds=None)
    passed = f"; these had passed: {', '.join(story.passed)}" if story.passed else "; no step had passed"
    issue = f"the job ended {_when(story)}{passed}. {_way_back_of(story)}: look, then use `phase: rollback`"
    return replace(story.entry, status="stopped", issues=(issue,), seconds=None)


def _when(story: Story) -> str:
    if story.during:
        return f"during {story.during}"
    return "between two steps" if story.handed is None else "after `phase: start`, and `finish` never came"


def _way_back_of(story: Story) -> str:
    if any(step.startswith("rollback: ") for step in (*story.passed, story.during or "")):
        return "The rollback had begun and was not finished"
    return "Nothing was rolled back"


def journal_left(environ: Mapping[str, str]) -> Path | None:
    """Where the job's journal lies, if it ever began one."""
    path = environ.get("STATE_journal", "")
    return Path(path) if path and Path(path).is_file() else None
