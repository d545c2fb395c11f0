"""Check runs and commit statuses on the commit, without our own and the deploying jobs themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.github import OURS, JobDeployment
from gateway.reading import Node, nodes_of
from protocol.facts import Check, CheckState
from protocol.gate import Gate

if TYPE_CHECKING:
    from gateway.github import GitHub

_PASSED = frozenset({"SUCCESS", "NEUTRAL", "SKIPPED"})
_PENDING = frozenset({"PENDING", "EXPECTED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheck:
    """A check run of somebody's; `external_id` is its maker's own name for it."""

    name: str
    sha: str
    external_id: str


def read_check(github: GitHub, check_run_id: int) -> ShownCheck:
    """As it is now. Raises GatewayError."""
    found = github.connection.rest("GET", f"/repos/{quote(github.repository)}/check-runs/{check_run_id}")
    return ShownCheck(name=found["name"], sha=found["head_sha"], external_id=found.get("external_id") or "")


def checks_of(rollup: Node | None, gate: Gate, required: frozenset[str]) -> tuple[Check, ...]:
    """GitHub shows no rollup at all for a commit without any check."""
    contexts = nodes_of(rollup["contexts"]) if rollup else []
    return tuple(_check(context, required) for context in _newest(contexts) if _counts(context, gate))


def required_names(rollup: Node | None) -> frozenset[str]:
    """The names of the checks that a pull request needs, as GitHub says of each."""
    contexts = nodes_of(rollup["contexts"]) if rollup else []
    return frozenset(_name(context) for context in contexts if context["isRequired"])


def own_deployments(rollup: Node | None, check_run_id: int) -> tuple[JobDeployment, ...] | None:
    """The one GitHub made for the job with this check run, or none; None where the check is not shown."""
    runs = [one for one in check_runs(rollup) if one["databaseId"] == check_run_id]
    if not runs:
        return None
    made = (one["deployment"] for one in runs if one["deployment"])
    return tuple(JobDeployment(id=one["databaseId"], environment=one["environment"]) for one in made)


def deployments_beside(rollup: Node | None, gate: Gate) -> frozenset[int]:
    """What GitHub made for the jobs of the gate's run and environment, as far as their checks are shown."""
    made = (one["deployment"] for one in check_runs(rollup) if _run_of(one) == gate.run_id)
    here = gate.environment.casefold()
    return frozenset(one["databaseId"] for one in made if one and one["environment"].casefold() == here)


def _run_of(check: Node) -> int | None:
    run = check["checkSuite"]["workflowRun"]
    return run["databaseId"] if run else None


def our_logins(rollup: Node | None) -> frozenset[str]:
    """The logins our App writes with: it is whoever made check runs with our external ids.

    Never the Actions' own: any workflow of the repository can write with that one.
    """
    ours = [one for one in check_runs(rollup) if (one["externalId"] or "").startswith(OURS)]
    slugs = {one["checkSuite"]["app"]["slug"] for one in ours if one["checkSuite"]["app"]}
    return frozenset(f"{slug}[bot]".lower() for slug in slugs - {"github-actions"})


def check_runs(rollup: Node | None) -> list[Node]:
    contexts = rollup["contexts"]["nodes"] if rollup else ()
    return [one for one in contexts if one and one["__typename"] == "CheckRun"]


def _newest(contexts: Iterable[Node]) -> list[Node]:
    """A job that ran again stands for itself only once."""
    newest: dict[tuple[object, ...], Node] = {}
    for context in contexts:
        key = _identity(context)
        if key not in newest or _age(context) >= _age(newest[key]):
            newest[key] = context
    return list(newest.values())


def _identity(context: Node) -> tuple[object, ...]:
    if context["__typename"] == "StatusContext":
        return ("status", context["context"])
    suite = context["checkSuite"]
    run = (suite["workflowRun"] or {}).get("databaseId")
    return ("check", (suite["app"] or {}).get("slug"), run, context["name"])


def _age(context: Node) -> int:
    return int(context.get("databaseId") or 0)


def _counts(context: Node, gate: Gate) -> bool:
    """A job bound to an environment is a deployment, not evidence for one."""
    if context["__typename"] == "StatusContext":
        return True
    return not (
        (context["externalId"] or "").startswith(OURS)
        or context["databaseId"] == gate.check_run_id
        or context["deployment"] is not None
        or context["pendingDeploymentRequest"] is not None
    )


def _check(context: Node, required: frozenset[str]) -> Check:
    name = _name(context)
    url = context.get("detailsUrl") or context.get("targetUrl") or ""
    return Check(name=name, state=_state(context), required=name in required, url=url)


def _name(context: Node) -> str:
    return str(context["name"] if context["__typename"] == "CheckRun" else context["context"])


def _state(context: Node) -> CheckState:
    if context["__typename"] == "CheckRun":
        if context["status"] != "COMPLETED":
            return CheckState.PENDING
        return CheckState.PASSED if context["conclusion"] in _PASSED else CheckState.FAILED
    if context["state"] in _PENDING:
        return CheckState.PENDING
    return CheckState.PASSED if context["state"] == "SUCCESS" else CheckState.FAILED
