"""The one decision that the App, the action, the command line and the pages all ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from protocol import hotfix, rollback
from protocol.answers import wait
from protocol.emergency import is_emergency
from protocol.errors import PolicyError
from protocol.facts import Facts, Missing
from protocol.policy import Environment, Policy
from protocol.rules import RULES
from protocol.verdict import Decision, Finding, Verdict
from protocol.wording import nearest

_PASSED_IN_EMERGENCIES = tuple(rule.name for rule in RULES if rule.name not in ("access", "emergency"))


def decide(policies: Sequence[Policy | PolicyError | Missing], facts: Facts, now: datetime) -> Decision:
    """Ask every rule of every policy at `now` (aware); the worst answer is the verdict.

    The last policy is the repository's own and must know the environment. Those before it are its
    organisation's and hold as well, for the environments they name. One that is Missing or invalid waits.
    """
    if now.tzinfo is None:
        raise ValueError("`now` has no time zone: pass an aware moment")
    moment = now.astimezone(UTC)  # moments of one zone would be compared by their clocks, not by time
    *organisation, own = policies or [Missing("none was found")]
    findings = [finding for policy in organisation for finding in _answers(policy, facts, moment)]
    findings.extend(_answers(own, facts, moment) or [_unknown_environment(own, facts.environment)])
    return Decision(tuple(dict.fromkeys(findings)))


def environment_in(policy: Policy, name: str) -> Environment | None:
    """The environment of that name; GitHub does not tell the case of their names apart."""
    found = policy.environments.get(name)
    if found is not None:
        return found
    wanted = name.casefold()
    return next((one for known, one in policy.environments.items() if known.casefold() == wanted), None)


def _answers(policy: Policy | PolicyError | Missing, facts: Facts, now: datetime) -> list[Finding]:
    """Everything one policy says; nothing of an environment that it does not name."""
    match policy:
        case Missing(reason=reason):
            return [wait("policy", "policy.missing", f"No policy could be read: {reason}")]
        case PolicyError():
            return [_invalid(policy)]
        case Policy():
            environment = environment_in(policy, facts.environment)
            return list(_rules(policy, environment, facts, now)) if environment else []
        case _:
            assert_never(policy)


def _invalid(error: PolicyError) -> Finding:
    first = str(error.problems[0] if error.problems else error)
    more = f" (and {error.at_least}{error.others} more)" if error.others > 0 else ""
    return wait("policy", "policy.invalid", f"The policy cannot be used: {first}{more}")


def _unknown_environment(policy: Policy | PolicyError | Missing, name: str) -> Finding:
    near = nearest(name, policy.environments) if isinstance(policy, Policy) else None
    meant = f"; did you mean {near}? Otherwise" if near else ";"
    why = f"The policy does not name the environment {name}{meant} add it under `environments:`"
    return wait("policy", "policy.environment_unknown", why)


def _rules(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    passed_by = _passed_by(policy, facts, now)
    for rule in RULES:
        for finding in rule.judge(policy, environment, facts, now):
            reason = passed_by.get(rule.name)
            yield _passed(finding, reason) if reason and finding.verdict is not Verdict.ALLOW else finding


def _passed_by(policy: Policy, facts: Facts, now: datetime) -> Mapping[str, str]:
    """By rule, what lets this deployment pass it."""
    passed = dict.fromkeys(hotfix.rules_ignored(policy, facts), "hotfix")
    passed.update(dict.fromkeys(rollback.rules_passed(facts), "rollback"))
    if is_emergency(policy, facts, now):
        passed.update(dict.fromkeys(_PASSED_IN_EMERGENCIES, "emergency"))
    return passed


def _passed(finding: Finding, reason: str) -> Finding:
    """What would have held it stays to be read, with nobody left to act on it."""
    return replace(
        finding, verdict=Verdict.ALLOW, why=f"Passed ({reason}): {finding.why}", recheck_at=None, who=()
    )
