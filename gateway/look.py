"""One look at a gate: the question and the run beside it, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.ahead import about_the_gate
from gateway.errors import Forbidden, GatewayError, NotFound
from gateway.reading import Node, Reading, Unreadable
from protocol.gate import Gate

if TYPE_CHECKING:
    from gateway.github import GitHub, Run

# Where in the answer things stand, to find the errors that struck them.
COMMIT = ("repository", "commit")
ROLLUP = (*COMMIT, "statusCheckRollup")
PULL = (*COMMIT, "associatedPullRequests")
COMMENTS = (*PULL, "nodes", "comments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a gate: what was asked, and what came first."""

    github: GitHub
    gate: Gate
    now: datetime
    run: Run
    variables: Mapping[str, Any]
    data: Node
    reading: Reading

    @property
    def repository(self) -> Any:
        return self.data["repository"]

    @property
    def commit(self) -> Any:
        if self.repository["commit"] is None:
            raise Unreadable(f"there is no commit {self.gate.sha}")
        return self.repository["commit"]


def first_look(github: GitHub, gate: Gate, now: datetime, run: Run | None = None) -> Look:
    """The question and the run, at once; a `run` that is only thought of is not asked for."""
    asked = github.beside.submit(lambda: run or github.run(gate.run_id))
    question, variables = about_the_gate(gate.repository, gate.sha, github.policy_file)
    answer = github.connection.graphql(question, variables)
    reading = Reading(answer.data, answer.errors)
    if answer.data.get("repository") is None:
        raise unseen(gate.repository, reading)
    return Look(
        github=github,
        gate=gate,
        now=now,
        run=asked.result(),
        variables=variables,
        data=answer.data,
        reading=reading,
    )


def unseen(repository: str, reading: Reading) -> GatewayError:
    """A lacking permission can take the whole repository out of the answer; then it is not gone."""
    if reading.is_absent("repository"):
        cure = "Check the name, and that the App is installed on it."
        return NotFound(f"{repository}: GitHub shows no such repository to this token. {cure}")
    said = reading.said() or "nothing"
    return Forbidden(f"{repository}: GitHub says '{said}'. Give the token or the App what it lacks.")
