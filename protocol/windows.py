"""When deploying is open: windows on the clock on the wall, holidays, freezes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """One line of `windows.open` or `windows.closed`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read a window as the policy writes it. Raises ValueError with the cure."""
        return cls(text)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of absolute time that is closed, and why. `until` None means without end."""

    start: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether deploying is open at one moment. All times aware, in the schedule's zone.

    `opens_at` is the next opening when closed (None: never), `closes_at` the next closing when
    open (None: never).
    """

    open: bool
    reason: str
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows of one environment in one zone. No open window means always open; closed wins."""

    open: tuple[Window, ...]
    closed: tuple[Window, ...]
    zone: ZoneInfo
    holidays: object = None  # the module's own Calendar: which local dates are holidays, and their names
    grace: timedelta = timedelta(0)

    def at(self, now: datetime, freezes: Sequence[Span] = ()) -> Opening:
        """The answer at `now` (aware). Computed from edges, never by stepping through minutes."""
        raise NotImplementedError
