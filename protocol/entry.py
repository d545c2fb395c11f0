"""The deployment log's entry: data, JSON and the protocol's Markdown, and its place in a Release.

The Markdown is for people. A hidden comment beside it carries the machine form, so that an entry is
found again and read back exactly as it was, whatever its texts contain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, TypeAdapter

from protocol.changes import Part, change_lines
from protocol.durations import say_duration
from protocol.markdown import escaped, linked
from protocol.verdict import Finding

SCHEMA: Final = 1
Status: TypeAlias = Literal["success", "rollback", "failed", "stopped", "held"]

_STATUS_LIMIT = 140  # characters GitHub takes as a deployment status's description
_SECTION_START = "<!-- deploy-protocol:log -->"
_SECTION_END = "<!-- /deploy-protocol:log -->"
_ENTRY = re.compile(
    r"<!-- deploy-protocol:entry (?P<key>\S+) (?P<data>\{[^\n]*\}) -->\r?\n"
    r"(?P<text>.*?)"
    r"<!-- /deploy-protocol:entry (?P=key) -->(?:\r?\n)*",
    re.DOTALL,
)
_LONE_MARK = re.compile(r"<!-- /?deploy-protocol:entry (?P<key>\S+)(?: \{[^\n]*\})? -->\r?\n?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A metric before and after, as a person reads it; None where it was not measured."""

    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A finding, kept for the log."""

    code: str
    verdict: str
    why: str

    @classmethod
    def of(cls, finding: Finding) -> Said:
        return cls(code=finding.code, verdict=finding.verdict.word, why=finding.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deployment. `at` is in the policy's zone; `seconds` is how long it took."""

    repository: str
    environment: str
    version: str
    sha: str
    at: AwareDatetime
    deployer: str
    status: Status
    deployment_id: int | None = None
    previous_version: str | None = None
    changes: str = ""
    changes_url: str = ""
    included: tuple[Part, ...] = ()
    notes_url: str = ""
    issues: tuple[str, ...] = ()
    seconds: float | None = None
    metrics: tuple[Change, ...] = ()  # beyond error rate and response time too
    findings: tuple[Said, ...] = ()
    approvers: tuple[str, ...] = ()
    emergency: str | None = None
    run_url: str = ""
    document_url: str = ""  # of the issue that asks why it did not go well
    run_attempt: int = 1
    schema_version: Literal[1] = SCHEMA

    @property
    def key(self) -> str:
        """One per deployment: its id, or the commit where there is none."""
        place = re.sub(r"[^\w.]+", "_", self.environment)
        return f"{place}/{self.deployment_id or self.sha}"


def entry_data(entry: Entry) -> dict[str, Any]:
    """The machine form: JSON values under `schema_version`."""
    return {**asdict(entry), "at": entry.at.isoformat()}


def entry_from(data: object) -> Entry:
    """Read the machine form back. Raises ValueError when it is not one."""
    return _reader().validate_python(data)


@cache
def _reader() -> TypeAdapter[Entry]:
    """Made when first read: making it takes longer than a deployment's first step may wait."""
    return TypeAdapter(Entry)


def render_entry(entry: Entry) -> str:
    """The entry in the protocol's form, for people."""
    lines = [
        f"## {entry.at:%Y-%m-%d %H:%M} - Version {escaped(entry.version)}",
        "",
        f"**Deployer**: {escaped(entry.deployer)}",
        f"**Changes**: {_changes(entry)}",
        *_included(entry),
        f"**Status**: {entry.status.capitalize()}",
        f"**Issues**: {'; '.join(escaped(issue) for issue in entry.issues) or 'None'}",
        "**Metrics**:",
        *_metric_lines(entry),
        f"**Environment**: {escaped(entry.environment)}",
        f"**Previous version**: {escaped(entry.previous_version or 'None known')}",
        f"**Approvers**: {', '.join(escaped(login) for login in entry.approvers) or 'None'}",
    ]
    if entry.emergency is not None:
        lines.append(f"**Emergency**: {escaped(entry.emergency)}")
    if entry.document_url:
        lines.append(f"**Document**: {linked('what went wrong', entry.document_url)}")
    lines += ["**Findings**:", *_finding_lines(entry)]
    return "\n".join(lines) + "\n"


def _changes(entry: Entry) -> str:
    if entry.changes_url:
        return linked(entry.changes or "Changes", entry.changes_url)
    return escaped(entry.changes) or "Not known"


def _included(entry: Entry) -> list[str]:
    """One part is said by the headline already."""
    lines = [*change_lines(entry.included)] if len(entry.included) > 1 else []
    lines += [f"- {linked('Release notes', entry.notes_url)}"] if entry.notes_url else []
    return [*lines, ""] if lines else []


