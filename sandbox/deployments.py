"""Deployments made and moved on, whoever does it: a person, an App, or GitHub for a job."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.checks import check_run_event_shape
from sandbox.shapes.deployments import deployment_shape, deployment_status_shape
from sandbox.shapes.runs import run_shape, workflow_shape
from sandbox.state import App, Deployment, DeploymentStatus, Environment, Event, Repository, User
from sandbox.world import World

NOT_SENT = ("head_commit", "previous_attempt_url")
"""What a deployment's run is shown without."""


def environment_named(world: World, repository: Repository, name: str) -> Environment:
    """The environment of that name; an unknown one is made, unprotected, as at GitHub."""
    known = repository.environments.get(name.lower())
    if known is None:
        now = world.now()
        known = Environment(id=world.next_id(), name=name, created_at=now, updated_at=now)
        repository.environments[name.lower()] = known
    return known


def announce_deployment(
    world: World, repository: Repository, deployment: Deployment, sender: User, *, quiet: bool
) -> None:
    repository.deployments[deployment.id] = deployment
    environment_named(world, repository, deployment.environment)
    shown = _as_sent(deployment_shape(world, repository, deployment))
    payload = {"deployment": shown, **_origin(world, deployment)}
    _emit(world, "deployment", repository, sender, payload, quiet=quiet)


def move_deployment(
    world: World,
    repository: Repository,
    deployment: Deployment,
    state: str,
    *,
    creator: User,
    app: App | None,
    quiet: bool,
    auto_inactive: bool = True,
    **words: str,
) -> DeploymentStatus:
    """Give a deployment its next status; a success retires the earlier successes of its environment."""
    status = _post(world, deployment, state, creator=creator, app=app, words=words)
    if state == "success" and auto_inactive:
        for earlier in _superseded(repository, deployment):
            _post(world, earlier, "inactive", creator=creator, app=app, words={})
    if state != "inactive":  # GitHub sends no webhook for it
        payload = _status_payload(world, repository, deployment, status)
        _emit(world, "deployment_status", repository, creator, payload, quiet=quiet)
    return status


def _post(
    world: World, deployment: Deployment, state: str, *, creator: User, app: App | None, words: dict[str, str]
) -> DeploymentStatus:
    status = DeploymentStatus(
        id=world.next_id(),
        state=state,
        creator=creator,
        app=app,
        environment=words.get("environment") or deployment.environment,
        description=words.get("description", ""),
        environment_url=words.get("environment_url", ""),
        log_url=words.get("log_url", ""),
        created_at=world.now(),
    )
    deployment.environment = status.environment
    deployment.statuses.append(status)
    deployment.updated_at = status.created_at
    return status


def _superseded(repository: Repository, deployment: Deployment) -> list[Deployment]:
    """As https://docs.github.com/rest/deployments/deployments#inactive-deployments says."""
    return [
        other
        for other in repository.deployments.values()
        if other is not deployment
        and other.environment.lower() == deployment.environment.lower()
        and not (other.transient or other.production)
        and other.statuses
        and other.statuses[-1].state == "success"
    ]


def _status_payload(
    world: World, repository: Repository, deployment: Deployment, status: DeploymentStatus
) -> dict[str, Any]:
    job = deployment.job
    check = {"check_run": _check(world, repository, deployment)} if job else {}
    shown = deployment_status_shape(world, repository, deployment, status)
    return {
        "deployment_status": _as_sent({**shown, "state": status.state}),
        "deployment": _as_sent(deployment_shape(world, repository, deployment)),
        **check,
        **_origin(world, deployment),
    }


def _check(world: World, repository: Repository, deployment: Deployment) -> dict[str, Any]:
    assert deployment.job is not None  # noqa: S101 - asked for only where a job made it
    shape = check_run_event_shape(world, repository, deployment.job.check_run)
    kept = (
        "id", "name", "node_id", "head_sha", "external_id", "url", "html_url", "details_url", "status",
        "conclusion", "started_at", "completed_at",
    )  # fmt: skip
    return {name: shape[name] for name in kept}


def _origin(world: World, deployment: Deployment) -> dict[str, Any]:
    """The workflow and run behind it, or None where no job made it."""
    if deployment.job is None:
        return {"workflow": None, "workflow_run": None}
    run = deployment.job.run
    return {
        "workflow": workflow_shape(world, run.repository, run.workflow),
        "workflow_run": {
            name: value for name, value in run_shape(world, run).items() if name not in NOT_SENT
        },
    }


def _as_sent(shape: dict[str, Any]) -> dict[str, Any]:
    """In these webhooks an App's client id is not told."""
    app = shape["performed_via_github_app"]
    told = app and {name: value for name, value in app.items() if name != "client_id"}
    return {**shape, "performed_via_github_app": told}


def _emit(
    world: World, name: str, repository: Repository, sender: User, payload: dict[str, Any], *, quiet: bool
) -> None:
    world.emit(
        Event(name=name, action="created", repository=repository, sender=sender, payload=payload, quiet=quiet)
    )
