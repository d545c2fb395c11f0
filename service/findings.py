"""Findings as the database keeps them, read back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from protocol.verdict import Decision, Finding, Verdict

# Codes that say we could not find out: soon asked again, since no event tells when we could.
LACKING = frozenset({"facts.unavailable", "policy.missing"})


def read_findings(text: str) -> Decision:
    """What a look came to, from its JSON."""
    return Decision(tuple(_finding(one) for one in json.loads(text)))


def _finding(one: Any) -> Finding:
    return Finding(
        code=one["code"],
        rule=one["rule"],
        verdict=Verdict[one["verdict"].upper()],
        why=one["why"],
        recheck_at=datetime.fromisoformat(one["recheck_at"]) if one["recheck_at"] else None,
        who=tuple(one["who"]),
    )
