"""The log where people look: in the release of a version, and on the pull requests it contains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError, RateLimited, Rejected, Unavailable
from gateway.older_entries import older_entries, with_room
from gateway.pull_lines import asked_of_pulls, remarks_wanted, unreadable, write_remarks
from gateway.turns import Kept, turn
from protocol.continuation import ROOM, shortened
from protocol.entry import Entry, entries_in, upsert

if TYPE_CHECKING:
    from gateway.github import GitHub

MOST_TRIES = 5
_RELEASE = "  release(tagName: $tag) { databaseId description url isDraft }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the entry stands now. `problems` say what GitHub did not take, each with its cure."""

    release_url: str = ""
    problems: tuple[str, ...] = ()


def write_log(
    github: GitHub, entry: Entry, *, tag: str | None, pulls: Sequence[int] = (), kept: Kept | None = None
) -> Written:
    """Put the entry into the release of `tag`, made when missing, and a line on every pull request.

    Others may write at the same time: we wait for our turn, and where it was not surely ours we look
    again, until our words stand.
    """
    if tag is None and not pulls:
        return Written()
    fits = shortened(entry, ROOM)
    for _ in range(MOST_TRIES):
        with turn(github, entry.sha, kept=kept) as ours:
            written = _write(github, fits, tag, pulls)
        if ours.alone or written.problems or _stands(github, fits, tag, pulls, written.release_url):
            return written
    raise GatewayError(f"The log entry of {tag} was overwritten {MOST_TRIES} times. Run this step again.")


def _write(github: GitHub, entry: Entry, tag: str | None, pulls: Sequence[int]) -> Written:
    """What GitHub refuses is said, and the rest is still written; where it is away, all is to be repeated."""
    found = _read(github, tag, pulls)
    release_url, problems = "", unreadable(pulls, found)
    try:
        release_url = _in_release(github, entry, tag, found["release"]) if tag is not None else ""
    except (Unavailable, RateLimited):
        raise
    except GatewayError as error:
        problems = (f"Release: {error}", *problems)
    remarks = remarks_wanted(github, entry, pulls, found, where=release_url or entry.run_url)
    return Written(release_url=release_url, problems=(*problems, *write_remarks(github, remarks)))


def _stands(github: GitHub, entry: Entry, tag: str | None, pulls: Sequence[int], release_url: str) -> bool:
    """Whether writing once more would change nothing."""
    found = _read(github, tag, pulls)
    if tag is not None and not _is_in(github, entry, (found["release"] or {}).get("description") or ""):
        return False
    return not remarks_wanted(github, entry, pulls, found, where=release_url or entry.run_url)


def _is_in(github: GitHub, entry: Entry, body: str) -> bool:
    return entry in entries_in(body) or any(one.key == entry.key for one in older_entries(github, body))


def _read(github: GitHub, tag: str | None, pulls: Sequence[int]) -> Mapping[str, Any]:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name} | ({"tag": tag} if tag is not None else {})
    return dict(github.connection.graphql(document(tag is not None, pulls), variables).data["repository"])


def document(with_release: bool, pulls: Sequence[int]) -> str:
    """The question for all that is to be changed, as it stands now."""
    asked = "\n".join([*([_RELEASE] if with_release else []), asked_of_pulls(pulls)])
    tag = ", $tag: String!" if with_release else ""
    return (
        f"query Log($owner: String!, $name: String!{tag}) {{\n"
        f" repository(owner: $owner, name: $name) {{\n{asked}\n }}\n}}"
    )


def _in_release(github: GitHub, entry: Entry, tag: str, release: Mapping[str, Any] | None) -> str:
    if release is None or release["isDraft"]:
        return _made(github, tag, entry)
    before = release["description"] or ""
    body = with_room(github, upsert(before, entry), tag=tag, url=release["url"])
    if body != before:
        github.edit_release(release["databaseId"], body)
    return str(release["url"])


def _made(github: GitHub, tag: str, entry: Entry) -> str:
    """With GitHub's own notes where the version has none. A writer without a turn may have been quicker."""
    body = upsert(None, entry)
    try:
        return github.create_release(tag, sha=entry.sha, body=body, notes=not entry.notes_url).url
    except Rejected:
        release = github.release_for(tag)
        if release is None:  # perhaps the notes leave no room for our words
            return github.create_release(tag, sha=entry.sha, body=body).url
        body = with_room(github, upsert(release.body, entry), tag=tag, url=release.url)
        return github.edit_release(release.id, body).url
