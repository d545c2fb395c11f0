"""The log's entry of a deployment whose job cannot tell it: what GitHub knows, and that more is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.begun import Begun
from gateway.errors import Forbidden, NotFound, Rejected
from gateway.github import GitHub, Run
from gateway.memory import ReadPolicy
from protocol.answers import short
from protocol.changes import MOST_SHOWN, headline, span
from protocol.entry import Entry
from protocol.facts import Deployment, Facts, Missing
from protocol.gate import Gate
from protocol.log import entry_of_line
from protocol.policy import Policy
from protocol.rollback import is_good, last_good, runs_now, version_of

LOST = "its job ended without a word"
_WHY = f"{LOST}: look, then use `phase: rollback`"
_UNKNOWN = "what its steps did, how long they took and what was measured is not known"
_UTC = ZoneInfo("UTC")


def outline_of(github: GitHub, run: Run, begun: Begun) -> Entry:
    """What the Deployment alone tells: its last line where there is one, else that there is none."""
    known = begun.deployment
    lost = Entry(
        repository=github.repository,
        environment=known.environment,
        version=known.version or short(known.sha),
        sha=known.sha,
        at=known.created_at,
        deployer=run.actor,
        status="stopped",
        deployment_id=known.id,
        issues=(_WHY,),
        run_url=run.url,
    )
    told = entry_of_line(
        begun.line,
        repository=lost.repository,
        environment=lost.environment,
        sha=lost.sha,
        at=lost.at,
        deployer=lost.deployer,
        deployment_id=known.id,
        run_url=run.url,
    )
    return told or lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An entry without what it contains `since` that commit; empty where nothing ran before."""

    entry: Entry
    since: str


def story_of(github: GitHub, run: Run, outline: Entry, policy: ReadPolicy, now: datetime) -> Story:
    """The outline with who it was by, and what ran before."""
    _, facts = github.facts_for(_gate(run, outline), now, place="action")
    way = _way(outline, run, facts)
    since = way.before.sha if way.before else ""
    changes, page = span(since, way.sha)
    zone = policy.timezone if isinstance(policy, Policy) else _UTC
    entry = replace(
        outline,
        version=way.version,
        sha=way.sha,
        at=outline.at.astimezone(zone),
        deployer=facts.deployer or outline.deployer,
        previous_version=version_of(way.before) if way.before else None,
        changes=changes,
        changes_url=f"{run.url.partition('/actions/')[0]}/{page}",
        issues=(*outline.issues, _UNKNOWN),
        approvers=facts.approvers,
    )
    return Story(entry=entry, since=since)


def _gate(run: Run, outline: Entry) -> Gate:
    return Gate(
        repository=outline.repository,
        run_id=run.id,
        environment=outline.environment,
        sha=run.sha,
        ref=run.branch,
        requested_at=outline.at,
        deployment_id=outline.deployment_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """From what ran before to this version; of a rollback, from the version gone back to to the one left."""

    version: str
    sha: str
    before: Deployment | None = None


def _way(outline: Entry, run: Run, facts: Facts) -> _Way:
    """By what had been deployed when this began. Only a rollback runs elsewhere, where it once went well."""
    here = _Way(version=outline.version, sha=outline.sha)
    if isinstance(facts.deployments, Missing):
        return here
    earlier = tuple(one for one in facts.deployments if one.created_at <= outline.at)
    target = next((one for one in earlier if one.sha == outline.sha and is_good(earlier, one)), None)
    running = runs_now(earlier, outline.environment)
    if outline.sha != run.sha and target is not None and running is not None:
        return _Way(version=version_of(running), sha=running.sha, before=target)
    return replace(here, before=last_good(earlier, outline.environment, but=outline.sha))


def with_contents(github: GitHub, story: Story, tag: str | None) -> Entry:
    """With the pull requests that it brings. What GitHub will never tell is left out."""
    entry = story.entry
    try:
        found = github.changes(head=entry.sha, base=story.since, version=entry.version, tag=tag)
    except (Forbidden, NotFound, Rejected):
        return entry
    return replace(
        entry,
        changes=headline(found.parts) if found.parts else entry.changes,
        included=found.parts[:MOST_SHOWN],
        notes_url=found.notes_url,
    )
