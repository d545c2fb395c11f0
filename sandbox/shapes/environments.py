"""Environments, their protection rules and who may pass them, as GitHub shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.shapes.accounts import account_shape, team_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp
from sandbox.state import App, BranchPolicy, Environment, ProtectionRule, Repository, Team, User
from sandbox.world import World


def environment_shape(world: World, repository: Repository, environment: Environment) -> dict[str, Any]:
    rules = [_rule(world, rule) for rule in environment.rules if rule.type != "custom"]
    return {
        **environment_link_shape(world, repository, environment),
        "created_at": stamp(environment.created_at),
        "updated_at": stamp(environment.updated_at),
        "protection_rules": rules,
        "deployment_branch_policy": _policy(environment),
    }


def environment_link_shape(world: World, repository: Repository, environment: Environment) -> dict[str, Any]:
    """The five fields by which runs, approvals and pending deployments name an environment."""
    return {
        "id": environment.id,
        "node_id": node_id("Environment", environment.id),
        "name": environment.name,
        "url": repo_url(world, repository, f"/environments/{quote(environment.name, safe='')}"),
        "html_url": repo_html(
            world,
            repository,
            f"/deployments/activity_log?environments_filter={quote(environment.name, safe='')}",
        ),
    }


def reviewer_shape(world: World, reviewer: User | Team) -> dict[str, Any]:
    if isinstance(reviewer, Team):
        return {"type": "Team", "reviewer": team_shape(world, reviewer)}
    return {"type": "User", "reviewer": account_shape(world, reviewer)}


def custom_rule_shape(world: World, rule: ProtectionRule, app: App) -> dict[str, Any]:
    return {
        "id": rule.id,
        "node_id": node_id("DeploymentProtectionRule", rule.id),
        "enabled": True,
        "app": rule_app_shape(world, app),
    }


def rule_app_shape(world: World, app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "slug": app.slug,
        "integration_url": f"{world.url}/apps/{app.slug}",
        "node_id": node_id("App", app.id),
    }


def branch_policy_shape(policy: BranchPolicy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "node_id": node_id("DeploymentBranchPolicy", policy.id),
        "name": policy.name,
        "type": policy.type,
    }


def _rule(world: World, rule: ProtectionRule) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": rule.id, "node_id": node_id("ProtectionRule", rule.id), "type": rule.type}
    if rule.type == "wait_timer":
        shape["wait_timer"] = rule.wait_minutes
    if rule.type == "required_reviewers":
        shape["prevent_self_review"] = rule.prevent_self_review
        shape["reviewers"] = [reviewer_shape(world, reviewer) for reviewer in rule.reviewers]
    return shape


def _policy(environment: Environment) -> dict[str, bool] | None:
    custom = environment.branch_policies is not None
    if not custom and not environment.protected_branches:
        return None
    return {"protected_branches": environment.protected_branches, "custom_branch_policies": custom}
