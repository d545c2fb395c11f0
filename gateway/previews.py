"""A pull request as a gate would find it: what deploying it would need, environment by environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

from gateway.gathering import facts_in, pull_in
from gateway.github import Run
from gateway.look import COMMENTS, Look, first_look
from gateway.memory import ReadPolicy
from gateway.needs import readable
from gateway.ours import our_own
from gateway.policies import policies_in, text_of
from gateway.queries import query
from gateway.reading import Node, Reading
from gateway.ticks import sticky_comment
from protocol.facts import Facts, Known, Missing
from protocol.gate import Gate
from protocol.globs import matches_any
from protocol.policy import Policy

if TYPE_CHECKING:
    from gateway.github import GitHub

State: TypeAlias = Literal["open", "merged", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """Our one comment on a pull request."""

    id: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`sha` is the head's before the merge and the merge's own after it; `facts` by environment.

    `policies` are those of the default branch, never the pull request's own. `has_policy` False:
    the repository does not use us. `changes_policy`: the pull request touches its policy file.
    """

    number: int
    state: State
    head_sha: str
    sha: str
    policies: tuple[ReadPolicy, ...]
    has_policy: bool
    changes_policy: bool
    facts: Mapping[str, Facts]
    sticky: Known[Sticky | None]


def preview(github: GitHub, number: int, now: datetime) -> Preview:
    """Two requests, and what the policies make us ask beyond. Raises GatewayError."""
    found = github.connection.rest("GET", f"/repos/{quote(github.repository)}/pulls/{number}")
    gate = _gate(github.repository, found, now)
    look = first_look(github, gate, now, _run(gate))
    policies = policies_in(github, look.reading, now)
    valid = readable(policies)
    node = pull_in(look, number)
    looks = {name: replace(look, gate=_gate_of(gate, name, found, valid)) for name in _named(policies)}
    return Preview(
        number=number,
        state=_state(found),
        head_sha=found["head"]["sha"],
        sha=gate.sha,
        policies=policies,
        has_policy=look.repository["policy"] is not None,
        changes_policy=_changes(node, github.policy_file),
        facts={name: facts_in(one, valid, node, "gate") for name, one in looks.items()},
        sticky=_sticky(look, node),
    )


def proposed_policy(github: GitHub, sha: str) -> Known[str | None]:
    """The text of the policy at a commit that is only proposed, to be checked and never to decide by."""
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "policy": f"{sha}:{github.policy_file}"}
    answer = github.connection.graphql(query("policies", "policy_file"), variables)
    reading = Reading(answer.data, answer.errors)
    return reading.part("the proposed policy", ("repository", "policy"), lambda one: one and text_of(one))


def _named(policies: tuple[ReadPolicy, ...]) -> tuple[str, ...]:
    """Those of the repository's own policy, which is the last, in its order."""
    own = policies[-1]
    return tuple(own.environments) if isinstance(own, Policy) else ()


def _state(found: Node) -> State:
    if found["merged"]:
        return "merged"
    return "open" if found["state"] == "open" else "closed"


def _gate(repository: str, found: Node, now: datetime) -> Gate:
    """A gate that nobody waits at."""
    sha = found["merge_commit_sha"] if found["merged"] else found["head"]["sha"]
    ref = found["base"]["ref"]
    return Gate(repository=repository, run_id=0, environment="", sha=sha, ref=ref, requested_at=now)


def _gate_of(gate: Gate, environment: str, found: Node, policies: list[Policy]) -> Gate:
    """A hotfix is deployed from its own branch, all else from the branch it is merged into."""
    head = found["head"]["ref"]
    is_hotfix = any(one.hotfix is not None and matches_any(one.hotfix.branches, head) for one in policies)
    return replace(gate, environment=environment, ref=head if is_hotfix and not found["merged"] else gate.ref)


def _run(gate: Gate) -> Run:
    """Whoever will start it is not known, and no word given by now is for it."""
    return Run(
        id=0,
        sha=gate.sha,
        branch=gate.branch,
        event="pull_request",
        status="",
        actor="",
        triggering_actor="",
        attempt=1,
        created_at=gate.requested_at,
    )


def _changes(pull: Known[Node | None], file: str) -> bool:
    """A list of files that goes on is not waited for: a policy is seen among the first three thousand."""
    files: list[Any] = [] if pull is None or isinstance(pull, Missing) else pull["files"]["nodes"]
    return any(one is not None and one["path"] == file for one in files)


def _sticky(look: Look, pull: Known[Node | None]) -> Known[Sticky | None]:
    if pull is None or isinstance(pull, Missing):
        return pull

    def read() -> Sticky | None:
        comment = sticky_comment(pull["comments"], our_own(look))
        return Sticky(id=comment["databaseId"], body=comment["body"]) if comment else None

    return look.reading.within("our comment", COMMENTS, read)
