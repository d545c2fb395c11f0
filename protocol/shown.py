"""Openings and decisions as the command line shows them: lines for a person, JSON for a program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from protocol.durations import say_duration
from protocol.headlines import headline
from protocol.moments import say_moment
from protocol.report import findings_text
from protocol.verdict import Decision, Finding
from protocol.windows import Opening

_MINUTE = timedelta(minutes=1)


def opening_text(environment: str, opening: Opening, now: datetime, zone: ZoneInfo) -> str:
    """The answer first, then the clock, then the next edge."""
    lines = [f"{environment} is {opening.reason}", f"  now     {say_moment(now, zone)}"]
    if opening.open:
        lines.append(f"  closes  {_edge(opening.closes_at, now, zone)}")
    else:
        lines.append(f"  opens   {_edge(opening.opens_at, now, zone)}")
    return "\n".join(lines)


def opening_data(environment: str, opening: Opening, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "environment": environment,
        "at": _iso(now, zone),
        "open": opening.open,
        "reason": opening.reason,
        "opens_at": _iso(opening.opens_at, zone),
        "closes_at": _iso(opening.closes_at, zone),
    }


def decision_text(decision: Decision, zone: ZoneInfo) -> str:
    return f"{headline(decision, zone)}\n\n{findings_text(decision, zone)}".rstrip()


def decision_data(decision: Decision, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "verdict": decision.verdict.word,
        "findings": [_finding_data(finding, zone) for finding in decision.findings],
        "recheck_at": _iso(decision.recheck_at, zone),
    }


def _finding_data(finding: Finding, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "code": finding.code,
        "rule": finding.rule,
        "verdict": finding.verdict.word,
        "why": finding.why,
        "recheck_at": _iso(finding.recheck_at, zone),
        "who": list(finding.who),
    }


def _edge(moment: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if moment is None:
        return "never"
    real = moment.astimezone(UTC) - now.astimezone(UTC)  # within one zone, clocks would be subtracted
    left = real // _MINUTE * _MINUTE
    return f"{say_moment(moment, zone)} (in {say_duration(left) if left else 'less than a minute'})"


def _iso(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).isoformat() if moment is not None else None
