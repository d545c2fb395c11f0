"""The log where people look: in the release of a version, and on the pull requests it contains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError, Rejected
from gateway.own_comments import own_comment
from gateway.text import BODY
from gateway.turns import turn
from protocol.continuation import Split, fitted, older, with_older
from protocol.deployed_lines import MARKER, with_line
from protocol.entry import Entry, entries_in, upsert

if TYPE_CHECKING:
    from gateway.github import GitHub

MOST_TRIES = 5
LABEL = "deployment-log"
_RELEASE = "  release(tagName: $tag) { databaseId description url isDraft }"
_PULL = """  p%d: pullRequest(number: %d) {
    comments(first: 100) { pageInfo { hasNextPage } nodes { databaseId body viewerDidAuthor } }
  }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the entry stands now. `problems` say what GitHub did not take, each with its cure."""

    release_url: str = ""
    problems: tuple[str, ...] = ()


def write_log(github: GitHub, entry: Entry, *, tag: str | None, pulls: Sequence[int] = ()) -> Written:
    """Put the entry into the release of `tag`, made when missing, and a line on every pull request.

    Others may write at the same time: we wait for our turn, and where it was not surely ours we look
    again, until our words stand.
    """
    if tag is None and not pulls:
        return Written()
    for _ in range(MOST_TRIES):
        with turn(github, entry.sha) as ours:
            written = _write(github, entry, tag, pulls)
        if ours.alone or written.problems or _stands(github, entry, tag):
            return written
    raise GatewayError(f"The log entry of {tag} was overwritten {MOST_TRIES} times. Run this step again.")


def _stands(github: GitHub, entry: Entry, tag: str | None) -> bool:
    release = github.release_for(tag) if tag is not None else None
    return tag is None or (release is not None and entry in entries_in(release.body))


def _write(github: GitHub, entry: Entry, tag: str | None, pulls: Sequence[int]) -> Written:
    found = _read(github, tag, pulls)
    problems: list[str] = []
    release_url = ""
    if tag is not None:
        release_url = _tried("Release", lambda: _in_release(github, entry, tag, found), problems)
    for at, number in enumerate(pulls):
        pull, where = found.get(f"p{at}"), release_url or entry.run_url
        _tried(f"Pull request #{number}", partial(_on_pull, github, entry, number, pull, where), problems)
    return Written(release_url=release_url, problems=tuple(problems))


def _tried(what: str, write: Callable[[], str], problems: list[str]) -> str:
    """What GitHub does not take is said, and the rest is still written."""
    try:
        return write()
    except GatewayError as error:
        problems.append(f"{what}: {error}")
        return ""


def _read(github: GitHub, tag: str | None, pulls: Sequence[int]) -> Mapping[str, Any]:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name} | ({"tag": tag} if tag is not None else {})
    return dict(github.connection.graphql(document(tag is not None, pulls), variables).data["repository"])


def document(with_release: bool, pulls: Sequence[int]) -> str:
    """The question for all that is to be changed, as it stands now."""
    parts = [_RELEASE] if with_release else []
    parts += [_PULL % (at, number) for at, number in enumerate(pulls)]
    tag = ", $tag: String!" if with_release else ""
    asked = "\n".join(parts)
    return (
        f"query Log($owner: String!, $name: String!{tag}) {{\n"
        f" repository(owner: $owner, name: $name) {{\n{asked}\n }}\n}}"
    )


def _in_release(github: GitHub, entry: Entry, tag: str, found: Mapping[str, Any]) -> str:
    release = found["release"]
    if release is None or release["isDraft"]:
        return _made(github, tag, entry)
    before = release["description"] or ""
    body = _fitted(github, upsert(before, entry), tag)
    if body != before:
        github.edit_release(release["databaseId"], body)
    return str(release["url"])


def _made(github: GitHub, tag: str, entry: Entry) -> str:
    """A writer without a turn may have been quicker."""
    try:
        return github.create_release(tag, sha=entry.sha, body=upsert(None, entry)).url
    except Rejected:
        release = github.release_for(tag)
        if release is None:
            raise
        return github.edit_release(release.id, _fitted(github, upsert(release.body, entry), tag)).url


def _fitted(github: GitHub, body: str, tag: str) -> str:
    """What finds no room goes to an issue first: killed in between, an entry stands twice, not nowhere."""
    split = fitted(body)
    if not split.moved:
        return body
    return with_older(split.body, _moved(github, split, tag))


def _moved(github: GitHub, split: Split, tag: str) -> tuple[int, ...]:
    """The issues that hold what does not fit: the newest takes it while it has room."""
    numbers = older(split.body)
    held = _issue_body(github, numbers[-1]) if numbers else None
    for entry in reversed(split.moved):
        written = upsert(held, entry)
        if held is not None and len(written) <= BODY:
            path = f"/repos/{github.repository}/issues/{numbers[-1]}"
            github.connection.rest("PATCH", path, {"body": written})
        else:
            written = upsert(None, entry)
            title = f"Deployment log of {tag}, continued"
            numbers = (*numbers, github.open_issue(title, written, [LABEL]).number)
        held = written
    return numbers


def _issue_body(github: GitHub, number: int) -> str:
    return str(github.connection.rest("GET", f"/repos/{github.repository}/issues/{number}")["body"] or "")


def _on_pull(github: GitHub, entry: Entry, number: int, pull: Mapping[str, Any] | None, where: str) -> str:
    """Our one comment about deployments is changed, else made."""
    ours = _our_comment(github, number, pull["comments"]) if pull is not None else None
    if ours is None:
        return github.say(number, with_line(None, entry, where))
    comment_id, before = ours
    path = f"/repos/{github.repository}/issues/comments/{comment_id}"
    after = with_line(before, entry, where)
    if after != before:
        github.connection.rest("PATCH", path, {"body": after})
    return where


def _our_comment(github: GitHub, number: int, comments: Mapping[str, Any]) -> tuple[int, str] | None:
    """Its id and text. Past the first hundred it is looked for page by page."""
    for one in comments["nodes"]:
        if one["viewerDidAuthor"] and one["body"].startswith(MARKER):
            return int(one["databaseId"]), str(one["body"])
    if not comments["pageInfo"]["hasNextPage"]:
        return None
    known = own_comment(github, number, MARKER)
    return (known.id, known.body) if known else None
