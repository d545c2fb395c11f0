"""Environments, their protection rules and branch policies."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, Refusal, created, field_error, not_found, nothing, ok, unprocessable
from sandbox.deployments import environment_named
from sandbox.routing import Call, Routes
from sandbox.runs import delete_environment
from sandbox.shapes.environments import (
    branch_policy_shape,
    custom_rule_shape,
    environment_shape,
    rule_app_shape,
)
from sandbox.state import App, BranchPolicy, Environment, ProtectionRule, Team, User

routes = Routes()

ENVIRONMENTS = "/repos/{owner}/{repo}/environments"
ENVIRONMENT = ENVIRONMENTS + "/{environment_name}"
RULES = ENVIRONMENT + "/deployment_protection_rules"
POLICIES = ENVIRONMENT + "/deployment-branch-policies"
LONGEST_NAME = 255
LONGEST_TIMER = 43_200
MOST_REVIEWERS = 6
MOST_RULES = 6


@routes.get(ENVIRONMENTS, needs="actions:read")
def environments(call: Call) -> Answer:
    everything = call.repository.environments.values()
    return call.page(
        everything, lambda one: environment_shape(call.world, call.repository, one), under="environments"
    )


@routes.get(ENVIRONMENT, needs="actions:read")
def an_environment(call: Call) -> Answer:
    return ok(environment_shape(call.world, call.repository, _environment(call)))


@routes.put(ENVIRONMENT, needs="administration:write")
def put_environment(call: Call) -> Answer:
    """What the body leaves out goes back to nothing, as at GitHub."""
    name = call.path["environment_name"]
    if len(name) > LONGEST_NAME:
        raise unprocessable("Validation Failed", field_error("Environment", "name"))
    rules = [*_timer(call), *_reviewers(call), *_branch_rule(call)]
    environment = environment_named(call.world, call.repository, name)
    environment.rules = [*rules, *_custom(environment)]
    environment.updated_at = call.world.now()
    _set_policy(call, environment)
    return ok(environment_shape(call.world, call.repository, environment))


@routes.delete(ENVIRONMENT, needs="administration:write")
def remove_environment(call: Call) -> Answer:
    """Its waiting jobs fail."""
    delete_environment(call.world, call.repository, _environment(call))
    return nothing()


def _environment(call: Call) -> Environment:
    known = call.repository.environments.get(call.path["environment_name"].lower())
    if known is None:
        raise not_found()
    return known


def _timer(call: Call) -> list[ProtectionRule]:
    minutes = call.get("wait_timer") or 0
    if not isinstance(minutes, int) or not 0 <= minutes <= LONGEST_TIMER:
        raise unprocessable("Validation Failed", field_error("Environment", "wait_timer"))
    rule = ProtectionRule(id=call.world.next_id(), type="wait_timer", wait_minutes=minutes)
    return [rule] if minutes else []


def _reviewers(call: Call) -> list[ProtectionRule]:
    asked = call.get("reviewers") or []
    if len(asked) > MOST_REVIEWERS:
        raise unprocessable("Validation Failed", field_error("Environment", "reviewers"))
    if not asked:
        return []
    return [
        ProtectionRule(
            id=call.world.next_id(),
            type="required_reviewers",
            reviewers=[_reviewer(call, each) for each in asked],
            prevent_self_review=bool(call.get("prevent_self_review")),
        )
    ]


def _reviewer(call: Call, asked: dict[str, Any]) -> User | Team:
    people: dict[int, User | Team]
    if asked.get("type") == "Team":
        people = {
            team.id: team
            for organization in call.world.organizations.values()
            for team in organization.teams.values()
        }
    else:
        people = {user.id: user for user in call.world.users.values()}
    found = people.get(asked.get("id", 0))
    if found is None:
        raise unprocessable("Validation Failed", field_error("Environment", "reviewers"))
    return found


def _branch_rule(call: Call) -> list[ProtectionRule]:
    policy = call.get("deployment_branch_policy")
    if policy is None:
        return []
    if policy.get("protected_branches") == policy.get("custom_branch_policies"):
        raise unprocessable(
            "`protected_branches` and `custom_branch_policies` cannot have the same value",
        )
    return [ProtectionRule(id=call.world.next_id(), type="branch_policy")]


def _set_policy(call: Call, environment: Environment) -> None:
    policy = call.get("deployment_branch_policy") or {}
    environment.protected_branches = bool(policy.get("protected_branches"))
    kept = environment.branch_policies or []
    environment.branch_policies = kept if policy.get("custom_branch_policies") else None


# Custom protection rules


@routes.get(RULES, needs="actions:read")
def custom_rules(call: Call) -> Answer:
    return call.page(
        _custom(_environment(call)),
        lambda rule: custom_rule_shape(call.world, rule, _app_of(rule)),
        under="custom_deployment_protection_rules",
    )


@routes.get(RULES + "/apps", needs="actions:read")
def available_apps(call: Call) -> Answer:
    """Installed Apps that ask for the event can be enabled."""
    _environment(call)
    return call.page(
        _available(call),
        lambda app: rule_app_shape(call.world, app),
        under="available_custom_deployment_protection_rule_integrations",
    )


@routes.get(RULES + "/{protection_rule_id}", needs="actions:read")
def a_custom_rule(call: Call) -> Answer:
    rule = _custom_rule(call)
    return ok(custom_rule_shape(call.world, rule, _app_of(rule)))


@routes.post(RULES, needs="administration:write")
def enable_rule(call: Call) -> Answer:
    environment = _environment(call)
    wanted = call.want("DeploymentProtectionRule", "integration_id", int)
    app = next((app for app in _available(call) if app.id == wanted), None)
    enabled = _custom(environment)
    if app is None or len(enabled) >= MOST_RULES or any(rule.app is app for rule in enabled):
        raise unprocessable("Validation Failed", field_error("DeploymentProtectionRule", "integration_id"))
    rule = ProtectionRule(id=call.world.next_id(), type="custom", app=app)
    environment.rules.append(rule)
    return created(custom_rule_shape(call.world, rule, app))


@routes.delete(RULES + "/{protection_rule_id}", needs="administration:write")
def disable_rule(call: Call) -> Answer:
    _environment(call).rules.remove(_custom_rule(call))
    return nothing()


def _custom(environment: Environment) -> list[ProtectionRule]:
    return [rule for rule in environment.rules if rule.type == "custom"]


def _custom_rule(call: Call) -> ProtectionRule:
    return call.one_of(_custom(_environment(call)), "protection_rule_id")


def _app_of(rule: ProtectionRule) -> App:
    assert rule.app is not None  # noqa: S101 - a custom rule has one
    return rule.app


def _available(call: Call) -> list[App]:
    installed = [one for one in call.world.installations.values() if one.covers(call.repository)]
    return [one.app for one in installed if "deployment_protection_rule" in one.events]


# Branch policies


@routes.get(POLICIES, needs="actions:read")
def branch_policies(call: Call) -> Answer:
    return call.page(_policies(call), branch_policy_shape, under="branch_policies")


@routes.post(POLICIES, needs="administration:write")
def create_branch_policy(call: Call) -> Answer:
    name = call.want("DeploymentBranchPolicy", "name", str)
    policies = _policies(call)
    if any(policy.name == name for policy in policies):
        raise Refusal(303, "See Other")
    policy = BranchPolicy(id=call.world.next_id(), name=name, type=call.get("type") or "branch")
    policies.append(policy)
    return ok(branch_policy_shape(policy))


@routes.get(POLICIES + "/{branch_policy_id}", needs="actions:read")
def a_branch_policy(call: Call) -> Answer:
    return ok(branch_policy_shape(_branch_policy(call)))


@routes.delete(POLICIES + "/{branch_policy_id}", needs="administration:write")
def delete_branch_policy(call: Call) -> Answer:
    _policies(call).remove(_branch_policy(call))
    return nothing()


def _policies(call: Call) -> list[BranchPolicy]:
    policies = _environment(call).branch_policies
    if policies is None:
        raise not_found()
    return policies


def _branch_policy(call: Call) -> BranchPolicy:
    return call.one_of(_policies(call), "branch_policy_id")
