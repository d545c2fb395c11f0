"""What this deployment changes, asked once; a deployment never fails because that could not be had."""

from __future__ import annotations

from action.github import GitHub
from action.job import Job, Progress
from gateway.errors import GatewayError
from protocol.changes import Contents, Part
from protocol.facts import Facts, Missing
from protocol.markdown import linked


def contents_of(job: Job, github: GitHub, progress: Progress, facts: Facts, tag: str | None) -> Contents:
    """Between the version before and this one, by pull request; else the pull request we know of."""
    try:
        return github.changes(
            head=progress.sha, base=progress.previous_sha, version=progress.version, tag=tag
        )
    except GatewayError as error:
        job.console.annotate("warning", "Changes not known", str(error))
    known = facts.pull_request
    if known is None or isinstance(known, Missing):
        return Contents(complete=False)
    part = Part(title=known.title, authors=(known.author,), url=known.url, number=known.number)
    return Contents(parts=(part,), complete=False)


def release_notes(contents: Contents) -> str:
    """For the job summary: an indented block, so that whatever the notes hold, they cannot end it."""
    if not contents.notes:
        return ""
    lines = "\n".join(f"    {line.replace(chr(0), '')}" for line in contents.notes.splitlines())
    return f"\n{linked('Release notes', contents.notes_url)}:\n\n{lines}\n"
