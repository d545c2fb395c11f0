"""The first page: every repository the person may see, with what is deployed where and what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, g, render_template

from protocol.entry import Entry
from service.pages.sources import Sources
from service.waiting import Line

MOST_GATES = 2  # of an environment; its repository's page shows more

Part = TypeVar("Part", Line, Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One repository. Its zone is known where something was judged."""

    repository: str
    waiting: tuple[Line, ...]
    running: tuple[Entry, ...]

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        return self.repository.partition("/")[2]

    @property
    def zone(self) -> ZoneInfo | None:
        return self.waiting[0].gates[-1].zone if self.waiting else None


def add_home(pages: Blueprint, sources: Sources) -> None:
    @pages.get("/")
    def home() -> str:
        if g.viewer is None:
            return render_template("welcome.html")
        rows = _rows(g.viewer.repositories, sources)
        used = [row for row in rows if row.waiting or row.running]
        unused = [row for row in rows if row not in used]
        return render_template("home.html", rows=used, unused=unused, now=sources.now)


def _rows(repositories: Iterable[str], sources: Sources) -> list[Row]:
    """Those in which something waits first."""
    names = sorted(repositories, key=str.casefold)
    waiting = _by_repository(sources.waiting.lines(names, most=MOST_GATES))
    running = _by_repository(sources.entries.running(names))
    rows = [
        Row(repository=name, waiting=tuple(waiting.get(name, ())), running=tuple(running.get(name, ())))
        for name in names
    ]
    return sorted(rows, key=lambda row: not row.waiting)


def _by_repository(parts: Iterable[Part]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.repository, []).append(part)
    return found
