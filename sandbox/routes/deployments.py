"""Deployments and their statuses."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, Refusal, created, field_error, ok, unprocessable
from sandbox.deployments import announce_deployment, move_deployment
from sandbox.git import MergeConflictError
from sandbox.routing import Call, Routes
from sandbox.shapes.deployments import REST_STATES, deployment_shape, deployment_status_shape
from sandbox.state import Deployment, DeploymentStatus, Push

routes = Routes()

DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"
DEPLOYMENT = DEPLOYMENTS + "/{deployment_id}"
LONGEST_DESCRIPTION = 140
FINE = ("success", "neutral", "skipped")


@routes.get(DEPLOYMENTS, needs="deployments:read")
def list_deployments(call: Call) -> Answer:
    newest_first = reversed(call.repository.deployments.values())
    asked = {name: call.query[name] for name in ("sha", "ref", "task", "environment") if name in call.query}
    chosen = [each for each in newest_first if all(getattr(each, name) == asked[name] for name in asked)]
    return call.page(chosen, lambda each: deployment_shape(call.world, call.repository, each))


@routes.get(DEPLOYMENT, needs="deployments:read")
def a_deployment(call: Call) -> Answer:
    return ok(deployment_shape(call.world, call.repository, _deployment(call)))


@routes.post(DEPLOYMENTS, needs="deployments:write")
def create_deployment(call: Call) -> Answer:
    ref = call.want("Deployment", "ref", str)
    sha = call.git.resolve(ref)
    if sha is None:
        raise unprocessable(f"No ref found for: {ref}")
    _check_description(call, "Deployment")
    merged = _merged_first(call, ref) if call.get("auto_merge", True) else None
    if merged is not None:
        return merged
    _check_contexts(call, ref, sha)
    deployment = _new(call, ref, sha)
    announce_deployment(call.world, call.repository, deployment, call.user, quiet=call.caller.quiet)
    return created(deployment_shape(call.world, call.repository, deployment))


def _new(call: Call, ref: str, sha: str) -> Deployment:
    environment = call.get("environment") or "production"
    now = call.world.now()
    return Deployment(
        id=call.world.next_id(),
        ref=ref,
        sha=sha,
        task=call.get("task") or "deploy",
        environment=environment,
        description=call.get("description"),
        payload=call.get("payload") or {},
        creator=call.user,
        app=call.app,
        transient=bool(call.get("transient_environment")),
        production=bool(call.get("production_environment", environment == "production")),
        created_at=now,
        updated_at=now,
    )


def _merged_first(call: Call, ref: str) -> Answer | None:
    """`auto_merge`: a branch behind the default branch is merged instead of deployed."""
    git, default = call.git, call.repository.default_branch
    branch, tip = git.tip(ref), git.tip(default)
    if branch is None or tip is None or git.contains(tip, branch):
        return None
    try:
        message = f"Merge branch '{default}' into {ref}"
        sha = git.merge(branch, tip, message, call.user, call.world.now())
    except MergeConflictError:
        raise Refusal(409, f"Conflict merging {default} into {ref}.") from None
    full = f"refs/heads/{ref}"
    git.set_ref(full, sha)
    push = Push(repository=call.repository, ref=full, before=branch, after=sha, pusher=call.user)
    call.world.pushed(push, quiet=call.caller.quiet)
    return Answer(status=202, body={"message": f"Auto-merged {default} into {ref} on deployment."})


def _check_contexts(call: Call, ref: str, sha: str) -> None:
    """`required_contexts`: all there are unless named; an empty list asks nothing."""
    states = _states(call, sha)
    asked: list[str] | None = call.get("required_contexts")
    wanted = list(states) if asked is None else asked
    bad = [context for context in wanted if states.get(context) not in FINE]
    if bad:
        error = {"resource": "Deployment", "field": "required_contexts", "code": "invalid"}
        contexts = [{"context": name, "state": states.get(name, "pending")} for name in bad]
        raise Refusal(
            409,
            f"Conflict: Commit status checks failed for {ref}.",
            errors=[{**error, "contexts": contexts}],
        )


def _states(call: Call, sha: str) -> dict[str, str]:
    """Context or check name to its latest state."""
    states: dict[str, str] = {
        each.context: each.state for each in call.repository.statuses if each.sha == sha
    }
    checks = [check for check in call.repository.check_runs.values() if check.head_sha == sha]
    return {**states, **{check.name: check.conclusion or "pending" for check in checks}}


# Statuses


@routes.get(DEPLOYMENT + "/statuses", needs="deployments:read")
def deployment_statuses(call: Call) -> Answer:
    deployment = _deployment(call)
    return call.page(reversed(deployment.statuses), lambda status: _shown(call, deployment, status))


@routes.get(DEPLOYMENT + "/statuses/{status_id}", needs="deployments:read")
def a_deployment_status(call: Call) -> Answer:
    deployment = _deployment(call)
    found = call.one_of(deployment.statuses, "status_id")
    return ok(_shown(call, deployment, found))


@routes.post(DEPLOYMENT + "/statuses", needs="deployments:write")
def create_deployment_status(call: Call) -> Answer:
    deployment = _deployment(call)
    state = call.want("DeploymentStatus", "state", str)
    if state not in REST_STATES:
        raise unprocessable("Validation Failed", field_error("DeploymentStatus", "state"))
    _check_description(call, "DeploymentStatus")
    status = move_deployment(
        call.world,
        call.repository,
        deployment,
        state,
        creator=call.user,
        app=call.app,
        quiet=call.caller.quiet,
        auto_inactive=bool(call.get("auto_inactive", True)),
        environment=call.get("environment") or "",
        description=call.get("description") or "",
        environment_url=call.get("environment_url") or "",
        log_url=call.get("log_url") or call.get("target_url") or "",
    )
    return created(_shown(call, deployment, status))


def _shown(call: Call, deployment: Deployment, status: DeploymentStatus) -> dict[str, Any]:
    return deployment_status_shape(call.world, call.repository, deployment, status)


def _check_description(call: Call, resource: str) -> None:
    if len(call.get("description") or "") > LONGEST_DESCRIPTION:
        message = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise unprocessable("Validation Failed", field_error(resource, "description", "custom", message))


def _deployment(call: Call) -> Deployment:
    return call.among(call.repository.deployments, "deployment_id")