def _metric_lines(entry: Entry) -> Iterator[str]:
    took = "not measured" if entry.seconds is None else say_duration(timedelta(seconds=round(entry.seconds)))
    yield f"- Deployment time: {took}"
    measured = {change.name: change for change in entry.metrics}
    for name in ("Error rate", "Response time"):
        yield _metric_line(measured.pop(name, Change(name=name)))
    for change in measured.values():
        yield _metric_line(change)
    yield ""  # ends the list, so that the next line is not part of it


def _metric_line(change: Change) -> str:
    before, after = change.before or "not measured", change.after or "not measured"
    return f"- {escaped(change.name)}: {escaped(before)} -> {escaped(after)}"


def _finding_lines(entry: Entry) -> Iterator[str]:
    asked = [finding for finding in entry.findings if finding.code != "policy.not_asked"]
    for finding in asked:
        yield f"- {escaped(finding.verdict)}: {escaped(finding.why)} ({escaped(finding.code)})"
    if not asked:
        yield "- None"


def one_line(entry: Entry) -> str:
    """The entry as a deployment status's description, at most 140 characters."""
    took = "" if entry.seconds is None else f" in {say_duration(timedelta(seconds=round(entry.seconds)))}"
    ended = f"{entry.status.capitalize()} - {entry.version}{took}"
    by = f" by {entry.deployer}" if entry.deployer else ""
    if len(ended + by) > _STATUS_LIMIT - len(": …"):
        by = ""  # cut in the middle of a name the line could not be read back
    issues = f": {entry.issues[0]}" if entry.issues else ""
    line = " ".join(f"{ended}{by}{issues}".split())
    return line if len(line) <= _STATUS_LIMIT else line[: _STATUS_LIMIT - 1] + "…"


_ONE_LINE = re.compile(r"(?:Success|Rollback|Failed|Stopped|Held) - (?P<version>\S+)")


def version_of_line(description: str) -> str | None:
    """The version a `one_line` names, if it is one."""
    match = _ONE_LINE.match(description)
    return match["version"].rstrip(":") if match else None


def marked(entry: Entry) -> str:
    """The entry's Markdown between hidden marks that carry its machine form."""
    data = json.dumps(entry_data(entry), ensure_ascii=False, separators=(",", ":"))
    return (
        f"<!-- deploy-protocol:entry {entry.key} {_hidden(data)} -->\n"
        f"{render_entry(entry)}"
        f"<!-- /deploy-protocol:entry {entry.key} -->\n\n"
    )


def _hidden(data: str) -> str:
    """JSON that cannot end an HTML comment, nor be broken by a change of line ends."""
    for character in "<>\u2028\u2029\x85\x7f":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return data.replace("--", "-\\u002d").replace("--", "-\\u002d")


def entries_in(body: str) -> tuple[Entry, ...]:
    """Every entry that can be read from a text, in its order."""
    return tuple(entry for match in _ENTRY.finditer(body) if (entry := _read(match["data"])) is not None)


def _read(data: str) -> Entry | None:
    try:
        return entry_from(json.loads(data))
    except ValueError:
        return None


def without_log(body: str) -> str:
    """What others wrote in a release."""
    return re.sub(rf"{_SECTION_START}.*?({_SECTION_END}|\Z)", "", body, flags=re.DOTALL)


def upsert(body: str | None, entry: Entry) -> str:
    """A release's body with the entry in our own section: replaced where it stands, else put first.

    Whatever else the body holds stays as it is. `continuation.fitted` makes a body fit that grows too long.
    """
    kept = body or ""
    block = marked(entry)
    if any(match["key"] == entry.key for match in _ENTRY.finditer(kept)):
        return _replaced(kept, entry.key, block)
    return _added(_without_marks(kept, entry.key), block)


def without_entry(body: str, key: str) -> str:
    """The body without one entry of ours."""
    return _ENTRY.sub(lambda match: "" if match["key"] == key else match[0], body)


def _replaced(body: str, key: str, block: str) -> str:
    blocks = iter([block])
    return _ENTRY.sub(lambda match: next(blocks, "") if match["key"] == key else match[0], body)


def _without_marks(body: str, key: str) -> str:
    """A half-deleted entry's marks would swallow what stands between them and the new ones."""
    return _LONE_MARK.sub(lambda match: "" if match["key"] == key else match[0], body)


def _added(body: str, block: str) -> str:
    if _SECTION_START in body:
        before, _, after = body.partition(_SECTION_START)
        return f"{before}{_SECTION_START}\n{block}{after.lstrip()}"
    separator = "\n\n" if body.strip() else ""
    return f"{body.rstrip()}{separator}{_SECTION_START}\n{block}{_SECTION_END}\n"
