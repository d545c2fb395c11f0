"""What may want us in many repositories, waiting deployments and pull requests: asked fifty at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.deployments import run_of
from gateway.github import POLICY_FILE

if TYPE_CHECKING:
    from gateway.connection import Connection

AT_ONCE = 50  # two points of GraphQL's limit, instead of fifty requests and more
NEWEST = 100  # deployments of a repository, and its open pull requests
MERGED = 20  # pull requests
_OVER = frozenset({"ACTIVE", "DESTROYED", "ERROR", "FAILURE", "INACTIVE", "SUCCESS"})
_REPOSITORY = """\
  r%d: repository(owner: $o%d, name: $n%d) {
    policy: object(expression: $policy) { __typename }
    deployments(first: %d, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { databaseId state payload }
    }
    open: pullRequests(first: %d, states: [OPEN], orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { number headRefOid }
    }
    merged: pullRequests(first: %d, states: [MERGED], orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { number mergeCommit { oid } }
    }
  }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`waiting` are the Deployments that may wait, None where nobody can say: too many rather than too few.

    Of its newest pull requests the head's commit by number, or the merge's; none where there is no policy.
    `deploying` are the runs whose action made a Deployment that has no end.
    """

    waiting: frozenset[int] | None
    open: Mapping[int, str]
    merged: Mapping[int, str]
    deploying: frozenset[int] = frozenset()


UNKNOWN = Overview(waiting=None, open={}, merged={})


def overviews(connection: Connection, names: Sequence[str]) -> dict[str, Overview]:
    """By repository, in its order."""
    found: dict[str, Overview] = {}
    for start in range(0, len(names), AT_ONCE):
        found |= _asked(connection, names[start : start + AT_ONCE])
    return found


def _asked(connection: Connection, names: Sequence[str]) -> Mapping[str, Overview]:
    variables = {"policy": f"HEAD:{POLICY_FILE}"}
    for number, name in enumerate(names):
        variables[f"o{number}"], _, variables[f"n{number}"] = name.partition("/")
    data = connection.graphql(document(len(names)), variables).data
    return {name: _overview(data.get(f"r{number}")) for number, name in enumerate(names)}


def document(count: int) -> str:
    """The question about so many repositories."""
    declared = "".join(f", $o{number}: String!, $n{number}: String!" for number in range(count))
    lengths = (NEWEST, NEWEST, MERGED)
    parts = "\n".join(_REPOSITORY % (number, number, number, *lengths) for number in range(count))
    return f"query Overviews($policy: String!{declared}) {{\n{parts}\n}}"


def _overview(repository: Any) -> Overview:
    if repository is None:
        return UNKNOWN
    uses_us = repository.get("policy") is not None
    return Overview(
        waiting=_waiting(repository.get("deployments")),
        open={one["number"]: one["headRefOid"] for one in _pulls(repository, "open") if uses_us},
        merged={
            one["number"]: one["mergeCommit"]["oid"]
            for one in _pulls(repository, "merged")
            if uses_us and one["mergeCommit"] is not None
        },
        deploying=_deploying(repository.get("deployments")),
    )


def _waiting(deployments: Any) -> frozenset[int] | None:
    if deployments is None or None in deployments["nodes"]:
        return None
    return frozenset(one["databaseId"] for one in deployments["nodes"] if one["state"] not in _OVER)


def _deploying(deployments: Any) -> frozenset[int]:
    """What may not be seen is told by its run's end."""
    nodes = (deployments or {"nodes": ()})["nodes"]
    runs = (run_of(one) for one in nodes if one is not None and one["state"] not in _OVER)
    return frozenset(run for run in runs if run is not None)


def _pulls(repository: Any, kind: str) -> list[Any]:
    """What may not be seen is shown again by its next event."""
    return [one for one in (repository.get(kind) or {"nodes": ()})["nodes"] if one is not None]
