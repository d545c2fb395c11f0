from __future__ import annotations

from datetime import timedelta

from tests.decisions import codes_of, finding_of
from tests.facts import NOW, make_facts
from tests.policies import make_policy

HOUR = {"expire": "1h"}


def test_a_gate_may_wait_until_it_expires() -> None:
    finding = finding_of("expiry", make_policy(HOUR), make_facts(requested_at=NOW))
    assert (finding.code, finding.recheck_at) == ("expiry.running", NOW + timedelta(hours=1))
    assert finding.why == "May wait until Mon 2026-11-23 12:00 CET"


def test_a_gate_expires_at_that_moment() -> None:
    facts = make_facts(requested_at=NOW - timedelta(hours=1))
    finding = finding_of("expiry", make_policy(HOUR), facts)
    assert (finding.verdict.word, finding.code) == ("refuse", "expired")
    assert finding.why == "Asked for more than 1h ago; start it again"


def test_without_a_word_a_gate_waits_a_week() -> None:
    facts = make_facts(requested_at=NOW)
    assert codes_of("expiry", make_policy(), facts, NOW + timedelta(days=7, seconds=-1))[0][0] == "allow"
    assert codes_of("expiry", make_policy(), facts, NOW + timedelta(days=7))[0][0] == "refuse"
