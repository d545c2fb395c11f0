"""A log too long for one release: its oldest entries stand elsewhere, and a line leads there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocol.entry import Entry, entries_in, without_entry

ROOM = 120_000  # of the 125,000 characters that GitHub takes as a release's body
# At the start of its line: a pull request's title stands in generated notes, and never there.
_LINE = re.compile(
    r"^<!-- deploy-protocol:older (?P<numbers>\d+(?: \d+)*) -->[^\n]*<!-- /deploy-protocol:older -->\n*",
    re.MULTILINE,
)


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
