"""A decision in words: the same sentences on the check run, in the job summary and on the terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from protocol.answers import listed
from protocol.headlines import BY_CLOCK, expires_first, headline
from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.principals import say_principal
from protocol.verdict import Decision, Finding, Verdict

MARKS = {Verdict.ALLOW: "✅", Verdict.WAIT: "⏳", Verdict.REFUSE: "❌"}


def findings_markdown(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding: what stands in the way in a table, what passed folded away below it."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    parts = []
    if decision.blocking:
        parts += ["| | Rule | Finding | Who can resolve it |", "|---|---|---|---|"]
        parts += [_row(finding, zone) for finding in decision.blocking]
    if said := next_look(decision, zone):
        parts += ["", said]
    if passed:
        parts += ["", f"<details><summary>{len(passed)} passed</summary>", ""]
        parts += ["| | Rule | Finding |", "|---|---|---|"]
        parts += [_row(finding, zone, who=False) for finding in passed]
        parts += ["", "</details>"]
    return "\n".join(parts).lstrip()


def findings_in_short(decision: Decision, zone: ZoneInfo) -> str:
    """The line, and each reason with who can resolve it, for where there is little room."""
    reasons = [_reason(finding) for finding in decision.blocking]
    return "\n".join([headline(decision, zone), "", *reasons, "", next_look(decision, zone)]).rstrip()


def _reason(finding: Finding) -> str:
    who = who_resolves(finding)
    return f"- {escape(finding.why)}" + (f" ({escape(who)})" if who and who not in finding.why else "")


def findings_text(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding on a line of its own, for a terminal or a job log."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    lines = [_line(finding) for finding in (*decision.blocking, *passed)]
    return "\n".join([*lines, next_look(decision, zone)])


def _row(finding: Finding, zone: ZoneInfo, *, who: bool = True) -> str:
    cells = [MARKS[finding.verdict], finding.rule.replace("_", " "), _said(finding, zone)]
    cells += [escape(who_resolves(finding))] if who else []
    return f"| {' | '.join(cells)} |"


def _said(finding: Finding, zone: ZoneInfo) -> str:
    again = looked_again(finding, zone)
    return f"{escape(finding.why)}{f' _({again})_' if again else ''} `{finding.code}`"


def looked_again(finding: Finding, zone: ZoneInfo) -> str:
    """When it is looked at again, where its sentence does not say that itself."""
    if finding.recheck_at is None or finding.verdict is not Verdict.WAIT:
        return ""
    moment = say_moment(finding.recheck_at, zone)
    return "" if moment in finding.why else f"looked at again {moment}"


def who_resolves(finding: Finding) -> str:
    if finding.who:
        return listed(map(say_principal, finding.who), "or")
    return "time alone" if finding.code in BY_CLOCK and finding.recheck_at is not None else ""


def _line(finding: Finding) -> str:
    who = f" [{listed(map(say_principal, finding.who), 'or')}]" if finding.who else ""
    return f"{finding.verdict.word:<6}  {finding.code}: {finding.why}{who}"


def next_look(decision: Decision, zone: ZoneInfo) -> str:
    """Whether anybody is needed, and when it is looked at again; "" where it waits no more."""
    if decision.verdict is not Verdict.WAIT:
        return ""
    if end := expires_first(decision):
        may = f"It may wait until {say_moment(end, zone)} only, which comes first"
        return f"{may}: start it again later. Looked at again whenever something changes."
    only = "Only time is missing, nobody needs to do anything. " if _comes_by_itself(decision) else ""
    when = f", at the latest {say_moment(decision.recheck_at, zone)}" if decision.recheck_at else ""
    return f"{only}Looked at again whenever something changes{when}."


def _comes_by_itself(decision: Decision) -> bool:
    """Whether all that stands in the way ends at a known moment."""
    return bool(decision.blocking) and all(
        one.code in BY_CLOCK and one.recheck_at is not None and not one.who for one in decision.blocking
    )
