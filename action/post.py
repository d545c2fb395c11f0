"""The end of the story, told by a container of its own when the job's died before telling it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from action.announce import announce_lost
from action.console import Console
from action.github import GitHub
from action.inputs import Workflow
from action.journal import Journal, Story, read_story
from action.record import Claim, document, note_down, post_end, put_in_log
from gateway.errors import GatewayError
from protocol.decision import environment_in
from protocol.done import note_of, still_done
from protocol.entry import Entry
from protocol.facts import Missing
from protocol.plan import plan_of
from protocol.policy import Policy


def tell_the_end(path: Path, workflow: Workflow, github: GitHub, console: Console) -> Entry | None:
    """Write the entry of a deployment whose job never came to its end; None where nothing is left to say."""
    story = read_story(path)
    if story is None or story.finished:
        return None
    entry = ended(story)
    claim = Claim(deployment_id=entry.deployment_id or 0, ours=story.ours)
    console.annotate("error", f"{entry.environment}: {entry.status}", entry.issues[0])
    done = still_done(story.passed, (*story.passed, story.during or ""))
    try:
        if done:
            note = note_of(done, version=entry.version, attempt=entry.run_attempt)
            note_down(github, claim.deployment_id, note, workflow)
        post_end(github, entry, claim, workflow)
        entry = replace(entry, document_url=document(github, entry))
        put_in_log(console, github, entry, story.tag)
    except GatewayError as error:
        console.annotate("warning", "Log not written", str(error))
    journal = Journal(path)
    journal.finished(entry.status)  # both halves of a deployment have an end of their own, and one journal
    journal.close()
    return entry


def tell_the_team(
    entry: Entry, github: GitHub, now: datetime, environ: Mapping[str, str], console: Console
) -> None:
    """Those who hear of failures, as the policy that holds now names them."""
    try:
        policy = github.own_policy(now)
    except GatewayError as error:
        policy = Missing(str(error))
    if not isinstance(policy, Policy) or environment_in(policy, entry.environment) is None:
        why = "there is no usable policy that says whom to tell"
        console.annotate("warning", "Nobody was told", getattr(policy, "reason", why))
        return
    announce_lost(entry, plan_of(policy, entry.environment).notify, environ=environ, console=console)


def ended(story: Story) -> Entry:
    """The entry as far as the journal knows."""
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
