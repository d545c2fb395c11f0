"""Tells GitHub how it went: the Deployment, the Release, and an issue for what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from action.console import Console
from action.github import GitHub
from action.inputs import Workflow
from action.job import Job, Progress, StepRecord
from gateway.errors import GatewayError
from gateway.github import StatusState
from protocol.entry import Entry, Status, one_line, render_entry
from protocol.markdown import escaped
from protocol.policy import Policy

T = TypeVar("T")

_STATES: dict[Status, StatusState] = {
    "success": "success",
    "rollback": "failure",
    "failed": "failure",
    "stopped": "error",
}
_ENDED: dict[Status, str] = {
    "success": "was deployed in an emergency",
    "rollback": "was rolled back",
    "failed": "failed",
    "stopped": "was stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The Deployment this job writes to. `ours`: we made it, so its end is ours to post."""

    deployment_id: int
    ours: bool
    url: str = ""
    goes_back: bool = False  # it is of the version gone back to, so a rollback is its success

    def last_state(self, status: Status) -> StatusState:
        """GitHub ends its own Deployment itself, when the job ends."""
        if not self.ours:
            return "in_progress"
        return "success" if self.goes_back and status == "rollback" else _STATES[status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where the log can be read now."""

    release_url: str = ""
    issue_url: str = ""


def claim_deployment(
    job: Job, github: GitHub, *, made_by_github: int | None, sha: str, version: str, url: str
) -> Claim:
    """Reuse the Deployment GitHub made for the job; make one by SHA only where there is none."""
    if made_by_github is not None:
        return Claim(deployment_id=made_by_github, ours=False, url=url)
    workflow = job.workflow
    deployment_id = github.create_deployment(
        sha=sha,
        ref=workflow.ref if sha == workflow.sha else "",
        environment=job.inputs.environment,
        description=f"Version {version}",
        payload={"version": version, "workflow_run_id": workflow.run_id},
    )
    github.post_deployment_status(deployment_id, state="in_progress", log_url=workflow.run_url)
    goes_back = job.inputs.phase == "rollback"
    return Claim(deployment_id=deployment_id, ours=True, url=url, goes_back=goes_back)


def note_told(job: Job, github: GitHub, progress: Progress) -> None:
    """Keep in the Deployment's statuses who was told, once there is a Deployment."""
    deployment_id = progress.deployment_id
    if deployment_id is None:
        return
    for note in progress.to_note:
        _told(job, "Who was told", partial(_note, github, deployment_id, note, job))
    progress.to_note.clear()


def _note(github: GitHub, deployment_id: int, note: str, job: Job) -> None:
    github.post_deployment_status(
        deployment_id, state="in_progress", description=note, log_url=job.workflow.run_url
    )


def release_tag(policy: Policy, workflow: Workflow, version: str) -> str | None:
    """The tag whose release keeps the entry; None where the policy wants none.

    A commit's id is no name for a tag, so a version that is one gets a word before it.
    """
    match policy.log.releases:
        case "never":
            return None
        case "tags":
            return workflow.tag
        case "always":
            return workflow.tag or (f"deployed-{version[:12]}" if version == workflow.sha else version)


def tell_github(
    job: Job,
    github: GitHub,
    entry: Entry,
    *,
    claim: Claim,
    tag: str | None,
    failed: StepRecord | None,
) -> Told:
    """Write the log everywhere it belongs. What GitHub does not take is reported, and the rest still told."""
    _told(job, "Deployment status", lambda: post_end(github, entry, claim, job.workflow))
    release_url = _told(job, "Log", lambda: put_in_log(job.console, github, entry, tag)) or ""
    issue_url = ""
    if entry.status != "success" or _was_emergency(entry):
        issue_url = _told(job, "Issue", lambda: document(github, entry, failed)) or ""
    return Told(release_url=release_url, issue_url=issue_url)


def _told(job: Job, what: str, tell: Callable[[], T]) -> T | None:
    try:
        return tell()
    except GatewayError as error:
        job.console.annotate("warning", f"{what} not written", str(error))
        return None


def post_end(github: GitHub, entry: Entry, claim: Claim, workflow: Workflow) -> None:
    """Ours gets its last state; GitHub's own gets the line alone, since GitHub ends it itself."""
    github.post_deployment_status(
        claim.deployment_id,
        state=claim.last_state(entry.status),
        description=one_line(entry),
        log_url=workflow.run_url,
        environment_url=claim.url,
    )


def put_in_log(console: Console, github: GitHub, entry: Entry, tag: str | None) -> str:
    """In the release, and on the pull requests contained; its address."""
    pulls = tuple(part.number for part in entry.included if part.number is not None)
    written = github.write_log(entry, tag=tag, pulls=pulls)
    for problem in written.problems:
        console.annotate("warning", "Log not written everywhere", problem)
    return written.release_url


def _was_emergency(entry: Entry) -> bool:
    return any(finding.code == "emergency.used" for finding in entry.findings)


def document(github: GitHub, entry: Entry, failed: StepRecord | None) -> str:
    """An issue with what went wrong filled in, and the protocol's two questions."""
    title = f"{entry.environment}: {entry.version} {_ENDED[entry.status]}"
    return github.open_issue(title, _post_mortem(entry, failed)).url


def _post_mortem(entry: Entry, failed: StepRecord | None) -> str:
    lines = ["### What went wrong", ""]
    emergency = [f"Emergency: {entry.emergency}"] if entry.emergency is not None else []
    lines += [f"- {escaped(said)}" for said in (*emergency, *entry.issues)] or ["- Not known yet"]
    if failed is not None and failed.last_lines:
        lines += ["", f"The last lines of {escaped(failed.name)}:", "", *_quoted(failed.last_lines)]
    lines += ["", f"The job's log: {entry.run_url}"] if entry.run_url else []
    lines += ["", "### Why it was not caught", "", "_To be answered._"]
    lines += ["", "### How to prevent it", "", "_To be answered._"]
    lines += ["", "### The log's entry", "", render_entry(entry).replace("## ", "#### ", 1)]
    return "\n".join(lines)


def _quoted(lines: tuple[str, ...]) -> list[str]:
    """An indented block: whatever the lines hold, they cannot end it."""
    return [f"    {line.replace(chr(0), '')}" for line in lines]
