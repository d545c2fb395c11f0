"""A decision in words: the same sentences on the check run, in the job summary and on the terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.verdict import Decision, Finding, Verdict

_MARKS = {Verdict.ALLOW: "✅", Verdict.WAIT: "⏳", Verdict.REFUSE: "❌"}


def headline(decision: Decision) -> str:
    """One short line: the verdict and the first thing in the way."""
    if decision.verdict is Verdict.ALLOW:
        return "Allowed"
    blocking = decision.blocking
    word = "Waiting" if decision.verdict is Verdict.WAIT else "Refused"
    if not blocking:
        return f"{word}: no rule answered"
    more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    return f"{word}: {blocking[0].why}{more}"


def findings_markdown(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding as a table, what stands in the way first."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    rows = [_row(finding, zone) for finding in (*decision.blocking, *passed)]
    table = ["| | Rule | Finding | Who can resolve it |", "|---|---|---|---|", *rows]
    return "\n".join([*table, "", _next_look(decision, zone)])


def findings_text(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding on a line of its own, for a terminal or a job log."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    lines = [_line(finding) for finding in (*decision.blocking, *passed)]
    return "\n".join([*lines, _next_look(decision, zone)])


def _row(finding: Finding, zone: ZoneInfo) -> str:
    why = escape(finding.why)
    if finding.recheck_at is not None and finding.verdict is Verdict.WAIT:
        why += f" _(looked at again {say_moment(finding.recheck_at, zone)})_"
    who = ", ".join(escape(name) for name in finding.who)
    return f"| {_MARKS[finding.verdict]} | {finding.rule} | {why} `{finding.code}` | {who} |"


def _line(finding: Finding) -> str:
    who = f" [{', '.join(finding.who)}]" if finding.who else ""
    return f"{finding.verdict.word:<6}  {finding.code}: {finding.why}{who}"


def _next_look(decision: Decision, zone: ZoneInfo) -> str:
    if decision.verdict is not Verdict.WAIT:
        return ""
    when = f" by the clock {say_moment(decision.recheck_at, zone)}," if decision.recheck_at else ""
    return f"Looked at again{when} and whenever something changes."
