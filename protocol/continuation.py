"""A log too long for one release: its oldest entries stand elsewhere, and a line leads there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from protocol.entry import Entry, entries_in, entry_data, entry_from, marked, without_entry

ROOM = 120_000  # of the 125,000 characters that GitHub takes as a release's body
# At the start of its line: a pull request's title stands in generated notes, and never there.
_LINE = re.compile(
    r"^<!-- deploy-protocol:older (?P<numbers>\d+(?: \d+)*) -->[^\n]*<!-- /deploy-protocol:older -->\n*",
    re.MULTILINE,
)
_LENGTHS = (10_000, 5_000, 2_500, 1_000, 300, 80)
_WHOLE = frozenset({"repository", "environment", "sha", "at"})  # what an entry is found by


@dataclass(frozen=True, slots=True)
class Split:
    """A body that fits, and what had to leave it, newest first."""

    body: str
    moved: tuple[Entry, ...] = ()


def fitted(body: str, room: int = ROOM) -> Split:
    """Our oldest entries leave a body that is too long; others' words never do."""
    moved: list[Entry] = []
    while len(body) > room and (entries := entries_in(body)):
        oldest = min(entries, key=lambda entry: entry.at)
        moved.insert(0, oldest)
        body = without_entry(body, oldest.key)
    return Split(body, tuple(moved))


def older(body: str) -> tuple[int, ...]:
    """The issues that hold the rest of a log, oldest first."""
    match = _LINE.search(body)
    return tuple(int(number) for number in match["numbers"].split()) if match else ()


def with_older(body: str, numbers: tuple[int, ...]) -> str:
    """The body with one line that leads to the issues."""
    named = ", ".join(f"#{number}" for number in reversed(numbers))
    line = (
        f"<!-- deploy-protocol:older {' '.join(map(str, numbers))} -->"
        f"Older log entries: {named}<!-- /deploy-protocol:older -->"
    )
    return f"{_LINE.sub('', body).rstrip()}\n\n{line}\n" if numbers else body


def shortened(entry: Entry, room: int) -> Entry:
    """The entry as it is, or with its longest texts cut until it can be written into so much room."""
    for length in _LENGTHS:
        if len(marked(entry)) <= room:
            return entry
        entry = entry_from(_cut(entry_data(entry), length))
    return replace(entry, included=(), findings=())


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, dict):
        return {name: one if _stays(name) else _cut(one, length) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(one, length) for one in value]
    return f"{value[: length - 1]}…" if isinstance(value, str) and len(value) > length else value


def _stays(name: str) -> bool:
    return name in _WHOLE or name.endswith("url")
