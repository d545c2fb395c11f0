"""A job that died without a word, as when its runner is lost: the App tells its story to the end.

Nothing of the job's own is left to tell it, and a Deployment that stays under way would hold up all others.
So its record is written where its own end would have written it. The line that ends the Deployment comes
last: whoever dies before that is followed by another, who finds what is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import structlog

from gateway.begun import Begun, begun_in
from gateway.errors import Forbidden, GatewayError, NotFound, Rejected
from gateway.github import GitHub, Run
from gateway.incidents import document, incident_of
from gateway.memory import ReadPolicy
from gateway.older_entries import older_entries
from gateway.starts import is_tag
from gateway.turns import turn
from protocol.entry import Entry, entries_in, one_line
from protocol.log import status_of_line
from protocol.policy import Policy
from protocol.tags import log_tag
from service.lost_stories import LOST, outline_of, story_of, with_contents

_FOR_GOOD = (Forbidden, NotFound, Rejected)  # no later try would be taken either

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that ended, and not well at its first attempt."""

    run_id: int


def end_what_was_left(github: GitHub, ended: EndedRun, clock: Callable[[], datetime]) -> None:
    """Tell what nobody told of the deployments that the action began in this run. Safe to repeat."""
    run = _run(github, ended.run_id)
    if run is None or run.status != "completed":
        return  # it works, or was run again, and tells its own story
    left = [begun for begun in begun_in(github, run) if _may_be_untold(begun)]
    if not left or github.run(run.id) != run:
        return  # it was run again meanwhile, and what was found may be the new attempt's
    for begun in left:
        _tell(github, run, begun, clock())


def _run(github: GitHub, run_id: int) -> Run | None:
    """None for one that a person deleted: nobody knows how it ended."""
    try:
        return github.run(run_id)
    except NotFound:
        return None


def _may_be_untold(begun: Begun) -> bool:
    """Our own line is written last. Where there is none, a success is GitHub's own word, and no job lost.

    A line that cannot be read, as of a version with a space, tells no more than that its job came so far.
    """
    if not begun.line:
        return not begun.deployment.succeeded
    return LOST not in begun.line and status_of_line(begun.line) is not None


def _tell(github: GitHub, run: Run, begun: Begun, now: datetime) -> None:
    """What its job wrote of it stands as it is; the rest is written now."""
    outline, policy = outline_of(github, run, begun), github.own_policy(now)
    if begun.line and _is_told(github, outline, _tag(github, run, outline, policy)):
        return
    story = story_of(github, run, outline, policy, now)
    tag = _tag(github, run, story.entry, policy)
    entry = _standing(github, story.entry, tag)
    if entry is None:
        entry = _documented(github, with_contents(github, story, tag), seen=bool(begun.line))
    _put_in_log(github, entry, tag)
    _end(github, run, begun, story.entry if entry.status == "success" else entry)
    log.info("deployment.ended", deployment=begun.deployment.id, repository=github.repository)


def _tag(github: GitHub, run: Run, entry: Entry, policy: ReadPolicy) -> str | None:
    """Where the log belongs by the policy that holds now; nowhere without a policy that can be read."""
    if not isinstance(policy, Policy):
        return None
    wanted = policy.log.releases
    by_tag = wanted != "never" and bool(run.branch) and is_tag(github, run.branch)
    return log_tag(wanted, run.branch if by_tag else None, version=entry.version, sha=entry.sha)


def _is_told(github: GitHub, entry: Entry, tag: str | None) -> bool:
    """Whether its job came as far as the log, which it writes last; without a release, its issue."""
    if tag is None:
        return entry.status == "success" or incident_of(github, entry) is not None
    return _standing(github, entry, tag) is not None


def _standing(github: GitHub, entry: Entry, tag: str | None) -> Entry | None:
    """The entry of the same deployment there, in whichever case its environment is written."""
    release = github.release_for(tag) if tag is not None else None
    if release is None:
        return None
    known = chain(entries_in(release.body), older_entries(github, release.body))
    return next((one for one in known if one.deployment_id == entry.deployment_id), None)


def _documented(github: GitHub, entry: Entry, *, seen: bool) -> Entry:
    """With the incident's issue, opened by one of all who look at the same time."""
    if entry.status == "success":
        return entry
    try:
        with turn(github, entry.sha):
            return replace(entry, document_url=document(github, entry, seen=seen).url)
    except _FOR_GOOD as error:
        _warn(entry, error)
        return entry


def _put_in_log(github: GitHub, entry: Entry, tag: str | None) -> None:
    pulls = tuple(part.number for part in entry.included if part.number is not None)
    try:
        written = github.write_log(entry, tag=tag, pulls=pulls)
    except _FOR_GOOD as error:
        _warn(entry, error)
        return
    for problem in written.problems:
        _warn(entry, problem)


def _end(github: GitHub, run: Run, begun: Begun, entry: Entry) -> None:
    """With the line, unless its own end came late and told it, or another who looks."""
    made = begun.deployment.id
    with turn(github, entry.sha):
        if any(one.line for one in begun_in(github, run) if one.deployment.id == made):
            return
        line = one_line(entry)
        github.post_deployment_status(made, state="error", description=line, log_url=run.url)


def _warn(entry: Entry, reason: GatewayError | str) -> None:
    log.warning("deployment.not_told", deployment=entry.deployment_id, reason=str(reason))
