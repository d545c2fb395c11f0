"""Asking for a decision and looking at what one rule says of it."""

from __future__ import annotations

from datetime import datetime

from protocol.decision import decide
from protocol.facts import Facts
from protocol.policy import Policy
from protocol.verdict import Finding
from tests.facts import NOW, make_facts


def findings_of(
    rule: str, policy: Policy, facts: Facts | None = None, now: datetime = NOW
) -> tuple[Finding, ...]:
    """What one rule says, asked through `decide`; at NOW, of facts that are all good."""
    decision = decide([policy], facts or make_facts(), now)
    return tuple(finding for finding in decision.findings if finding.rule == rule)


def finding_of(rule: str, policy: Policy, facts: Facts | None = None, now: datetime = NOW) -> Finding:
    """The rule's one finding."""
    (finding,) = findings_of(rule, policy, facts, now)
    return finding


def codes_of(
    rule: str, policy: Policy, facts: Facts | None = None, now: datetime = NOW
) -> list[tuple[str, str]]:
    """Verdicts and codes of one rule, as `("wait", "windows.closed")`."""
    return [(finding.verdict.word, finding.code) for finding in findings_of(rule, policy, facts, now)]
