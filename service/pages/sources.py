"""Where pages have their facts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from service.entries import Entries
from service.pages.standings import Standings
from service.waiting import WaitingRoom


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    entries: Entries
    waiting: WaitingRoom
    standings: Standings
    clock: Callable[[], float]
    server_url: str

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)
