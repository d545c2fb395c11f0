"""Where a log goes on that has no room in its release: issues, closed at once, that lead to it and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.errors import NotFound, Rejected
from gateway.text import BODY, RELEASE
from protocol.continuation import fitted, older, shortened, with_older
from protocol.entry import Entry, entries_in, upsert
from protocol.markdown import linked

if TYPE_CHECKING:
    from gateway.github import GitHub

LABEL = "deployment-log"
_WORDS_ROOM = 2_000  # of an issue, for what is said above its entries
_LINE_ROOM = 1_000  # of a release, for the line that leads to the issues


def with_room(github: GitHub, body: str, *, tag: str, url: str) -> str:
    """The body of a release such that GitHub takes it.

    What finds no room goes to an issue first: killed in between, an entry stands twice, not nowhere.
    Raises Rejected where others' words leave no room even for the line that leads there.
    """
    split = fitted(body)
    if split.moved and len(split.body) > RELEASE - _LINE_ROOM:
        raise Rejected(f"{tag} has no room for the log. Shorten what is written there, and run this again.")
    numbers = older(split.body)
    held = _held(github, numbers[-1]) if split.moved and numbers else None
    for moved in reversed(split.moved):
        entry = shortened(moved, BODY - _WORDS_ROOM)
        after = upsert(held, entry)
        if held is not None and len(after) <= BODY:
            path = f"/repos/{github.repository}/issues/{numbers[-1]}"
            github.connection.rest("PATCH", path, {"body": after})
        else:
            after = upsert(_words(tag, url, numbers), entry)
            numbers = (*numbers, _opened(github, tag, after))
        held = after
    return with_older(split.body, numbers) if split.moved else body


def _words(tag: str, url: str, numbers: tuple[int, ...]) -> str:
    before = f" Older ones: #{numbers[-1]}." if numbers else ""
    return f"Older entries of the deployment log of {linked(tag, url)}, which is full.{before}\n"


def _opened(github: GitHub, tag: str, body: str) -> int:
    """Closed at once: nobody has anything to do about it."""
    number = github.open_issue(f"Deployment log of {tag}, continued", body, [LABEL]).number
    github.close_issue(number)
    return number


def older_entries(github: GitHub, body: str) -> Iterator[Entry]:
    """What stands in the issues that a release leads to."""
    for number in older(body):
        yield from entries_in(_held(github, number) or "")


def _held(github: GitHub, number: int) -> str | None:
    """An issue's text; None where an administrator deleted it: the rest of the log is still to be read."""
    try:
        issue = github.connection.rest("GET", f"/repos/{github.repository}/issues/{number}")
    except NotFound:
        return None
    return str(issue["body"] or "")
