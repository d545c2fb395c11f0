"""Every finding in a table: what stands in the way, who can resolve it, and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocol.headlines import headline
from protocol.principals import Principal, say_principal
from protocol.report import findings_in_short, findings_markdown
from protocol.verdict import Decision, Finding, Verdict

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
CLOSED = Finding(
    code="windows.closed",
    rule="windows",
    verdict=Verdict.WAIT,
    why="production is closed; it opens Mon 2026-11-30 10:00 CET",
    recheck_at=MONDAY,
)
UNAPPROVED = Finding(
    code="approvals.missing",
    rule="approvals",
    verdict=Verdict.WAIT,
    why="Database owner: 0 of 1",
    recheck_at=MONDAY,
    who=("team:acme/dba",),
)


def shown(*findings: Finding) -> str:
    return findings_markdown(Decision(findings), BERLIN)


def test_a_moment_is_said_once() -> None:
    assert shown(CLOSED).count("Mon 2026-11-30 10:00 CET") == len(["the sentence", "the clock"])
    assert "_(looked at again Mon 2026-11-30 10:00 CET)_" in shown(UNAPPROVED)


def test_where_only_time_is_missing_nobody_is_asked_for_anything() -> None:
    assert "time alone" in shown(CLOSED)
    assert "Only time is missing, nobody needs to do anything." in shown(CLOSED)
    assert "Only time is missing" not in shown(CLOSED, UNAPPROVED)


def test_where_it_expires_before_it_opens_nobody_is_sent_home() -> None:
    end = replace(CLOSED, code="expiry.running", rule="expiry", verdict=Verdict.ALLOW, why="A while")
    text = shown(CLOSED, replace(end, recheck_at=MONDAY - timedelta(days=1)))
    assert "It may wait until Sun 2026-11-29 10:00 CET only, which comes first: start it again later." in text
    assert "nobody needs to do anything" not in text


def test_in_short_each_reason_stands_with_who_can_resolve_it() -> None:
    passed = replace(CLOSED, verdict=Verdict.ALLOW, why="Something that passed")
    assert findings_in_short(Decision((CLOSED, UNAPPROVED, passed)), BERLIN).splitlines() == [
        "Waiting: opens Mon 30 Nov 10:00 CET, approval by team acme/dba",
        "",
        "- production is closed; it opens Mon 2026-11-30 10:00 CET (time alone)",
        "- Database owner: 0 of 1 (team acme/dba)",
        "",
        "Looked at again whenever something changes, at the latest Mon 2026-11-30 10:00 CET.",
    ]


def test_the_next_look_is_at_a_moment_or_before() -> None:
    said = "Looked at again whenever something changes, at the latest Mon 2026-11-30 10:00 CET."
    assert said in shown(CLOSED)


def test_who_can_resolve_it_stands_beside_it() -> None:
    assert "| team acme/dba |" in shown(UNAPPROVED)


WHO = {
    "user:ada": "ada",
    "team:acme/dba": "team acme/dba",
    "permission:write": "anyone with write access",
    "anyone": "anyone",
}


@pytest.mark.parametrize(("written", "said"), WHO.items(), ids=WHO)
def test_who_is_said_as_people_say_it(written: str, said: str) -> None:
    assert f"| {said} or bo |" in shown(replace(UNAPPROVED, who=(written, "user:bo")))
    assert f"by {said}" in headline(Decision((replace(UNAPPROVED, who=(written,)),)), BERLIN)
    assert say_principal(Principal.parse(written)) == said


def test_peers_20_what_people_wrote_is_escaped() -> None:
    text = shown(
        Finding(code="freeze.active", rule="freezes", verdict=Verdict.WAIT, why="<b>|@all `x` [y](z)")
    )
    assert "\\<b\\>\\|" in text
    assert "@all" not in text
