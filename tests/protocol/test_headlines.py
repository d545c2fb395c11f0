"""One short line says the verdict, then what only time can settle, then what people can."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocol.headlines import WORDS_BEFORE_MERGE, headline
from protocol.verdict import Decision, Finding, Verdict

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


def finding(code: str, *, verdict: Verdict = Verdict.WAIT, who: tuple[str, ...] = ()) -> Finding:
    rule = code.partition(".")[0]
    return Finding(code=code, rule=rule, verdict=verdict, why=f"{code} it is", recheck_at=MONDAY, who=who)


def ends(moment: datetime) -> Finding:
    return replace(finding("expiry.running", verdict=Verdict.ALLOW), recheck_at=moment)


CLOSED = finding("windows.closed")
UNAPPROVED = finding("approvals.missing", who=("team:acme/dba",))


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        pytest.param((), "Waiting: no rule answered", id="silence waits"),
        pytest.param((CLOSED,), "Waiting: opens Mon 30 Nov 10:00 CET", id="when it opens"),
        pytest.param(
            (UNAPPROVED, CLOSED),
            "Waiting: opens Mon 30 Nov 10:00 CET, approval by team acme/dba",
            id="time is read first",
        ),
        pytest.param(
            (finding("checks.pending"),), "Waiting: checks.pending it is", id="one in its own words"
        ),
        pytest.param(
            tuple(finding(f"{rule}.x") for rule in ("checks", "review", "order", "access")),
            "Waiting: checks, review, order and 1 more",
            id="three and how many more",
        ),
        pytest.param(
            (finding("checks.pending"), finding("checklist.unticked"), finding("order.staging_missing")),
            "Waiting: checks still running, checklist, an earlier environment first",
            id="several in words as short as they can be",
        ),
        pytest.param(
            (finding("freeze.active"), finding("freeze.active")),
            "Waiting: frozen until Mon 30 Nov 10:00 CET",
            id="each once",
        ),
        pytest.param(
            (finding("checks.failed", verdict=Verdict.REFUSE), CLOSED),
            "Refused: checks.failed it is",
            id="what refuses alone",
        ),
        pytest.param((finding("x", verdict=Verdict.ALLOW),), "Allowed", id="nothing stands in the way"),
        pytest.param(
            (UNAPPROVED, CLOSED, ends(MONDAY - timedelta(hours=1))),
            "Waiting: opens Mon 30 Nov 10:00 CET, expires before that, Mon 30 Nov 09:00 CET, "
            "approval by team acme/dba",
            id="it expires before it opens",
        ),
        pytest.param(
            (CLOSED, ends(MONDAY + timedelta(hours=1))),
            "Waiting: opens Mon 30 Nov 10:00 CET",
            id="it expires after it opened",
        ),
        pytest.param(
            (UNAPPROVED, ends(MONDAY - timedelta(hours=1))),
            "Waiting: approval by team acme/dba",
            id="people can be in time",
        ),
    ],
)
def test_a_decision_in_one_line(findings: tuple[Finding, ...], line: str) -> None:
    assert headline(Decision(findings), BERLIN) == line


def test_where_there_is_room_all_of_it_is_said() -> None:
    findings = tuple(finding(f"{rule}.x") for rule in ("checks", "review", "order", "access"))
    assert headline(Decision(findings), BERLIN, most=None) == "Waiting: checks, review, order, access"


def test_before_a_merge_nothing_is_promised() -> None:
    line = headline(Decision((CLOSED,)), BERLIN, WORDS_BEFORE_MERGE)
    assert line == "Will wait: opens Mon 30 Nov 10:00 CET"
