"""What policies make us ask, beyond what is always asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from gateway.memory import ReadPolicy
from protocol.decision import environment_in
from protocol.policy import ChecklistItem, Environment, Policy
from protocol.principals import Principal

UTC_ZONE = ZoneInfo("UTC")


def readable(policies: Sequence[ReadPolicy]) -> list[Policy]:
    return [policy for policy in policies if isinstance(policy, Policy)]


def environments_of(policies: Iterable[Policy]) -> frozenset[str]:
    return frozenset(name for policy in policies for name in policy.environments)


def teams_of(policies: Iterable[Policy], environment: str) -> frozenset[str]:
    """Every team whose membership can matter to a gate of this environment, as "org/slug"."""
    parts = [part for policy in policies for part in (policy.access, environment_in(policy, environment))]
    return frozenset(who.name for part in parts for who in _principals(part) if who.kind == "team")


def wants_required_checks(policies: Iterable[Policy], environment: str) -> bool:
    return any(item.checks == "required" for item in _items(policies, environment))


def wants_ticks(policies: Iterable[Policy], environment: str) -> bool:
    return any(item.tick is not None for item in _items(policies, environment))


def wants_changes(policies: Iterable[Policy], environment: str) -> bool:
    """Whether it can matter who wrote what, in which files, and how much of it."""
    named = [(policy, environment_in(policy, environment)) for policy in policies]
    return any(policy.hotfix is not None or (rules is not None and _weighs(rules)) for policy, rules in named)


def _weighs(rules: Environment) -> bool:
    migrate = rules.steps.migrate
    reads = any(item.when is not None or item.reviews is not None for item in rules.checklist)
    return bool(rules.approvals) or reads or (migrate is not None and migrate.lint is not None)


def compared_environments(policies: Iterable[Policy], environment: str) -> frozenset[str]:
    """Where it must be known for certain how the commit stands to what runs."""
    hotfixes = (policy.hotfix.from_ for policy in policies if policy.hotfix is not None)
    return frozenset((environment, *hotfixes))


def zone_of(policies: Sequence[Policy]) -> ZoneInfo:
    """The repository's own, which is the last."""
    return policies[-1].timezone if policies else UTC_ZONE


def _items(policies: Iterable[Policy], environment: str) -> Iterator[ChecklistItem]:
    for policy in policies:
        rules = environment_in(policy, environment)
        yield from rules.checklist if rules is not None else ()


def _principals(value: Any) -> Iterator[Principal]:
    match value:
        case Principal():
            yield value
        case BaseModel():
            for _, inner in value:
                yield from _principals(inner)
        case Mapping():
            for inner in value.values():
                yield from _principals(inner)
        case tuple() | list():
            for inner in value:
                yield from _principals(inner)
