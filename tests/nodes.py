"""GraphQL's JSON as GitHub gives it; a test says only what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from protocol.gate import Gate

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SHA = "a" * 40
GATE = Gate(
    repository="acme/shop",
    run_id=7,
    environment="production",
    sha=SHA,
    ref="refs/heads/main",
    requested_at=NOON,
    deployment_id=70,
)


def listed(*nodes: Any, more: bool = False) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": more, "endCursor": "end"}, "nodes": list(nodes)}


def person(login: str) -> dict[str, Any]:
    return {"__typename": "User", "login": login}


def bot(login: str) -> dict[str, Any]:
    return {"__typename": "Bot", "login": login}


def check_run(name: str = "test", **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "CheckRun",
        "databaseId": 1,
        "name": name,
        "status": "COMPLETED",
        "conclusion": "SUCCESS",
        "detailsUrl": "https://ci.example/1",
        "externalId": None,
        "startedAt": "2026-11-25T11:00:00Z",
        "deployment": None,
        "pendingDeploymentRequest": None,
        "checkSuite": {"app": {"slug": "github-actions"}, "workflowRun": {"databaseId": 5}},
        **changes,
    }


def status(context: str = "lint", state: str = "SUCCESS") -> dict[str, Any]:
    return {"__typename": "StatusContext", "context": context, "state": state, "targetUrl": None}


def comment(body: str, by: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "IC_1",
        "body": body,
        "createdAt": "2026-11-25T12:30:00Z",
        "lastEditedAt": None,
        "author": by or person("grace"),
        **changes,
    }


def edit(body: str | None, by: dict[str, Any], minute: int) -> dict[str, Any]:
    return {"diff": body, "editor": by, "editedAt": f"2026-11-25T12:{minute:02}:00Z"}


def issue(body: str, *labels: str, by: str = "grace", **changes: Any) -> dict[str, Any]:
    return {
        "number": 3,
        "title": "Stock-taking",
        "body": body,
        "url": "https://github.example/acme/shop/issues/3",
        "createdAt": "2026-11-25T11:00:00Z",
        "lastEditedAt": None,
        "author": person(by),
        "labels": listed(*({"name": label} for label in labels)),
        "labellings": labelled(*((label, changes.get("author", person(by))) for label in labels)),
        **changes,
    }


def labelled(*by: tuple[str, dict[str, Any]], more: bool = False) -> dict[str, Any]:
    """Labels and who set them, the newest last; `more` where older ones are not shown."""
    nodes = [{"actor": actor, "label": {"name": label}} for label, actor in by]
    return {"pageInfo": {"hasPreviousPage": more}, "nodes": nodes}


def review(state: str, by: str = "grace", sha: str = SHA) -> dict[str, Any]:
    return {
        "id": f"PRR_{by}",
        "state": state,
        "submittedAt": "2026-11-25T11:30:00Z",
        "body": "Fine\nindeed",
        "author": person(by),
        "commit": {"oid": sha},
    }


def dismissal(before: str, by: str, of: dict[str, Any] | None) -> dict[str, Any]:
    return {"previousReviewState": before, "actor": person(by), "review": of}


def deployment(number: int, sha: str, state: str, *statuses: str, **changes: Any) -> dict[str, Any]:
    return {
        "databaseId": number,
        "environment": "production",
        "commitOid": sha,
        "state": state,
        "createdAt": f"2026-11-{number:02}T12:00:00Z",
        "payload": "{}",
        "creator": person("ada"),
        "ref": None,
        "latestStatus": {
            "state": state,
            "createdAt": f"2026-11-{number:02}T12:05:00Z",
            "environmentUrl": None,
        },
        "statuses": {"nodes": [{"state": one, "description": ""} for one in statuses]},
        **changes,
    }


def history(*commits: tuple[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "nodes": [{"oid": sha, "parents": listed(*({"oid": one} for one in above))} for sha, above in commits]
    }
