"""Rule `access`: who may deploy, and that the code is the repository's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from protocol.answers import allow, listed, refuse, short, unavailable
from protocol.emergency import is_emergency
from protocol.facts import Facts, Known, Missing, PullRequest
from protocol.policy import Environment, Policy
from protocol.principals import Principal, anyone_of, say_principal
from protocol.verdict import Finding

RULE = "access"


def access(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """The deployer, and whoever ran it again, are each in every list that applies."""
    lists, in_emergency = _lists(policy, environment), _in_emergency(policy, facts, now)
    for login in _people(facts):
        yield _may_deploy(login, lists, in_emergency, facts)
    yield _own_code(facts.pull_request, facts)


def _lists(policy: Policy, environment: Environment) -> tuple[tuple[Principal, ...], ...]:
    narrower = (environment.access.deployers,) if environment.access else ()
    return (policy.access.deployers, *narrower)


def _people(facts: Facts) -> tuple[str, ...]:
    return tuple(dict.fromkeys((facts.deployer, facts.triggered_by or facts.deployer)))


def _may_deploy(
    login: str, lists: tuple[tuple[Principal, ...], ...], in_emergency: tuple[Principal, ...], facts: Facts
) -> Finding:
    if not login:
        return unavailable(RULE, Missing("it is not known who started the deployment"))
    allowed = _in_every(lists, login, facts)
    if allowed is not True and anyone_of(in_emergency, login, facts.people) is True:
        return allow(RULE, "access.allowed", f"{login} may deploy to {facts.environment} in an emergency")
    if isinstance(allowed, Missing):
        return unavailable(RULE, allowed, f"Whether {login} may deploy to {facts.environment}")
    if allowed:
        return allow(RULE, "access.allowed", f"{login} may deploy to {facts.environment}")
    return _not_a_deployer(login, lists, facts)


def _in_every(lists: tuple[tuple[Principal, ...], ...], login: str, facts: Facts) -> Known[bool]:
    answers = [anyone_of(principals, login, facts.people) for principals in lists]
    if any(answer is False for answer in answers):
        return False
    return next((answer for answer in answers if isinstance(answer, Missing)), True)


def _in_emergency(policy: Policy, facts: Facts, now: datetime) -> tuple[Principal, ...]:
    """The policy's `access` names two kinds of people: those for every day and those for emergencies."""
    named = policy.access.emergency
    return named.who if named is not None and is_emergency(policy, facts, now) else ()


def _not_a_deployer(login: str, lists: tuple[tuple[Principal, ...], ...], facts: Facts) -> Finding:
    keeping_out = next(names for names in lists if anyone_of(names, login, facts.people) is False)
    may = listed(map(say_principal, keeping_out), "or") if keeping_out else "nobody"
    why = f"{login} may not deploy to {facts.environment}; {may} may"
    return refuse(RULE, "access.not_deployer", why, who=keeping_out)


def _own_code(pull_request: Known[PullRequest | None], facts: Facts) -> Finding:
    if isinstance(pull_request, Missing):
        return unavailable(RULE, pull_request, f"Whether {short(facts.sha)} comes from a fork")
    if _holds(facts, pull_request):
        return allow(RULE, "access.own_code", f"{short(facts.sha)} is in {facts.repository} itself")
    what = f"Pull request #{pull_request.number}" if pull_request else short(facts.sha)
    why = f"{what} comes from a fork; merge it first, forks are never deployed"
    return refuse(RULE, "access.fork", why, who=["permission:write"])


def _holds(facts: Facts, pull_request: PullRequest | None) -> bool:
    """A fork's commit stays one when its pull request is closed or goes on without it."""
    if pull_request is None:
        return not facts.from_fork
    return pull_request.merged or not (facts.from_fork or pull_request.from_fork)
