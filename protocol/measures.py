"""How often, how fast, how well and how soon mended: four measures per environment and ISO week.

docs/measures.md says what each means and what it leaves out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Literal, TypeAlias

from protocol.durations import say_duration

Outcome: TypeAlias = Literal[
    "success",  # the version went in
    "failed",  # it failed, and nothing went back by itself
    "rolled_back",  # it failed, and the version before is in again
    "gone_back",  # somebody asked for the version before
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One deployment that came to its end. Both moments are aware."""

    environment: str
    sha: str
    began: datetime
    ended: datetime
    outcome: Outcome
    id: int = 0  # GitHub's times are whole seconds; of two in one second the greater is the later


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A commit: when it was written, and what it stands on."""

    at: datetime
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One environment in one ISO week, of the moments in UTC. None: there was nothing to measure."""

    environment: str
    week: str
    deployments: int
    attempts: int
    failures: int
    lead_time: timedelta | None
    time_to_restore: timedelta | None

    @property
    def failure_rate(self) -> float | None:
        """From 0 to 1; None where nobody tried."""
        return self.failures / self.attempts if self.attempts else None


def measures(attempts: Sequence[Attempt], commits: Mapping[str, Written]) -> tuple[Week, ...]:
    """By environment, in whatever case, then week. The order of the attempts does not matter."""
    places: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=_order):
        places[attempt.environment.casefold()].append(attempt)
    return tuple(week for _, there in sorted(places.items()) for week in _weeks(there, commits))


def _order(attempt: Attempt) -> tuple[datetime, int, datetime, str, str, str]:
    return attempt.ended, attempt.id, attempt.began, attempt.sha, attempt.outcome, attempt.environment


def _weeks(attempts: Sequence[Attempt], commits: Mapping[str, Written]) -> Iterator[Week]:
    """Of one environment, named as the latest attempt names it."""
    leads, failures = _lead_times(attempts, commits), _failures(attempts)
    by_week: dict[str, list[int]] = defaultdict(list)
    for at, attempt in enumerate(attempts):
        by_week[week_of(attempt.ended)].append(at)
    for week, these in sorted(by_week.items()):
        outcomes = [attempts[at].outcome for at in these]
        restored = [failures[at] for at in these if at in failures]
        yield Week(
            environment=attempts[-1].environment,
            week=week,
            deployments=outcomes.count("success"),
            attempts=len(outcomes) - outcomes.count("gone_back"),
            failures=len(restored),
            lead_time=_median([lead for at in these for lead in leads.get(at, ())]),
            time_to_restore=_median([length for length in restored if length is not None]),
        )


def week_of(moment: datetime) -> str:
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def _lead_times(
    attempts: Sequence[Attempt], commits: Mapping[str, Written]
) -> dict[int, tuple[timedelta, ...]]:
    """Of every commit that went in for the first time, by the attempt that brought it.

    What stood under the first one we know of went in at times we do not know, so only its own commit counts.
    """
    leads: dict[int, tuple[timedelta, ...]] = {}
    seen: set[str] = set()
    for at, attempt in enumerate(attempts):
        if attempt.outcome != "success":
            continue
        is_first = not seen
        new = set(_new(attempt.sha, commits, seen))
        seen |= new
        counted = {attempt.sha} & new if is_first else new
        leads[at] = tuple(max(attempt.ended - commits[sha].at, timedelta(0)) for sha in sorted(counted))
    return leads


def _new(sha: str, commits: Mapping[str, Written], seen: set[str]) -> Iterator[str]:
    found: set[str] = set()
    waiting = [sha]
    while waiting:
        commit = waiting.pop()
        if commit in commits and commit not in seen and commit not in found:
            found.add(commit)
            yield commit
            waiting += commits[commit].parents


def _failures(attempts: Sequence[Attempt]) -> dict[int, timedelta | None]:
    """How long each failure lasted, from its attempt's beginning; None while it lasts.

    A version that went in well and that somebody then went back from has failed too.
    """
    failures: dict[int, timedelta | None] = {}
    mended: datetime | None = None
    following: Outcome | None = None
    for at, attempt in reversed(list(enumerate(attempts))):
        was_undone = attempt.outcome == "success" and following == "gone_back"
        if attempt.outcome == "rolled_back":
            failures[at] = attempt.ended - attempt.began
        elif attempt.outcome == "failed" or was_undone:
            failures[at] = mended - attempt.began if mended else None
        if attempt.outcome != "rolled_back":
            following = attempt.outcome
        if attempt.outcome != "failed" and not was_undone:
            mended = attempt.ended
    return failures


def _median(lengths: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else None


def measures_data(weeks: Sequence[Week]) -> dict[str, Any]:
    """The JSON form; lengths of time are in seconds."""
    return {"weeks": [_week_data(week) for week in weeks]}


def _week_data(week: Week) -> dict[str, Any]:
    rate = week.failure_rate
    return {
        "environment": week.environment,
        "week": week.week,
        "deployments": week.deployments,
        "attempts": week.attempts,
        "failures": week.failures,
        "lead_time_seconds": _seconds(week.lead_time),
        "change_failure_rate": None if rate is None else round(rate, 4),
        "time_to_restore_seconds": _seconds(week.time_to_restore),
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)


def measures_text(weeks: Sequence[Week]) -> str:
    """A table for people."""
    if not weeks:
        return "No deployment has ended yet."
    heading = ("environment", "week", "deployments", "lead time", "failures", "time to restore")
    rows = [heading, *(_row(week) for week in weeks)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heading))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(week: Week) -> tuple[str, ...]:
    rate = week.failure_rate
    failures = "-" if rate is None else f"{rate:.0%} ({week.failures} of {week.attempts})"
    lead, restore = _say(week.lead_time), _say(week.time_to_restore)
    return week.environment, week.week, str(week.deployments), lead, failures, restore


def _say(length: timedelta | None) -> str:
    return "-" if length is None else say_duration(timedelta(seconds=round(length.total_seconds())))
