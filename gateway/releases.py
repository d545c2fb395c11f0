"""The log in a release, written beside other writers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import GatewayError, Rejected
from protocol.entry import Entry, entries_in, upsert

if TYPE_CHECKING:
    from gateway.github import GitHub, Release

MOST_TRIES = 5


def put_entry(github: GitHub, tag: str, *, sha: str, entry: Entry, create: bool) -> str | None:
    """Write, read again, and write again while another writer's body has taken the place of ours."""
    release = github.release_for(tag)
    if release is None:
        if not create:
            return None
        release = _created(github, tag, sha, upsert(None, entry))
    for _ in range(MOST_TRIES):
        if entry in entries_in(release.body):
            return release.url
        github.edit_release(release.id, upsert(release.body, entry))
        release = _again(github, tag)
    raise GatewayError(f"The log entry of {tag} was overwritten {MOST_TRIES} times. Run this step again.")


def _created(github: GitHub, tag: str, sha: str, body: str) -> Release:
    """Another writer may have been quicker."""
    try:
        return github.create_release(tag, sha=sha, body=body)
    except Rejected:
        return _again(github, tag)


def _again(github: GitHub, tag: str) -> Release:
    release = github.release_for(tag)
    if release is None:
        raise GatewayError(f"The release of {tag} went away while its log was written. Run this step again.")
    return release
