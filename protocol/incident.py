"""The document of a deployment that did not go well: what is known filled in, the rest asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from protocol.analysis import Analysis
from protocol.charts import render_analysis
from protocol.durations import say_duration
from protocol.entry import Entry, Status, render_entry
from protocol.markdown import block, escaped, linked

LABELS: Final[dict[Status, str]] = {
    "rollback": "deploy-rollback",
    "failed": "deploy-failed",
    "stopped": "deploy-failed",
    "held": "deploy-held",
    "success": "post-mortem",  # after an emergency
}
_ENDED: Final[dict[Status, str]] = {
    "success": "was deployed in an emergency",
    "rollback": "was rolled back",
    "failed": "failed",
    "stopped": "was stopped",
    "held": "is held for a person",
}
_RUNS: Final[dict[Status, str]] = {
    "success": "{where} runs {version} now.",
    "rollback": "{where} runs {before} again.",
    "failed": "Look at what {where} runs: nothing went back by itself.",
    "stopped": "Look at what {where} runs: nothing went back by itself.",
    "held": "{where} runs {version} until a person says whether it stays.",
}
_UNSEEN: Final = (
    "Look at what {where} runs: how far the deployment got is not known.",
    "no approval that GitHub still shows",
)
_WHY = (
    "Which check, review or environment before this one could have shown it?",
    "Why did it not: was it not looked at, not measured, or different there?",
    "Who noticed first, and how long after the deployment began?",
)
_PREVENT = (
    "Which test, smoke test or metric will show it next time, and where is it kept?",
    "What in the policy has to change: a checklist item, a bound, a window?",
    "Who does it, until when?",
)
_ASKED = ("### What went wrong", "### Why it was not caught", "### How to prevent it")
_RUN = re.compile(r"/runs/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One step. `after` is when it began, in seconds since the first; None where nobody knows."""

    step: str
    outcome: str
    seconds: float
    after: float | None = None
    wrong: str = ""
    last_lines: tuple[str, ...] = ()


def incident_mark(entry: Entry) -> str:
    """The hidden line by which the document is found again: one for all the attempts of a run."""
    place, _, deployment = entry.key.partition("/")
    run = _RUN.search(entry.run_url)
    return f"<!-- deploy-protocol:incident {place}/{run[1] if run else deployment} -->"


def incident_title(entry: Entry) -> str:
    return f"{entry.environment}: {entry.version} {_ENDED[entry.status]}"


def incident_body(
    entry: Entry,
    *,
    steps: Sequence[Happened] = (),
    analysis: Analysis | None = None,
    seen: bool = True,
) -> str:
    """The protocol's three questions: the first answered as far as we know, the others to be filled in.

    Not `seen`: nobody saw how far it came.
    """
    parts = [
        incident_mark(entry),
        _now(entry, seen=seen),
        f"{_ASKED[0]}\n\n" + "\n".join(_wrong(entry)),
        *_output(steps),
        *_timeline(entry, steps),
        *([f"### Metrics\n\n{render_analysis(analysis)}"] if analysis and analysis.judgements else []),
        f"{_ASKED[1]}\n\n" + _questions(_WHY),
        f"{_ASKED[2]}\n\n" + _questions(_PREVENT),
        "### The log's entry\n\n" + render_entry(entry).replace("## ", "#### ", 1),
    ]
    return "\n\n".join(parts)


def asks_why(body: str) -> bool:
    """Whether a text has the protocol's three questions, as an incident's and a post-mortem's have."""
    return all(question in body for question in _ASKED)


def _now(entry: Entry, *, seen: bool) -> str:
    """What whoever opens it wants to know first: what is out there now, and what came with it."""
    where, version = escaped(entry.environment), escaped(entry.version)
    before = escaped(entry.previous_version or "the version before")
    what = linked(entry.changes or "see the changes", entry.changes_url)
    approvers = ", ".join(map(escaped, entry.approvers))
    runs, nobody = (_RUNS[entry.status], "no approval") if seen else _UNSEEN
    return (
        f"**{runs.format(version=version, before=before, where=where)}** "
        f"{version}, begun {entry.at:%Y-%m-%d %H:%M %Z}, {_ENDED[entry.status]}.\n\n"
        f"Changes: {what}, deployed by {escaped(entry.deployer)}"
        + (f" and approved by {approvers}." if approvers else f", with {nobody}.")
    )


def _wrong(entry: Entry) -> Iterator[str]:
    if entry.emergency is not None:
        yield f"- Emergency: {escaped(entry.emergency)}"
    for issue in entry.issues:
        yield f"- {escaped(issue)}"
    if not entry.issues and entry.emergency is None:
        yield "- Not known yet"
    if entry.run_url:
        yield f"- The job's log: {entry.run_url}"


def _output(steps: Sequence[Happened]) -> Iterator[str]:
    """Of the first step that failed."""
    failed = next((step for step in steps if step.outcome != "passed" and step.last_lines), None)
    if failed is not None:
        yield f"The last lines of {escaped(failed.step)}:\n\n{block(failed.last_lines)}"


def _timeline(entry: Entry, steps: Sequence[Happened]) -> Iterator[str]:
    if not steps:
        return
    rows = [
        f"| {_clock(entry, step)} | {escaped(step.step)} | {step.outcome} | {_said(step.seconds)} | "
        f"{escaped(step.wrong)} |"
        for step in steps
    ]
    head = [f"| Began ({entry.at:%Z}) | Step | Outcome | Took | What was wrong |", "|---|---|---|---:|---|"]
    yield "### Timeline\n\n" + "\n".join([*head, *rows])


def _clock(entry: Entry, step: Happened) -> str:
    if step.after is None:
        return "-"
    return f"{entry.at + timedelta(seconds=step.after):%H:%M:%S}"


def _said(seconds: float) -> str:
    return say_duration(timedelta(seconds=round(seconds)))


def _questions(questions: Sequence[str]) -> str:
    return "\n\n".join(f"**{question}**\n\n_To be answered._" for question in questions)
