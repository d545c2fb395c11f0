"""A decision in one short line, to be understood in passing: the verdict, then what it needs and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from protocol.principals import say_principal
from protocol.verdict import Decision, Finding, Verdict

MOST_PHRASES = 3  # a pull request's page shows some eighty characters
WORDS: Mapping[Verdict, str] = {
    Verdict.ALLOW: "Allowed",
    Verdict.WAIT: "Waiting",
    Verdict.REFUSE: "Refused",
}
WORDS_BEFORE_MERGE: Mapping[Verdict, str] = {
    Verdict.ALLOW: "Could be deployed now",
    Verdict.WAIT: "Will wait",
    Verdict.REFUSE: "Would be refused",
}


def headline(
    decision: Decision,
    zone: ZoneInfo,
    words: Mapping[Verdict, str] = WORDS,
    *,
    most: int | None = MOST_PHRASES,
) -> str:
    """`Waiting: opens Mon 30 Nov 10:00 CET, approval by team acme/dba`; without `most` all of it."""
    word = words[decision.verdict]
    match [one for one in decision.blocking if one.verdict is decision.verdict]:
        case []:
            return word if decision.verdict is Verdict.ALLOW else f"{word}: no rule answered"
        case [only] if only.code not in _ALONE:
            return f"{word}: {only.why}"
        case findings:
            phrases = _phrases(findings, expires_first(decision), zone)
    shown, more = phrases[:most], len(phrases) - len(phrases[:most])
    return f"{word}: {', '.join(shown)}" + (f" and {more} more" if more else "")


def _phrases(findings: Sequence[Finding], end: datetime | None, zone: ZoneInfo) -> list[str]:
    """What only time can settle is read first: it says whether to stay or go home."""
    by_clock = [_phrase(one, zone) for one in findings if one.code in BY_CLOCK]
    by_people = [_phrase(one, zone) for one in findings if one.code not in BY_CLOCK]
    in_vain = [f"expires before that, {_moment(end, zone)}"] if end else []
    return list(dict.fromkeys([*by_clock, *in_vain, *by_people]))


def expires_first(decision: Decision) -> datetime | None:
    """When it may wait no longer, where that comes before what only time can settle."""
    opens = [one.recheck_at for one in decision.blocking if one.code in BY_CLOCK and one.recheck_at]
    ends = [one.recheck_at for one in decision.findings if one.code == "expiry.running" and one.recheck_at]
    end = min(ends, default=None, key=datetime.timestamp)
    late = end is not None and any(end.timestamp() <= one.timestamp() for one in opens)
    return end if late else None


def _phrase(finding: Finding, zone: ZoneInfo) -> str:
    say = _ALONE.get(finding.code)
    return say(finding, zone) if say else _AMONG_OTHERS.get(finding.code, finding.rule.replace("_", " "))


def _until(before: str, without: str) -> Callable[[Finding, ZoneInfo], str]:
    """A phrase that ends in the moment, or stands alone where none is known."""
    return lambda finding, zone: (
        f"{before} {_moment(finding.recheck_at, zone)}" if finding.recheck_at else without
    )


def _by_whom(what: str) -> Callable[[Finding, ZoneInfo], str]:
    return lambda finding, _: f"{what} by {say_principal(finding.who[0])}" if len(finding.who) == 1 else what


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


BY_CLOCK: Mapping[str, Callable[[Finding, ZoneInfo], str]] = {
    "windows.closed": _until("opens", "closed for good"),
    "freeze.active": _until("frozen until", "frozen"),
    "order.baking": _until("bakes until", "baking"),
}
# What says enough by itself; all else is said in its finding's own sentence where it stands alone.
_ALONE: Mapping[str, Callable[[Finding, ZoneInfo], str]] = {
    **BY_CLOCK,
    "approvals.missing": _by_whom("approval"),
    "approvals.rejected": _by_whom("rejected"),
}
_AMONG_OTHERS: Mapping[str, str] = {
    "order.staging_missing": "an earlier environment first",
    "order.staging_held": "held in an earlier environment",
    "in_flight.other": "another deployment is under way",
    "checks.pending": "checks still running",
    "checks.missing": "checks not seen yet",
    "checks.none": "checks not seen yet",
    "review.missing": "a review",
    "review.changes_requested": "changes asked for",
    "policy.missing": "no policy could be read",
}
