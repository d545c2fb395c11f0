"""Which of many repositories may have a deployment that waits: asked fifty at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.connection import Connection

AT_ONCE = 50  # a point of GraphQL's limit, instead of fifty requests and more
NEWEST = 30  # deployments of a repository
_OVER = frozenset({"ACTIVE", "DESTROYED", "ERROR", "FAILURE", "INACTIVE", "SUCCESS"})
_REPOSITORY = """\
  r%d: repository(owner: $o%d, name: $n%d) {
    deployments(first: %d, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { state } }
  }"""


def repositories_waiting(connection: Connection, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` where something may wait; may name too many, never too few."""
    chunks = (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))
    return tuple(name for chunk in chunks for name in _waiting(connection, chunk))


def _waiting(connection: Connection, names: Sequence[str]) -> Iterator[str]:
    variables: dict[str, str] = {}
    for number, name in enumerate(names):
        variables[f"o{number}"], _, variables[f"n{number}"] = name.partition("/")
    data = connection.graphql(_document(len(names), variables), variables).data
    for number, name in enumerate(names):
        if _may_wait(data.get(f"r{number}")):
            yield name


def _document(count: int, variables: dict[str, str]) -> str:
    declared = ", ".join(f"${name}: String!" for name in variables)
    parts = "\n".join(_REPOSITORY % (number, number, number, NEWEST) for number in range(count))
    return f"query Waiting({declared}) {{\n{parts}\n}}"


def _may_wait(repository: Any) -> bool:
    """What could not be read may hold anything."""
    if repository is None or repository.get("deployments") is None:
        return True
    return any(one is None or one["state"] not in _OVER for one in repository["deployments"]["nodes"])
