"""What deploying a pull request will need: the decision without what is known only once it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from protocol.decision import decide
from protocol.errors import PolicyError
from protocol.facts import Facts, Missing
from protocol.policy import Policy
from protocol.verdict import Decision

# Who deploys, what runs there by then and how long it waited are not known before somebody starts it;
# another deployment under way now will be over. All else people can see to before the merge.
LATER = frozenset({"access", "outdated", "in_flight", "expiry", "rollback", "emergency"})


def foresee(policies: Sequence[Policy | PolicyError | Missing], facts: Facts, now: datetime) -> Decision:
    """Never a verdict: no gate is opened or closed by it."""
    decision = decide(policies, facts, now)
    return Decision(tuple(finding for finding in decision.findings if finding.rule not in LATER))
