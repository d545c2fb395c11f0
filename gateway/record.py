"""What GitHub keeps of a repository's deployments, read page by page to the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.errors import Unavailable
from gateway.older_entries import older_entries
from gateway.paging import append_page
from gateway.queries import query
from gateway.reading import Node, login_of, moment
from protocol.entry import Entry, entries_in
from protocol.log import entry_of_line, selected

if TYPE_CHECKING:
    from gateway.github import GitHub

MOST_ROUNDS = 500


def log_entries(
    github: GitHub, *, environment: str | None = None, since: datetime | None = None
) -> tuple[Entry, ...]:
    """The log from Releases and where they go on, and from Deployments what stands in no release."""
    found = read_record(github, since=since, with_releases=True)
    bodies = [node["description"] or "" for node in found["releases"]["nodes"]]
    entries = [entry for body in bodies for entry in entries_in(body)]
    entries += [entry for body in bodies for entry in older_entries(github, body)]
    entries += [entry for node in found["deployments"]["nodes"] for entry in _lines(node, github.repository)]
    return selected(entries, environment=environment, since=since)


def _lines(node: Node, repository: str) -> Iterator[Entry]:
    """The newest line of ours among its statuses."""
    for status in node["statuses"]["nodes"]:
        entry = entry_of_line(
            status["description"] or "",
            repository=repository,
            environment=node["environment"] or "",
            sha=node["commitOid"],
            at=moment(node["createdAt"]),
            deployer=login_of(node["creator"]),
            deployment_id=node["databaseId"],
            run_url=status["logUrl"] or "",
        )
        if entry is not None:
            yield entry
            return


def read_record(github: GitHub, *, since: datetime | None, with_releases: bool) -> Any:
    """GitHub's JSON of all Deployments since then, newest first, and of all releases."""
    found: Any = {}
    wanted = {"deployments": True, "releases": with_releases}
    for _ in range(MOST_ROUNDS):
        page = _asked(github, found, wanted)
        for name in [name for name in wanted if wanted[name]]:
            if name in found:
                append_page(found[name], page[name])
            else:
                found[name] = page[name]
            wanted[name] = _goes_on(found[name], since if name == "deployments" else None)
        if not any(wanted.values()):
            return found
    raise Unavailable("There are more deployments than we read. Ask for fewer: --since a later day.")


def _asked(github: GitHub, found: Node, wanted: Node) -> Any:
    owner, _, name = github.repository.partition("/")
    variables: dict[str, Any] = {"owner": owner, "name": name}
    for part, is_wanted in wanted.items():
        variables[f"with{part.capitalize()}"] = is_wanted
        variables[part] = found[part]["pageInfo"]["endCursor"] if part in found else None
    answer = github.connection.graphql(query("record"), variables)
    repository = answer.data["repository"]
    if not repository or any(repository.get(part) is None for part in wanted if wanted[part]):
        said = "; ".join(str(error.get("message")) for error in answer.errors) or "nothing came"
        raise Unavailable(
            f"The deployments of {github.repository} could not be read: {said.rstrip('.')}. "
            "Check the name, and that the token may read contents and deployments."
        )
    return repository


def _goes_on(page: Node, since: datetime | None) -> bool:
    if not page["pageInfo"]["hasNextPage"]:
        return False
    return since is None or moment(page["nodes"][-1]["createdAt"]) >= since.astimezone(UTC)
