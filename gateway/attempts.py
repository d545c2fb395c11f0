"""GitHub's Deployments and commits as the measures take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.queries import query
from gateway.reading import Node, moment
from gateway.record import read_record
from protocol.log import status_of_line
from protocol.measures import Attempt, Outcome, Week, Written, measures

if TYPE_CHECKING:
    from gateway.github import GitHub

MOST_PAGES = 50  # of a hundred commits


def weekly_measures(
    github: GitHub, *, environment: str | None = None, since: datetime | None = None
) -> tuple[Week, ...]:
    """The four measures of a repository, of its Deployments alone and without any database."""
    nodes = read_record(github, since=since, with_releases=False)["deployments"]["nodes"]
    wanted = [node for node in nodes if _is_wanted(node, environment, since)]
    attempts = [attempt for node in _own_story(wanted) for attempt in _attempt(node)]
    return measures(attempts, _commits(github, attempts))


def _is_wanted(node: Node, environment: str | None, since: datetime | None) -> bool:
    is_there = environment is None or (node["environment"] or "").casefold() == environment.casefold()
    return is_there and (since is None or moment(node["createdAt"]) >= since)


def _own_story(nodes: Sequence[Node]) -> Iterator[Node]:
    """Without the Deployment GitHub makes for a job that goes back: ours beside it tells what happened."""
    runs = {run for node in nodes if _outcome(node) == "gone_back" for run in _runs(node)}
    for node in nodes:
        is_twin = _line(node) is None and any(_is_of(url, run) for url in _runs(node) for run in runs)
        if not is_twin:
            yield node


def _runs(node: Node) -> set[str]:
    return {status["logUrl"] for status in node["statuses"]["nodes"] if status["logUrl"]}


def _is_of(url: str, run: str) -> bool:
    return url == run or url.startswith(f"{run}/")


def _attempt(node: Node) -> Iterator[Attempt]:
    """Nothing for one that has not ended, or was stopped by or held for a person."""
    ended = _first(node, "SUCCESS") or _first(node, "FAILURE", "ERROR")
    outcome = _outcome(node)
    if ended is None or outcome is None:
        return
    began = _first(node, "IN_PROGRESS") or moment(node["createdAt"])
    yield Attempt(
        environment=node["environment"] or "",
        sha=node["commitOid"],
        began=min(began, ended),
        ended=ended,
        outcome=outcome,
        id=node["databaseId"],
    )


def _outcome(node: Node) -> Outcome | None:
    line = _line(node)
    if _first(node, "SUCCESS"):
        return "gone_back" if line == "rollback" else "success"
    if line == "rollback":
        return "rolled_back"
    return None if line in ("stopped", "held") else "failed"


def _line(node: Node) -> str | None:
    """How our newest line among its statuses says that it went."""
    lines = (status_of_line(status["description"] or "") for status in node["statuses"]["nodes"])
    return next(filter(None, lines), None)


def _first(node: Node, *states: str) -> datetime | None:
    """When it first came to one of the states."""
    times = [moment(one["createdAt"]) for one in node["statuses"]["nodes"] if one["state"] in states]
    return min(times, default=None)


def _commits(github: GitHub, attempts: Sequence[Attempt]) -> dict[str, Written]:
    """The commits under what went in, back to the oldest deployment we know of."""
    newest_first = sorted(attempts, key=lambda one: one.ended, reverse=True)
    wanted = list(dict.fromkeys(one.sha for one in newest_first if one.outcome == "success"))
    commits: dict[str, Written] = {}
    pages = MOST_PAGES
    for sha in wanted:
        cursor: str | None = None
        while sha not in commits or (cursor and wanted[-1] not in commits):
            page = _history(github, sha, cursor) if pages else None
            if page is None:
                break
            pages -= 1
            commits |= {node["oid"]: _written(node) for node in page["nodes"]}
            cursor = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    return commits


def _history(github: GitHub, sha: str, cursor: str | None) -> Any:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "sha": sha, "after": cursor}
    repository = github.connection.graphql(query("written"), variables).data["repository"]
    return (repository["commit"] or {}).get("history") if repository else None


def _written(node: Node) -> Written:
    parents = tuple(parent["oid"] for parent in node["parents"]["nodes"])
    return Written(at=moment(node["authoredDate"]), parents=parents)
