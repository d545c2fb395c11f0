"""Lists that go on after the first answer: the next page of all of them in one request each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.queries import query
from gateway.reading import Node, at

if TYPE_CHECKING:
    from gateway.connection import Connection

MOST_ROUNDS = 30
_OF_REPOSITORY = {"contexts": ("commit", "statusCheckRollup", "contexts"), "issues": ("issues",)}
_OF_PULL = {
    "reviews": ("latestOpinionatedReviews",),
    "dismissals": ("dismissals",),
    "comments": ("comments",),
    "files": ("files",),
    "commits": ("commits",),
}


def follow_pages(
    connection: Connection, variables: Mapping[str, Any], repository: Any, pull: Any | None
) -> None:
    """Add the further pages to the lists in `repository` and `pull`, the JSON of the first answer.

    A list still open after the last round says so in its `pageInfo`, and is Missing to its reader.
    """
    for _ in range(MOST_ROUNDS):
        lists = {name: found for name, found in _lists(repository, pull).items() if _goes_on(found)}
        if not lists:
            return
        asked = {key: variables[key] for key in ("owner", "name", "sha")}
        asked |= {name: found["pageInfo"]["endCursor"] for name, found in lists.items()}
        asked |= {f"with{name.capitalize()}": name in lists for name in (*_OF_REPOSITORY, *_OF_PULL)}
        asked |= {"number": pull["number"] if pull else 0, "withPull": bool(lists.keys() & _OF_PULL.keys())}
        answer = connection.graphql(query("more", "parts"), asked)
        more = answer.data["repository"]
        for name, page in _lists(more, more.get("pullRequest")).items():
            if name in lists:
                append_page(lists[name], page)


def _lists(repository: Node, pull: Node | None) -> dict[str, Any]:
    found = {name: _in(repository, path) for name, path in _OF_REPOSITORY.items()}
    if pull is not None:
        found |= {name: _in(pull, path) for name, path in _OF_PULL.items()}
    return {name: one for name, one in found.items() if one is not None}


def _in(node: Node, path: tuple[str, ...]) -> Any:
    return at(node, path) if path[0] in node else None


def _goes_on(found: Node) -> bool:
    return bool(found["pageInfo"]["hasNextPage"])


def append_page(found: dict[str, Any], page: Node) -> None:
    found["nodes"] = [*found["nodes"], *page["nodes"]]
    found["pageInfo"] = page["pageInfo"]
