"""One decision on the annotated policy with full facts, beside a JSON round trip of those facts."""

from __future__ import annotations

import json

from benchmarks.timing import Comparison, Timing, side_by_side
from protocol.decision import decide
from protocol.document import parse_policy
from protocol.facts_json import facts_data
from protocol.verdict import Verdict
from tests.facts import NOW, make_facts
from tests.policies import EXAMPLE_FILE

LIMIT = 300e-6


def measure() -> Comparison:
    policy, facts = parse_policy(EXAMPLE_FILE.read_bytes(), EXAMPLE_FILE.name), make_facts()
    decision = decide([policy], facts, NOW)
    if decision.verdict is not Verdict.ALLOW:
        raise SystemExit(f"the facts are not full: {decision.blocking}")
    data = facts_data(facts)
    ours, reference = side_by_side(
        lambda: decide([policy], facts, NOW), lambda: json.loads(json.dumps(data)), turns=40, calls=100
    )
    return Comparison(
        title=f"decide, annotated policy, full facts, {len(decision.findings)} findings",
        ours=Timing(name="decide", seconds=ours),
        reference=Timing(name="the facts to JSON and back", seconds=reference),
        limit=LIMIT,
    )
