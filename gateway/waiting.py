"""Which deployments of many repositories may wait: asked fifty repositories at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.connection import Connection

AT_ONCE = 50  # a point of GraphQL's limit, instead of fifty requests and more
NEWEST = 100  # deployments of a repository
_OVER = frozenset({"ACTIVE", "DESTROYED", "ERROR", "FAILURE", "INACTIVE", "SUCCESS"})
_REPOSITORY = """\
  r%d: repository(owner: $o%d, name: $n%d) {
    deployments(first: %d, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { databaseId state } }
  }"""


def deployments_waiting(connection: Connection, names: Sequence[str]) -> dict[str, frozenset[int] | None]:
    """By repository the ids of Deployments that may wait; None where that could not be read.

    Repositories without any are left out. May name too many, never too few of the newest hundred.
    """
    found: dict[str, frozenset[int] | None] = {}
    for start in range(0, len(names), AT_ONCE):
        found |= _waiting(connection, names[start : start + AT_ONCE])
    return found


def _waiting(connection: Connection, names: Sequence[str]) -> Mapping[str, frozenset[int] | None]:
    variables: dict[str, str] = {}
    for number, name in enumerate(names):
        variables[f"o{number}"], _, variables[f"n{number}"] = name.partition("/")
    data = connection.graphql(_document(len(names), variables), variables).data
    read = {name: _ids(data.get(f"r{number}")) for number, name in enumerate(names)}
    return {name: ids for name, ids in read.items() if ids is None or ids}


def _document(count: int, variables: dict[str, str]) -> str:
    declared = ", ".join(f"${name}: String!" for name in variables)
    parts = "\n".join(_REPOSITORY % (number, number, number, NEWEST) for number in range(count))
    return f"query Waiting({declared}) {{\n{parts}\n}}"


def _ids(repository: Any) -> frozenset[int] | None:
    if repository is None or repository.get("deployments") is None:
        return None
    nodes = repository["deployments"]["nodes"]
    if None in nodes:
        return None
    return frozenset(one["databaseId"] for one in nodes if one["state"] not in _OVER)
