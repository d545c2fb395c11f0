"""The issue that asks why, one for each incident: whoever is first opens it, and the others find it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from gateway.github import Issue
from protocol.analysis import Analysis
from protocol.entry import Entry
from protocol.incident import LABELS, Happened, incident_body, incident_mark, incident_title


class Issues(Protocol):
    def find_issues(
        self,
        marker: str = "",
        *,
        labels: Sequence[str] = (),
        state: Literal["open", "closed", "all"] = "open",
    ) -> tuple[Issue, ...]: ...

    def open_issue(self, title: str, body: str, labels: Sequence[str] = ()) -> Issue: ...


def document(
    issues: Issues,
    entry: Entry,
    *,
    steps: Sequence[Happened] = (),
    analysis: Analysis | None = None,
    seen: bool = True,
    first: bool = False,
) -> Issue:
    """The incident's issue. Not `seen`: nobody saw how far the deployment came.

    `first`: nobody can have told of it before with another end.
    """
    known = incident_of(issues, entry, [LABELS[entry.status]] if first else [])
    if known is not None:
        return known
    body = incident_body(entry, steps=steps, analysis=analysis, seen=seen)
    return issues.open_issue(incident_title(entry), body, [LABELS[entry.status]])


def incident_of(issues: Issues, entry: Entry, labels: Sequence[str] = ()) -> Issue | None:
    """Under whichever label: another attempt, or who knew less, may have seen it end otherwise."""
    mark, likely = incident_mark(entry), LABELS[entry.status]
    for label in labels or dict.fromkeys((likely, *LABELS.values())):
        known = issues.find_issues(mark, labels=[label], state="all")
        if known:
            return known[-1]
    return None
