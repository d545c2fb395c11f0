"""Rule `hotfix`: a branch that may skip what the policy lists, and never the approvals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from protocol.answers import allow, not_asked, refuse, short, unavailable
from protocol.facts import Facts, Missing, Relation
from protocol.globs import matches_any
from protocol.policy import Environment, Hotfix, Policy
from protocol.verdict import Finding

RULE = "hotfix"
_DESCENDED = (Relation.AHEAD, Relation.IDENTICAL, Relation.NOTHING_DEPLOYED)
_IGNORED_RULES = {"windows": "windows", "freezes": "freezes", "after": "order"}


def hotfix(policy: Policy, _environment: Environment, facts: Facts, _now: datetime) -> Iterator[Finding]:
    """A hotfix descends from what `from` runs; a large one is remarked on."""
    if policy.hotfix is None or not is_hotfix(policy, facts):
        yield not_asked(RULE, f"{facts.branch} is not a hotfix branch")
        return
    yield _descent(policy.hotfix, facts)
    if policy.hotfix.max_lines is not None:
        yield _size(policy.hotfix.max_lines, facts)


def is_hotfix(policy: Policy, facts: Facts) -> bool:
    """By the branch the run is for: a name on a pull request proves nothing."""
    return policy.hotfix is not None and matches_any(policy.hotfix.branches, facts.branch)


def rules_ignored(policy: Policy, facts: Facts) -> frozenset[str]:
    """The rules a proven hotfix passes; none while its descent is unknown."""
    if policy.hotfix is None or not is_hotfix(policy, facts):
        return frozenset()
    if facts.relations.get(policy.hotfix.from_) not in _DESCENDED:
        return frozenset()
    return frozenset(_IGNORED_RULES[name] for name in policy.hotfix.ignores)


def _descent(wanted: Hotfix, facts: Facts) -> Finding:
    sha = short(facts.sha)
    relation = facts.relations.get(wanted.from_, Missing(f"{sha} was not compared with what it runs"))
    if isinstance(relation, Missing):
        return unavailable(RULE, relation, f"Whether {facts.branch} starts from what {wanted.from_} runs")
    if relation in _DESCENDED:
        return allow(RULE, "hotfix.descended", f"{facts.branch} starts from what {wanted.from_} runs")
    why = f"{facts.branch} does not start from what {wanted.from_} runs; branch from there and fix only that"
    return refuse(RULE, "hotfix.not_descended", why)


def _size(most: int, facts: Facts) -> Finding:
    if isinstance(facts.changes, Missing):
        return unavailable(RULE, facts.changes, "The size of the hotfix")
    lines = facts.changes.lines
    if lines > most:
        return allow(
            RULE, "hotfix.large", f"Warning: {lines} lines changed, a hotfix should have at most {most}"
        )
    return allow(RULE, "hotfix.small", f"{lines} lines changed, at most {most} for a hotfix")
