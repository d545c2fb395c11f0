"""What this deployment changes, asked beside its first steps; it never fails or waits long for that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from action.github import GitHub
from action.job import Job, Progress
from gateway.errors import GatewayError
from protocol.changes import MOST_SHOWN, Contents, Part, headline
from protocol.entry import Entry
from protocol.facts import Facts, Missing
from protocol.markdown import linked

_PATIENCE = 20.0  # seconds after the last step, for what was asked before the first
_LAST_PATIENCE = 1.0  # where the job was asked to stop


@dataclass(frozen=True, slots=True)
class Asked:
    """Contents on their way."""

    _thread: threading.Thread
    _found: list[Contents]

    def answer(self, job: Job) -> Contents:
        """Waits for them, though not long; what is not known by then is never complete."""
        self._thread.join(_LAST_PATIENCE if job.stop.wished else _PATIENCE)
        return self._found[0] if self._found else Contents(complete=False)


def ask_contents(ask: Callable[[], Contents], learned: Callable[[Contents], None]) -> Asked:
    """Ask beside other work, and tell at once what was learned, for the job may not live to its end."""
    found: list[Contents] = []

    def learn() -> None:
        contents = ask()
        learned(contents)
        found.append(contents)

    thread = threading.Thread(target=learn, daemon=True)
    thread.start()
    return Asked(thread, found)


def containing(entry: Entry, contents: Contents) -> Entry:
    """The entry with all that is new since the version before, under what came last."""
    parts = contents.parts
    return replace(
        entry,
        changes=headline(parts) if parts else entry.changes,
        included=parts[:MOST_SHOWN],
        notes_url=contents.notes_url,
    )


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
