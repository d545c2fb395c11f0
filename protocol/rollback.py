"""Rule `rollback`: going back must always be possible, to what is known to be good.

A version that ran here successfully, and was not itself rolled back, has been through the protocol
once: order, windows, freezes, checks, review and checklist do not hold it again, nor is it
"outdated". Access, one at a time, approvals and expiry hold. In an emergency nothing but access does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from protocol.answers import allow, refuse, short, unavailable
from protocol.facts import Deployment, Facts, Missing
from protocol.order import Standing, standing
from protocol.policy import Environment, Policy
from protocol.verdict import Finding

RULE = "rollback"
RULES_PASSED = frozenset(
    {"outdated", "order", "windows", "freezes", "checks", "review", "checklist", "hotfix"}
)
_NOT_THERE = ("", "rollback")


def rollback(_policy: Policy, _environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """Back to a good version only; an ordinary deployment has no finding."""
    if facts.intent != "rollback":
        return
    sha, name = short(facts.sha), facts.environment
    if isinstance(facts.deployments, Missing):
        yield unavailable(RULE, facts.deployments, f"Whether {sha} ran well in {name}")
        return
    match standing(facts.deployments, name, facts.sha)[0]:
        case Standing.SUCCEEDED:
            yield allow(RULE, "rollback.proven", f"Rollback to {sha}, which ran well in {name}")
        case Standing.FAILED:
            yield refuse(RULE, "rollback.bad", f"{sha} failed in {name} itself; choose an older version")
        case _:
            why = f"{sha} never ran well in {name}; deploy it instead of rolling back to it"
            yield refuse(RULE, "rollback.not_proven", why)


def rules_passed(facts: Facts) -> frozenset[str]:
    """The rules a rollback to a good version passes."""
    if facts.intent != "rollback" or isinstance(facts.deployments, Missing):
        return frozenset()
    proven = standing(facts.deployments, facts.environment, facts.sha)[0] is Standing.SUCCEEDED
    return RULES_PASSED if proven else frozenset()


def last_good(deployments: tuple[Deployment, ...], environment: str, *, but: str = "") -> Deployment | None:
    """The newest deployment that went well and was not bad later, of a commit other than `but`."""
    here = [
        one for one in deployments if one.environment.casefold() == environment.casefold() and one.sha != but
    ]
    newest_first = sorted(here, key=lambda one: (one.created_at, one.id), reverse=True)
    return next((one for one in newest_first if is_good(deployments, one)), None)


def runs_now(deployments: tuple[Deployment, ...], environment: str) -> Deployment | None:
    """What a rollback starts from: the last good version, unless what came after it was left there.

    One that failed, was stopped or is held may be there in part; without a line of ours it never began.
    After a rollback that failed there is still something of what it should have taken back.
    """
    here = [one for one in deployments if one.environment.casefold() == environment.casefold()]
    told = [one for one in here if one.logged or one.succeeded]
    newest = max(told, key=lambda one: (one.created_at, one.id), default=None)
    if newest is None or newest.state not in ("failure", "error") or newest.logged in _NOT_THERE:
        return last_good(deployments, environment)
    left = [one for one in here if one.sha == newest.instead_of]
    return max(left, key=lambda one: (one.created_at, one.id), default=newest)


def is_good(deployments: tuple[Deployment, ...], deployment: Deployment) -> bool:
    return standing(deployments, deployment.environment, deployment.sha)[0] is Standing.SUCCEEDED


def version_of(deployment: Deployment) -> str:
    return deployment.version or deployment.sha
