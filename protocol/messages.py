"""What the team is told before, during and after a deployment and at a rollback."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from protocol.durations import say_duration
from protocol.entry import Entry, Status
from protocol.wording import not_known

Telling: TypeAlias = Literal["before", "during", "after", "rollback", "failed"]
Noted: TypeAlias = Literal["before", "during", "after but not"]
Tone: TypeAlias = Literal["info", "success", "warning", "failure"]

TEMPLATES: Final[Mapping[Telling, str]] = {
    "before": """\
Deploying {version} to {environment}
Deployer: {deployer}
Approved by: {approvers}
Emergency: {emergency}
Changes: {changes}
Runs there now: {previous_version}
Watch it: {run_url}""",
    "during": """\
{version} is out in {environment} and being looked at
Ready to go back to: {previous_version}
Watch it: {run_url}""",
    "after": """\
{version} is in {environment}
Deployer: {deployer}
Changes: {changes} {changes_url}
Deployment time: {took}
{metrics}
Issues: {issues}
Log: {log_url}
Run: {run_url}""",
    "rollback": """\
Rolling {environment} back from {version} to {previous_version}
What went wrong: {issues}
Watch it: {run_url}""",
    "failed": """\
{version} {ended} {environment}
Runs there now: {running}
What went wrong: {issues}
{metrics}
Documented: {issue_url}
Log: {log_url}
Run: {run_url}""",
}
TONES: Final[Mapping[Telling, Tone]] = {
    "before": "info",
    "during": "info",
    "after": "success",
    "rollback": "warning",
    "failed": "failure",
}
_ENDED: Final[Mapping[Status, str]] = {
    "success": "is in",
    "rollback": "was rolled back from",
    "failed": "failed in",
    "stopped": "was stopped in",
    "held": "is held in",
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CALLS_SOMEBODY = re.compile(r"@(?=\w)|<(?=[!@#&])")  # a mention, in one chat's words or another's
_APART = "\u2060"
_TITLE_LIMIT = 200
_NOTE_LIMIT = 140  # characters GitHub takes as a deployment status's description
_NOTE = re.compile(r"Told (?P<telling>before|during|after but not): (?P<channels>[\w, ]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`tone` is what a chat colours it by."""

    title: str
    body: str
    tone: Tone = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a message can tell, by the names its placeholders have; empty where it is not known."""

    environment: str
    version: str
    repository: str = ""
    previous_version: str = ""
    deployer: str = ""
    approvers: str = ""
    emergency: str = ""
    changes: str = ""
    changes_url: str = ""
    ended: str = ""
    running: str = ""
    took: str = ""
    metrics: str = ""
    issues: str = ""
    run_url: str = ""
    log_url: str = ""
    issue_url: str = ""

    def of(self, name: str) -> str:
        """One value: nothing in it calls somebody, hides or turns the line around."""
        text = _HIDDEN.sub(" ", str(getattr(self, name))).strip()
        return _CALLS_SOMEBODY.sub(lambda match: match[0] + _APART, text)


PLACEHOLDERS: Final = tuple(News.__dataclass_fields__)


def message(template: str, news: News, tone: Tone = "info") -> Message:
    """Fill a template in: first the title. A line that only names what is not known is left out."""
    lines = [filled for line in template.strip().splitlines() if (filled := _filled(line, news)) is not None]
    title, *body = lines or [f"{news.version} {news.environment}"]
    return Message(title=title[:_TITLE_LIMIT], body="\n".join(body), tone=tone)


def _filled(line: str, news: News) -> str | None:
    values = [news.of(match[1]) for match in _PLACEHOLDER.finditer(line)]
    if values and not any(values):
        return None
    return _PLACEHOLDER.sub(lambda match: news.of(match[1]), line).rstrip()


def check_template(text: str) -> str:
    """The template as it is. Raises ValueError naming a placeholder that we cannot fill in."""
    unknown = next((name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS), None)
    if unknown is not None:
        raise ValueError(not_known("placeholder", unknown, PLACEHOLDERS))
    if not text.strip():
        raise ValueError("a message has a first line: write one, such as Deploying {version}")
    return text


def news_of(entry: Entry, *, log_url: str = "") -> News:
    """What an entry of the log has to tell."""
    measured = [one for one in entry.metrics if one.before is not None or one.after is not None]
    return News(
        repository=entry.repository,
        environment=entry.environment,
        version=entry.version,
        previous_version=entry.previous_version or "",
        deployer=entry.deployer,
        approvers=", ".join(entry.approvers),
        emergency=entry.emergency or "",
        changes=entry.changes,
        changes_url=entry.changes_url,
        ended=_ENDED[entry.status],
        running=_running(entry),
        took="" if entry.seconds is None else say_duration(timedelta(seconds=round(entry.seconds))),
        metrics="\n".join(f"{one.name}: {one.before or '?'} -> {one.after or '?'}" for one in measured),
        issues="; ".join(entry.issues),
        run_url=entry.run_url,
        log_url=log_url,
        issue_url=entry.document_url,
    )


def _running(entry: Entry) -> str:
    """What the environment runs after it; empty where a person has to look."""
    runs: Mapping[Status, str | None] = {
        "success": entry.version,
        "held": entry.version,
        "rollback": entry.previous_version,
    }
    return runs.get(entry.status) or ""


def slug(channel: str) -> str:
    """`on-call` → `on_call`."""
    return re.sub(r"\W+", "_", channel).lower()


def notes(telling: Noted, channels: Iterable[str]) -> tuple[str, ...]:
    """Descriptions of deployment statuses that keep who was told, each short enough for GitHub.

    Of a success it is kept who was not: that it was told, the log itself shows.
    """
    start = f"Told {telling}: "
    kept: list[str] = []
    for channel in map(slug, channels):
        if kept and len(kept[-1]) + len(channel) + len(", ") <= _NOTE_LIMIT:
            kept[-1] += f", {channel}"
        else:
            kept.append((start + channel)[:_NOTE_LIMIT])
    return tuple(kept)


def noted_channels(descriptions: Iterable[str], telling: Noted) -> frozenset[str]:
    """The slugs of the channels that `notes` among these descriptions name."""
    found = [match for text in descriptions if (match := _NOTE.fullmatch(text))]
    return frozenset(
        channel for match in found if match["telling"] == telling for channel in match["channels"].split(", ")
    )
