"""GitHub's Deployments, with what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.queries import query
from gateway.reading import Node, login_of, moment
from protocol.entry import version_of_line
from protocol.facts import Deployment, DeploymentState
from protocol.log import deployer_of_line, status_of_line
from protocol.notes import NOT_BEGUN, is_note

if TYPE_CHECKING:
    from gateway.connection import Connection

_STATES: dict[str, DeploymentState] = {
    "ACTIVE": "success",
    "SUCCESS": "success",
    "INACTIVE": "inactive",
    "DESTROYED": "inactive",
    "FAILURE": "failure",
    "ERROR": "error",
    "ABANDONED": "abandoned",
    "WAITING": "waiting",
    "QUEUED": "queued",
    "PENDING": "pending",
    "IN_PROGRESS": "in_progress",
}
_ENDED = frozenset({"success", "failure", "error", "inactive", "abandoned"})
OF_ONE = """
query Deployments($owner: String!, $name: String!, $environment: String!, $limit: Int!) {
  repository(owner: $owner, name: $name) {
    deployments(
      first: $limit, environments: [$environment], orderBy: { field: CREATED_AT, direction: DESC }
    ) { ...Deployments }
  }
}
"""

NOTED = """
query Noted($owner: String!, $name: String!, $environment: String!) {
  repository(owner: $owner, name: $name) {
    deployments(first: 20, environments: [$environment], orderBy: { field: CREATED_AT, direction: DESC }) {
      nodes { commitOid statuses(first: 30) { nodes { description logUrl createdAt } } }
    }
  }
}
"""


def deployments_of(
    connection: Connection, repository: str, environment: str, limit: int
) -> tuple[Deployment, ...]:
    """Newest first, at most 100. Raises GatewayError."""
    owner, _, name = repository.partition("/")
    variables = {"owner": owner, "name": name, "environment": environment, "limit": min(limit, 100)}
    answer = connection.graphql(OF_ONE + query("deployments"), variables)
    return deployments(answer.data["repository"]["deployments"]["nodes"])


def noted_in_run(
    connection: Connection, repository: str, environment: str, sha: str, run_url: str
) -> tuple[str, ...]:
    """The descriptions of statuses of the commit that link to the run, newest first. Raises GatewayError."""
    owner, _, name = repository.partition("/")
    variables = {"owner": owner, "name": name, "environment": environment}
    nodes = connection.graphql(NOTED, variables).data["repository"]["deployments"]["nodes"]
    statuses = [one for node in nodes if node["commitOid"] == sha for one in node["statuses"]["nodes"]]
    ours = [one for one in statuses if one["logUrl"] == run_url]
    newest_first = sorted(ours, key=lambda one: one["createdAt"], reverse=True)
    return tuple(one["description"] or "" for one in newest_first)


def deployments(nodes: list[Node]) -> tuple[Deployment, ...]:
    """Newest first, without those GitHub made for the jobs of rollbacks, which deployed another commit.

    Nor for those that began nothing, as in a dry run: GitHub calls them a success or a failure all the same.
    """
    told = [node for node in nodes if node is not None and not _never_begun(node)]
    beside = [_payload(node).get("beside") for node in told]
    found = {node["databaseId"]: deployment(node) for node in told if node["databaseId"] not in beside}
    return tuple(sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True))


def _never_begun(node: Node) -> bool:
    said = (one["description"] or "" for one in node["statuses"]["nodes"])
    return next((text for text in said if version_of_line(text) or is_note(text)), "") == NOT_BEGUN


def deployment(node: Node) -> Deployment:
    state = _STATES[node["state"] or "PENDING"]
    latest = node["latestStatus"]
    return Deployment(
        id=node["databaseId"],
        environment=node["environment"],
        sha=node["commitOid"],
        state=state,
        created_at=moment(node["createdAt"]),
        succeeded=state == "success" or any(one["state"] == "SUCCESS" for one in node["statuses"]["nodes"]),
        finished_at=moment(latest["createdAt"]) if latest and state in _ENDED else None,
        creator=_deployer(node) or login_of(node["creator"]),
        version=_version(node),
        url=(latest or {}).get("environmentUrl") or "",
        logged=_logged(node),
        instead_of=str(_payload(node).get("instead_of") or ""),
    )


def _deployer(node: Node) -> str:
    """For whom our App started the run: the log knows, GitHub names the App."""
    said = (deployer_of_line(one["description"] or "") for one in node["statuses"]["nodes"])
    return next(filter(None, said), "")


def _logged(node: Node) -> str:
    lines = (status_of_line(one["description"] or "") for one in node["statuses"]["nodes"])
    return next(filter(None, lines), "")


def _version(node: Node) -> str:
    """What our payload says, else our action's line, else the tag's name; a branch names no version."""
    said = _payload(node).get("version")
    lines = (version_of_line(one["description"] or "") for one in node["statuses"]["nodes"])
    ref = node["ref"] or {}
    tag = ref.get("name") if ref.get("prefix") == "refs/tags/" else None
    return str(said or next(filter(None, lines), None) or tag or "")


def run_of(node: Node) -> int | None:
    """The run whose action made it; None for another's, who may leave a run's number in a payload too."""
    payload = _payload(node)
    run = payload.get("workflow_run_id") if "version" in payload else None
    return run if isinstance(run, int) else None


def _payload(node: Node) -> Mapping[str, Any]:
    """GitHub gives JSON as text, and a payload that was text as text in text; one of no fields is empty."""
    payload = node["payload"]
    for _ in range(2):
        if not isinstance(payload, str):
            break
        try:
            payload = json.loads(payload)
        except ValueError:
            return {}
    return payload if isinstance(payload, dict) else {}
