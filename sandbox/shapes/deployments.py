"""Deployments and their statuses as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.accounts import account_shape
from sandbox.shapes.apps import app_shape
from sandbox.shapes.basics import node_id, repo_url, stamp
from sandbox.state import Deployment, DeploymentStatus, Repository
from sandbox.world import World

REST_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


def deployment_shape(world: World, repository: Repository, deployment: Deployment) -> dict[str, Any]:
    return {
        **deployment_simple_shape(world, repository, deployment),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "payload": deployment.payload,
        "creator": account_shape(world, deployment.creator),
    }


def deployment_simple_shape(world: World, repository: Repository, deployment: Deployment) -> dict[str, Any]:
    """What a check run carries of its job's deployment."""
    return {
        "url": repo_url(world, repository, f"/deployments/{deployment.id}"),
        "id": deployment.id,
        "node_id": node_id("Deployment", deployment.id),
        "task": deployment.task,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(deployment.updated_at),
        "statuses_url": repo_url(world, repository, f"/deployments/{deployment.id}/statuses"),
        "repository_url": repo_url(world, repository),
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "performed_via_github_app": app_shape(world, deployment.app) if deployment.app else None,
    }


def deployment_status_shape(
    world: World, repository: Repository, deployment: Deployment, status: DeploymentStatus
) -> dict[str, Any]:
    url = repo_url(world, repository, f"/deployments/{deployment.id}")
    return {
        "url": f"{url}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DeploymentStatus", status.id),
        "state": status.state
        if status.state in REST_STATES
        else "pending",  # `waiting` is GraphQL's and webhooks'
        "creator": account_shape(world, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "deployment_url": url,
        "repository_url": repo_url(world, repository),
        "environment_url": status.environment_url,
        "log_url": status.log_url,
        "performed_via_github_app": app_shape(world, status.app) if status.app else None,
    }
