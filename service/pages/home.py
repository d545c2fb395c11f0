"""The first page: every repository the person may see, with what is deployed where and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, g, render_template

from protocol.entry import Entry
from service.pages.sight import Seen, all_seen
from service.pages.sources import Sources
from service.waiting import Line

MOST_GATES = 2  # of an environment; its repository's page shows more

Part = TypeVar("Part", Line, Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One repository. Its zone is known where something was judged."""

    here: Seen
    waiting: tuple[Line, ...]
    running: tuple[Entry, ...]

    @property
    def is_used(self) -> bool:
        return bool(self.waiting or self.running)

    @property
    def zone(self) -> ZoneInfo | None:
        return self.waiting[0].gates[-1].zone if self.waiting else None


def add_home(pages: Blueprint, sources: Sources) -> None:
    @pages.get("/")
    def home() -> str:
        if g.viewer is None:
            return render_template("welcome.html")
        rows = _rows(all_seen(), sources)
        return render_template("home.html", rows=rows, now=sources.now)


def _rows(places: Sequence[Seen], sources: Sources) -> list[Row]:
    """Those in which something waits first."""
    names = [here.repository for here in places]
    waiting = _by_repository(sources.waiting.lines(names, most=MOST_GATES))
    running = _by_repository(sources.entries.running(names))
    rows = [
        Row(
            here=here,
            waiting=tuple(waiting.get(here.repository, ())),
            running=tuple(running.get(here.repository, ())),
        )
        for here in places
    ]
    return sorted(rows, key=lambda row: not row.waiting)


def _by_repository(parts: Iterable[Part]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.repository, []).append(part)
    return found
