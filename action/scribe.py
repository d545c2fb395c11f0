"""Writes the log to GitHub part by part, patiently, and no part twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from action.errors import Stopped
from action.job import Job
from gateway.errors import Forbidden, GatewayError, NotFound, RateLimited, Rejected, Unavailable

_PAUSES = (0.5, 1.5, 4.0)  # seconds, over all the parts: a GitHub that stays away holds no runner
_FOR_GOOD = (Forbidden, NotFound, Rejected)  # the end of the job has the same token and the same words
_LONGEST_LIMIT = 60.0  # seconds that a rate limit is waited for


@dataclass(slots=True, kw_only=True)
class Scribe:
    """Each part is journalled once it stands. What may be taken another time is in `untold`.

    `known` asks for the statuses that this run has left, for a status whose answer was lost may be there.
    """

    job: Job
    known: Callable[[], Collection[str]]
    stands: Mapping[str, str] | None = None  # what an earlier process wrote, and where; None: there was none
    untold: list[str] = field(default_factory=list)
    _pauses: Iterator[float] = field(default_factory=lambda: iter(_PAUSES))

    def write(self, part: str, tell: Callable[[], str], *, title: str = "") -> str:
        """Where it stands now; empty where it does not. What `tell` does must be safe to repeat."""
        if self.stands and part in self.stands:
            return self.stands[part]
        try:
            where = self._patiently(tell)
        except (GatewayError, Stopped) as error:
            if not isinstance(error, _FOR_GOOD):
                self.untold.append(part)
            self.job.console.annotate("warning", f"{title or part} not written", str(error))
            return ""
        self.job.journal.recorded(part, where)
        return where

    def write_status(self, text: str, tell: Callable[[], None]) -> None:
        """A status is not safe to repeat, so before another try it is looked for."""
        may_be_there = self.stands is not None

        def told() -> str:
            nonlocal may_be_there
            if not (may_be_there and text in self.known()):
                may_be_there = True
                tell()
            return ""

        self.write(text, told, title="Deployment status")

    def _patiently(self, tell: Callable[[], str]) -> str:
        while True:
            try:
                return tell()
            except (Unavailable, RateLimited) as error:
                pause = self._pause_after(error)
                if pause is None:
                    raise
                self.job.stop.sleep(pause)

    def _pause_after(self, error: GatewayError) -> float | None:
        """None where waiting would take too long."""
        pause = next(self._pauses, None)
        if pause is None or not isinstance(error, RateLimited):
            return pause
        left = (error.until - self.job.clock()).total_seconds()
        return max(pause, left) if left <= _LONGEST_LIMIT else None
