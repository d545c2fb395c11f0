"""What stands on a pull request about its deployments: one line for each environment, the newest."""

from __future__ import annotations

import re
from datetime import datetime

from protocol.entry import Entry, one_line
from protocol.markdown import escaped, linked

MARKER = "<!-- deploy-protocol:deployed -->"
_TITLE = "**Deployments**"
_LINE = re.compile(r"^- (?P<text>.*) <!-- (?P<place>[^ ]*) (?P<at>\S+) -->$", re.MULTILINE)


def with_line(body: str | None, entry: Entry, log_url: str) -> str:
    """The comment with this deployment's line, in its environment's place; a newer one there stays."""
    lines, place = _lines(body or ""), _place(entry)
    if place not in lines or _moment(lines[place]) <= entry.at:
        lines[place] = _line(entry, place, log_url)
    return "\n".join([MARKER, _TITLE, "", *(lines[name] for name in sorted(lines))])


def says(body: str, entry: Entry) -> bool:
    """Whether a comment has this deployment's line already, or a later one's in its place."""
    line = _lines(body).get(_place(entry))
    return line is not None and (_moment(line) >= entry.at or escaped(one_line(entry)) in line)


def _lines(body: str) -> dict[str, str]:
    return {match["place"]: match[0] for match in _LINE.finditer(body)}


def _place(entry: Entry) -> str:
    return entry.key.partition("/")[0].casefold()


def _line(entry: Entry, place: str, log_url: str) -> str:
    where = f" ({linked('log', log_url)})" if log_url else ""
    said = f"{escaped(entry.environment)}: {escaped(one_line(entry))}, {entry.at:%Y-%m-%d %H:%M}{where}"
    return f"- {said} <!-- {place} {entry.at.isoformat()} -->"


def _moment(line: str) -> datetime:
    match = _LINE.match(line)
    if match is None:
        raise ValueError(f"no line of ours: {line!r}")
    return datetime.fromisoformat(match["at"])
