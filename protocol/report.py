"""A decision in words: the same sentences on the check run, in the job summary and on the terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from protocol.headlines import BY_CLOCK
from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.verdict import Decision, Finding, Verdict

MARKS = {Verdict.ALLOW: "✅", Verdict.WAIT: "⏳", Verdict.REFUSE: "❌"}


def findings_markdown(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding: what stands in the way in a table, what passed folded away below it."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    parts = []
    if decision.blocking:
        parts += ["| | Rule | Finding | Who can resolve it |", "|---|---|---|---|"]
        parts += [_row(finding, zone) for finding in decision.blocking]
    if next_look := _next_look(decision, zone):
        parts += ["", next_look]
    if passed:
        parts += ["", f"<details><summary>{len(passed)} passed</summary>", ""]
        parts += ["| | Rule | Finding |", "|---|---|---|"]
        parts += [_row(finding, zone, who=False) for finding in passed]
        parts += ["", "</details>"]
    return "\n".join(parts).lstrip()


def findings_text(decision: Decision, zone: ZoneInfo) -> str:
    """Every finding on a line of its own, for a terminal or a job log."""
    passed = [finding for finding in decision.findings if finding.verdict is Verdict.ALLOW]
    lines = [_line(finding) for finding in (*decision.blocking, *passed)]
    return "\n".join([*lines, _next_look(decision, zone)])


def _row(finding: Finding, zone: ZoneInfo, *, who: bool = True) -> str:
    cells = [MARKS[finding.verdict], finding.rule.replace("_", " "), _said(finding, zone)]
    cells += [_who(finding)] if who else []
    return f"| {' | '.join(cells)} |"


def _said(finding: Finding, zone: ZoneInfo) -> str:
    """The sentence, and when it is looked at again where it does not say that itself."""
    why, again = escape(finding.why), ""
    if finding.recheck_at is not None and finding.verdict is Verdict.WAIT:
        moment = say_moment(finding.recheck_at, zone)
        again = f" _(looked at again {moment})_" if moment not in finding.why else ""
    return f"{why}{again} `{finding.code}`"


def _who(finding: Finding) -> str:
    if finding.who:
        return ", ".join(escape(name) for name in finding.who)
    return "time alone" if finding.code in BY_CLOCK and finding.recheck_at is not None else ""


def _line(finding: Finding) -> str:
    who = f" [{', '.join(finding.who)}]" if finding.who else ""
    return f"{finding.verdict.word:<6}  {finding.code}: {finding.why}{who}"


def _next_look(decision: Decision, zone: ZoneInfo) -> str:
    if decision.verdict is not Verdict.WAIT:
        return ""
    only = "Only time is missing, nobody needs to do anything. " if _comes_by_itself(decision) else ""
    when = f" by the clock {say_moment(decision.recheck_at, zone)}, and" if decision.recheck_at else ""
    return f"{only}Looked at again{when} whenever something changes."


def _comes_by_itself(decision: Decision) -> bool:
    """Whether all that stands in the way ends at a known moment."""
    return bool(decision.blocking) and all(
        one.code in BY_CLOCK and one.recheck_at is not None and not one.who for one in decision.blocking
    )
