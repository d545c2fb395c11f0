"""The end of the story, told by a container of its own when the job's died before telling it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from action.console import Console
from action.github import GitHub
from action.inputs import Workflow
from action.journal import Story, read_story
from action.record import Claim, document, post_end, put_in_log
from gateway.errors import GatewayError
from protocol.entry import Entry


def tell_the_end(path: Path, workflow: Workflow, github: GitHub, console: Console) -> Entry | None:
    """Write the entry of a deployment whose job never came to its end; None where nothing is left to say."""
    story = read_story(path)
    if story is None or story.finished:
        return None
    entry = ended(story)
    claim = Claim(deployment_id=entry.deployment_id or 0, ours=story.ours)
    console.annotate("error", f"{entry.environment}: {entry.status}", entry.issues[0])
    try:
        post_end(github, entry, claim, workflow)
        put_in_log(console, github, entry, story.tag)
        document(github, entry, None)
    except GatewayError as error:
        console.annotate("warning", "Log not written", str(error))
    return entry


def ended(story: Story) -> Entry:
    """The entry as far as the journal knows."""
    during = f"during {story.during}" if story.during else "between two steps"
    passed = f"; these had passed: {', '.join(story.passed)}" if story.passed else "; no step had passed"
    issue = f"the job ended {during}{passed}. Nothing was rolled back: look, then use `phase: rollback`"
    return replace(story.entry, status="stopped", issues=(issue,), seconds=None)


def journal_left(environ: Mapping[str, str]) -> Path | None:
    """Where the job's journal lies, if it ever began one."""
    path = environ.get("STATE_journal", "")
    return Path(path) if path and Path(path).is_file() else None
