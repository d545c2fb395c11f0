"""All rules, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from protocol.access import access
from protocol.approvals import approvals
from protocol.checklist import checklist
from protocol.checks import checks
from protocol.emergency import emergency
from protocol.expiry import expiry
from protocol.facts import Facts
from protocol.hotfix import hotfix
from protocol.openings import freezes, windows
from protocol.order import in_flight, order, outdated
from protocol.policy import Environment, Policy
from protocol.reviews import review
from protocol.rollback import rollback
from protocol.verdict import Finding

Judge: TypeAlias = Callable[[Policy, Environment, Facts, datetime], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, which each of its findings carries, and the function that answers."""

    name: str
    judge: Judge


RULES: tuple[Rule, ...] = (
    Rule("emergency", emergency),
    Rule("rollback", rollback),
    Rule("hotfix", hotfix),
    Rule("access", access),
    Rule("outdated", outdated),
    Rule("in_flight", in_flight),
    Rule("order", order),
    Rule("windows", windows),
    Rule("freezes", freezes),
    Rule("checks", checks),
    Rule("review", review),
    Rule("approvals", approvals),
    Rule("checklist", checklist),
    Rule("expiry", expiry),
)
