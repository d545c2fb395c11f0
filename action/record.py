"""Tells GitHub how it went: the Deployment, the Release, and an issue for what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from action.console import Console
from action.github import GitHub
from action.inputs import Workflow
from action.job import Job, Progress
from action.scribe import Scribe
from gateway.errors import GatewayError, Unavailable
from gateway.github import StatusState
from gateway.incidents import document
from gateway.turns import Kept
from protocol.entry import Entry, Status, one_line
from protocol.incident import Happened
from protocol.policy import Policy
from protocol.tags import log_tag

_STATES: dict[Status, StatusState] = {
    "success": "success",
    "rollback": "failure",
    "failed": "failure",
    "stopped": "error",
    "held": "error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The Deployment this job writes to. `ours`: we made it, so its end is ours to post."""

    deployment_id: int
    ours: bool
    sha: str = ""  # its commit, where that is not the entry's
    url: str = ""
    goes_back: bool = False  # it is of the version gone back to, so a rollback is its success

    def last_state(self, status: Status) -> StatusState:
        """GitHub ends its own Deployment itself, when the job ends."""
        if not self.ours:
            return "in_progress"
        return "success" if self.goes_back and status == "rollback" else _STATES[status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The entry as it was told, and where it can be read now."""

    entry: Entry
    release_url: str = ""
    untold: tuple[str, ...] = ()  # parts that GitHub may take another time


def claim_deployment(
    job: Job,
    github: GitHub,
    *,
    made_by_github: int | None,
    sha: str,
    version: str,
    url: str,
    more: Mapping[str, Any] | None = None,
) -> Claim:
    """Reuse the Deployment GitHub made for the job; make one by SHA only where there is none.

    `more` is what is to be known of one that we make, for those who read it later.
    """
    if made_by_github is not None:
        return Claim(deployment_id=made_by_github, ours=False, url=url)
    workflow = job.workflow
    told = {"version": version, "workflow_run_id": workflow.run_id, **(more or {})}
    deployment_id = _created(job, github, sha, told)
    try:
        github.post_deployment_status(deployment_id, state="in_progress", log_url=workflow.run_url)
    except GatewayError as error:  # it exists: from here on it has an end, whatever GitHub takes of its begin
        job.console.annotate("warning", "Deployment status not written", str(error))
    goes_back = job.inputs.phase == "rollback"
    return Claim(deployment_id=deployment_id, ours=True, sha=sha, url=url, goes_back=goes_back)


def _created(job: Job, github: GitHub, sha: str, payload: Mapping[str, Any]) -> int:
    """One Deployment: where the answer was lost it may be there, and another would be one too many."""
    workflow, environment = job.workflow, job.inputs.environment
    try:
        return github.create_deployment(
            sha=sha,
            ref=workflow.ref if sha == workflow.sha else "",
            environment=environment,
            description=f"Version {payload['version']}",
            payload=payload,
        )
    except Unavailable:
        found = github.unstarted_deployment(environment, sha)
        if found is None:
            raise
        return found


def note_told(job: Job, github: GitHub, progress: Progress) -> None:
    """Keep in the Deployment's statuses who was told, once there is a Deployment; else at the end."""
    deployment_id = progress.deployment_id
    if deployment_id is None:
        return
    for note in tuple(progress.to_note):
        try:
            note_down(github, deployment_id, note, job.workflow)
        except GatewayError as error:
            job.console.annotate("warning", "Note not written", str(error))
        else:
            progress.to_note.remove(note)


def note_down(github: GitHub, deployment_id: int, note: str, workflow: Workflow) -> None:
    github.post_deployment_status(
        deployment_id, state="in_progress", description=note, log_url=workflow.run_url
    )


def release_tag(policy: Policy, workflow: Workflow, version: str) -> str | None:
    """The tag whose release keeps the entry; None where the policy wants none."""
    return log_tag(policy.log.releases, workflow.tag, version=version, sha=workflow.sha)


def tell_github(
    job: Job,
    github: GitHub,
    entry: Entry,
    *,
    claim: Claim,
    tag: str | None,
    progress: Progress,
    stands: Mapping[str, str] | None = None,
    left_turn: str = "",
) -> Told:
    """Write the log everywhere it belongs, but for the parts that stand already, each at its address.

    What GitHub does not take is reported, and the rest still told. `left_turn`: as in gateway/turns.py.
    """
    scribe = Scribe(job=job, known=partial(_noted, github, entry, claim), stands=stands)
    for note in progress.to_note:
        scribe.write_status(note, partial(note_down, github, claim.deployment_id, note, job.workflow))
    scribe.write_status(one_line(entry), partial(post_end, github, entry, claim, job.workflow))
    if entry.status != "success" or _was_emergency(entry):
        issue = scribe.write("Issue", lambda: _document(github, entry, progress, first=stands is None))
        entry = replace(entry, document_url=issue)
    kept = Kept(left=left_turn, keep=lambda ref: job.journal.turn(ref, job.clock()))
    release_url = scribe.write("Log", lambda: put_in_log(job.console, github, entry, tag, kept))
    return Told(entry=entry, release_url=release_url, untold=tuple(scribe.untold))


def _noted(github: GitHub, entry: Entry, claim: Claim) -> tuple[str, ...]:
    return github.noted_in_run(entry.environment, claim.sha or entry.sha, entry.run_url)


def post_end(github: GitHub, entry: Entry, claim: Claim, workflow: Workflow) -> None:
    """Ours gets its last state; GitHub's own gets the line alone, since GitHub ends it itself."""
    github.post_deployment_status(
        claim.deployment_id,
        state=claim.last_state(entry.status),
        description=one_line(entry),
        log_url=workflow.run_url,
        environment_url=claim.url,
    )


def _document(github: GitHub, entry: Entry, progress: Progress, *, first: bool) -> str:
    """The address of the issue that asks why."""
    first = first and entry.run_attempt == 1
    found = document(github, entry, steps=_happened(progress), analysis=progress.analysis, first=first)
    return found.url


def put_in_log(
    console: Console, github: GitHub, entry: Entry, tag: str | None, kept: Kept | None = None
) -> str:
    """In the release, and on the pull requests contained; its address."""
    pulls = tuple(part.number for part in entry.included if part.number is not None)
    written = github.write_log(entry, tag=tag, pulls=pulls, kept=kept)
    for problem in written.problems:
        console.annotate("warning", "Log not written everywhere", problem)
    return written.release_url


def _was_emergency(entry: Entry) -> bool:
    return any(finding.code == "emergency.used" for finding in entry.findings)


def _happened(progress: Progress) -> list[Happened]:
    first = min(progress.began.values(), default=0.0)
    return [
        Happened(
            step=record.name,
            outcome=record.outcome,
            seconds=record.seconds,
            after=progress.began[record.name] - first if record.name in progress.began else None,
            wrong=record.wrong,
            last_lines=record.last_lines,
        )
        for record in progress.steps
    ]
