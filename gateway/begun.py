"""What the action has begun in a run, as it shows on Deployments: by a payload, notes and a last line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.deployments import deployment, run_of
from gateway.errors import Unavailable
from gateway.paging import MOST_ROUNDS
from gateway.queries import query
from gateway.reading import Node, at, moment
from protocol.entry import version_of_line
from protocol.facts import Deployment
from protocol.notes import NOT_BEGUN, is_note

if TYPE_CHECKING:
    from gateway.github import GitHub, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A Deployment that the action made, or GitHub for its job. `line` says how it ended; "": nobody told."""

    deployment: Deployment
    made: bool
    line: str = ""


def begun_in(github: GitHub, run: Run) -> tuple[Begun, ...]:
    """Newest first. Where the action made its own, GitHub's for the same job tells nothing more."""
    found = [one for node in _since(github, run) if (one := _begun(node, run)) is not None]
    made = {_place(one) for one in found if one.made}
    return tuple(one for one in found if one.made or _place(one) not in made)


def _place(begun: Begun) -> str:
    return begun.deployment.environment.casefold()


def _since(github: GitHub, run: Run) -> Iterator[Node]:
    """Every Deployment that is not older than the run."""
    after: str | None = None
    for _ in range(MOST_ROUNDS):
        page = _page(github, after)
        for node in page["nodes"]:
            if moment(node["createdAt"]) < run.created_at:
                return
            yield node
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
    raise Unavailable(f"{github.repository} has more deployments since run {run.id} than we read.")


def _page(github: GitHub, after: str | None) -> Any:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "after": after}
    answer = github.connection.graphql(query("begun", "deployments"), variables)
    page = at(answer.data, ("repository", "deployments"))
    if page is None:
        said = "; ".join(str(error.get("message")) for error in answer.errors) or "nothing came"
        raise Unavailable(f"The deployments of {github.repository} could not be read: {said}.")
    return page


def _begun(node: Node, run: Run) -> Begun | None:
    """None for one of another run, or not of ours."""
    made = run_of(node) == run.id
    told = [one["description"] or "" for one in node["told"]["nodes"] if made or one["logUrl"] == run.url]
    ours = [text for text in told if version_of_line(text) or is_note(text)]
    if not (made or ours) or NOT_BEGUN in ours[:1]:
        return None
    line = next(filter(version_of_line, ours), "")
    return Begun(deployment=deployment(node), made=made, line=line)
