"""Comments of whoever asks: anybody can write our hidden marks, and GitHub alone knows who did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.errors import Unavailable
from gateway.paging import MOST_ROUNDS
from gateway.queries import query
from gateway.reading import at
from gateway.text import BODY, clip

if TYPE_CHECKING:
    from gateway.github import GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnComment:
    """A comment that this token's owner wrote, whoever edited it since. `node` is its id in GraphQL."""

    id: int
    node: str
    body: str
    url: str


def own_comment(github: GitHub, number: int, marker: str) -> OwnComment | None:
    """Our oldest comment that begins with `marker`, on an issue or a pull request."""
    return next((one for one in _own_comments(github, number) if one.body.startswith(marker)), None)


def write_own_comment(github: GitHub, number: int, text: str, marker: str) -> str:
    """Write our one comment with this marker, or change it where it says something else. Its address."""
    body = clip(f"{marker}\n{text}", BODY)
    known = own_comment(github, number, marker)
    if known is None:
        return github.say(number, body)
    if known.body != body:
        path = f"/repos/{quote(github.repository)}/issues/comments/{known.id}"
        github.connection.rest("PATCH", path, {"body": body})
    return known.url


def _own_comments(github: GitHub, number: int) -> Iterator[OwnComment]:
    """Oldest first. Raises Unavailable where the thread goes on longer than we read."""
    after: str | None = None
    for _ in range(MOST_ROUNDS):
        page = _page(github, number, after)
        for one in page["nodes"]:
            if one is not None and one["viewerDidAuthor"]:
                yield OwnComment(id=one["databaseId"], node=one["id"], body=one["body"], url=one["url"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
    raise Unavailable(f"#{number} of {github.repository} has more comments than we read.")


def _page(github: GitHub, number: int, after: str | None) -> Any:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "number": number, "after": after}
    answer = github.connection.graphql(query("own_comments"), variables)
    page = at(answer.data, ("repository", "thread", "comments"))
    if page is None:
        said = "; ".join(str(error.get("message")) for error in answer.errors) or "nothing came"
        raise Unavailable(f"The comments of #{number} of {github.repository} could not be read: {said}.")
    return page
