"""The records of every sandbox that any test starts, read as they grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance import Conformance, Exchange


@dataclass(slots=True)
class Recordings:
    """`complaints` says what is not GitHub's in what was recorded since it was last asked."""

    directory: Path
    _conformance: Conformance | None = None
    _read: dict[Path, int] = field(default_factory=dict)

    def complaints(self) -> list[str]:
        found = (
            sentence for line in self._new() for sentence in self._judge().complaints(exchange_from(line))
        )
        return list(dict.fromkeys(found))

    def _judge(self) -> Conformance:
        from tests.conformance import Conformance  # noqa: PLC0415 - githubkit is slow, and most tests need none

        self._conformance = self._conformance or Conformance()
        return self._conformance

    def _new(self) -> Iterator[dict[str, Any]]:
        for file in sorted(self.directory.glob("*.jsonl")):
            with file.open("rb") as lines:
                lines.seek(self._read.get(file, 0))
                whole = lines.read().rpartition(b"\n")[0]
            self._read[file] = self._read.get(file, 0) + len(whole) + bool(whole)
            yield from map(json.loads, whole.splitlines())


def exchange_from(line: dict[str, Any]) -> Exchange:
    from tests.conformance import Exchange  # noqa: PLC0415

    wanted = ("method", "template", "query", "status", "request", "response", "event")
    return Exchange(**{name: line[name] for name in wanted if name in line})
