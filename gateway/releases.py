"""The log in a release: one section for each deployment, found again by its hidden marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import GatewayError, Rejected
from gateway.text import RELEASE, clip

if TYPE_CHECKING:
    from gateway.github import GitHub, Release

MOST_TRIES = 5
_END = "<!-- /deploy-protocol -->"


def put_entry(github: GitHub, tag: str, *, sha: str, entry: str, marker: str, create: bool) -> str | None:
    """Write, read again, and write again while another writer's body has taken the place of ours."""
    release = github.release_for(tag)
    if release is None:
        if not create:
            return None
        release = _created(github, tag, sha, with_entry("", entry, marker))
    for _ in range(MOST_TRIES):
        body = with_entry(release.body, entry, marker)
        if release.body == body:
            return release.url
        github.edit_release(release.id, body)
        release = _again(github, tag)
    raise GatewayError(f"The log entry of {tag} was overwritten {MOST_TRIES} times. Run this step again.")


def with_entry(body: str, entry: str, marker: str) -> str:
    """The body with the entry put in, or the one of the same marker changed. Other entries stay."""
    section = f"{marker}\n{entry.strip()}\n{_END}"
    before, found, after = body.partition(marker)
    if found:
        _, ended, rest = after.partition(_END)
        return clip(before + section + (rest if ended else after), RELEASE)
    room = RELEASE - len(section) - 2
    kept = clip(body.rstrip(), room)
    return f"{kept}\n\n{section}" if kept else section


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
