"""Rules about what else runs where: `outdated`, `in_flight`, and `order` with its bake time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import assert_never

from protocol.answers import allow, answer, not_asked, refuse, short, unavailable, wait
from protocol.durations import say_duration
from protocol.facts import Deployment, Facts, Known, Missing, Relation
from protocol.hotfix import is_hotfix
from protocol.moments import later, say_moment
from protocol.policy import After, Environment, Policy
from protocol.verdict import Finding, Verdict

UNDER_WAY = ("queued", "pending", "in_progress")
_VERDICTS = {"wait": Verdict.WAIT, "refuse": Verdict.REFUSE, "allow": Verdict.ALLOW}


def outdated(policy: Policy, environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """What runs there must not be newer than what is coming."""
    sha, name = short(facts.sha), facts.environment
    relation = relation_to(name, facts)
    if isinstance(relation, Missing):
        yield unavailable("outdated", relation, f"Whether {sha} is newer than what {name} runs")
        return
    match relation:
        case Relation.NOTHING_DEPLOYED:
            yield allow("outdated", "outdated.not", f"Nothing runs in {name} yet")
        case Relation.IDENTICAL:
            yield allow("outdated", "outdated.not", f"{name} runs {sha} already")
        case Relation.AHEAD:
            yield allow("outdated", "outdated.not", f"{sha} contains all that {name} runs")
        case Relation.BEHIND:
            why = f"{name} runs a newer commit, which contains {sha}; to go back, start a rollback"
            yield refuse("outdated", "outdated", why)
        case Relation.DIVERGED:
            yield _diverged(policy, environment, facts)
        case _:
            assert_never(relation)


def relation_to(environment: str, facts: Facts) -> Known[Relation]:
    unknown = Missing(f"what {environment} runs was not compared with {short(facts.sha)}")
    return facts.relations.get(environment, unknown)


def _diverged(policy: Policy, environment: Environment, facts: Facts) -> Finding:
    """A hotfix descends from one environment, so elsewhere it always lacks something."""
    name = facts.environment
    verdict = Verdict.ALLOW if is_hotfix(policy, facts) else _VERDICTS[environment.diverged]
    why = f"{name} runs commits that {short(facts.sha)} lacks and would undo"
    cure = "" if verdict is Verdict.ALLOW else "; merge them in first, or start a rollback"
    return answer(verdict, "outdated", "outdated.diverged", why + cure)


def in_flight(_policy: Policy, environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """One at a time. Those waiting at a gate do not count: they would all wait for each other."""
    if isinstance(facts.deployments, Missing):
        yield unavailable("in_flight", facts.deployments, "Whether another deployment is under way")
        return
    others = [one for one in _newest_first(facts.deployments, facts.environment) if one.state in UNDER_WAY]
    for other in others:
        yield _under_way(other, _VERDICTS[environment.in_flight])
    if not others:
        yield allow("in_flight", "in_flight.none", f"No other deployment to {facts.environment} is under way")


def _under_way(other: Deployment, verdict: Verdict) -> Finding:
    by = f" by {other.creator}" if other.creator else ""
    state = other.state.replace("_", " ")
    why = f"Another deployment to {other.environment} is {state}: {short(other.sha)}{by}"
    who = [f"user:{other.creator}"] if other.creator else []
    return answer(verdict, "in_flight", "in_flight.other", why, who=who)


class Standing(Enum):
    """How a commit stands in an environment, by its newest settled deployment there."""

    NEVER = "never"
    UNDER_WAY = "under way"
    FAILED = "failed"
    HELD = "held"
    SUCCEEDED = "succeeded"


def standing(
    deployments: tuple[Deployment, ...], environment: str, sha: str
) -> tuple[Standing, Deployment | None]:
    """The commit's standing and what gave it; `inactive` counts for one that had succeeded."""
    newest_first = _newest_first(deployments, environment)
    for one in newest_first:
        settled = _settled(one, sha)
        if settled is not None:
            return settled, one
    here = (one for one in newest_first if one.sha == sha)
    under_way = next((one for one in here if one.state in (*UNDER_WAY, "waiting")), None)
    return (Standing.UNDER_WAY if under_way else Standing.NEVER), under_way


def _settled(one: Deployment, sha: str) -> Standing | None:
    """What a deployment says of a commit for good, its own or the one that it took back."""
    went_well = one.state == "success" or (one.state == "inactive" and one.succeeded)
    if sha != one.sha:
        return Standing.FAILED if went_well and sha == one.instead_of else None
    if went_well:
        return Standing.SUCCEEDED
    if one.state not in ("failure", "error") or one.instead_of:  # a failed way back is not its end's fault
        return None
    return Standing.HELD if one.logged == "held" else Standing.FAILED


def _newest_first(deployments: tuple[Deployment, ...], environment: str) -> list[Deployment]:
    """GitHub does not tell the case of environments' names apart."""
    name = environment.casefold()
    here = [one for one in deployments if one.environment.casefold() == name]
    return sorted(here, key=lambda one: (one.created_at, one.id), reverse=True)


def order(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """The same commit ran successfully in `after.environment`, at least `bake` ago."""
    after = environment.after
    if after is None:
        yield not_asked("order", f"{facts.environment} comes after no other environment")
    elif isinstance(facts.deployments, Missing):
        yield unavailable(
            "order", facts.deployments, f"Whether {short(facts.sha)} ran in {after.environment}"
        )
    else:
        yield _in_order(policy, after, facts.deployments, facts, now)


def _in_order(
    policy: Policy, after: After, deployments: tuple[Deployment, ...], facts: Facts, now: datetime
) -> Finding:
    earlier, sha = after.environment, short(facts.sha)
    how, deployment = standing(deployments, earlier, facts.sha)
    match how:
        case Standing.NEVER:
            why = f"{sha} has not run in {earlier} yet; deploy it there first"
            return wait("order", "order.staging_missing", why, who=policy.access.deployers)
        case Standing.UNDER_WAY:
            return wait("order", "order.staging_missing", f"{sha} is still on its way to {earlier}")
        case Standing.HELD:
            why = f"{sha} is held in {earlier}, where nobody could say whether it is well; a person must look"
            return wait("order", "order.staging_held", why, who=policy.access.deployers)
        case Standing.FAILED:
            why = f"{sha} failed in {earlier}; repair it there first"
            return refuse("order", "order.staging_failed", why, who=policy.access.deployers)
        case Standing.SUCCEEDED:
            return _baked(policy, after, deployment, facts, now)
        case _:
            assert_never(how)


def _baked(
    policy: Policy, after: After, deployment: Deployment | None, facts: Facts, now: datetime
) -> Finding:
    """Counted from the last status, so a deployment superseded since bakes rather too long than too short."""
    earlier, sha = after.environment, short(facts.sha)
    if deployment is None or deployment.finished_at is None:
        return unavailable("order", Missing(f"when {earlier} finished deploying {sha} is not known"))
    done = later(deployment.finished_at, after.bake)
    if now < done:
        why = (
            f"{sha} must run in {earlier} for {say_duration(after.bake)}, "
            f"until {say_moment(done, policy.timezone)}"
        )
        return wait("order", "order.baking", why, recheck_at=done)
    since = say_moment(deployment.finished_at, policy.timezone)
    return allow("order", "order.done", f"{sha} was deployed to {earlier} on {since}")
