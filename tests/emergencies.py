"""A gate that waits, judged with what an emergency or a hotfix leaves behind."""

from __future__ import annotations

from protocol.decision import decide
from protocol.facts import Facts
from protocol.gate import Gate
from protocol.verdict import Decision
from service.emergencies import record_exceptions
from tests.asking import Asking
from tests.waiting import now

REASON = "The shop is down"


def gate_of_production(asking: Asking, branch: str = "main") -> Gate:
    asking.say(asking.issue(), "/deploy production", by="ada") if branch == "main" else None
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    return next(gate for gate in asking.github.waiting_gates() if gate.environment == "production")


def judged(asking: Asking, gate: Gate) -> tuple[Facts, Decision]:
    policies, facts = asking.github.facts_for(gate, now())
    decision = decide(policies, facts, now())
    record_exceptions(asking.github, gate, policies, facts, decision)
    return facts, decision
