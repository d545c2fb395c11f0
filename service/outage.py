"""A database that is away: said when it begins, once a minute while it lasts, and when it is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import TimeoutError as NoConnectionFree

SAID_EVERY = 60.0  # seconds
QUIET = 5.0  # seconds without a failure until it is over: a database that starts refuses now and then
_AWAY = {"OperationalError", "InterfaceError"}  # PEP 249's names: SQLAlchemy and all drivers have them

log = structlog.get_logger()


class Outage:
    """For all threads of a process, each of which fails on its own and often."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """The `clock` must never go back."""
        self._clock = clock
        self._lock = threading.Lock()
        self._began: float | None = None
        self._said = self._failed = 0.0

    def is_why(self, error: BaseException | None) -> bool:
        """Whether the database is away, which is said now if it was not said just before."""
        if not _tells_of_it(error):
            return False
        with self._lock:
            self._failed = now = self._clock()
            if self._began is None or now - self._said >= SAID_EVERY:
                self._said = now
                log.error("database.away", reason=_reason(error), seconds=_whole(now, self._began))
            if self._began is None:
                self._began = now
        return True

    def worked(self, since: float) -> None:
        """What began at `since` went well: over, unless something failed shortly before or since."""
        with self._lock:
            if self._began is not None and since - self._failed >= QUIET:
                log.info("database.back", seconds=_whole(self._failed, self._began))
                self._began = None

    def silences(self, logger: str) -> None:
        """Another's log, with a traceback for every failure, then has only what is news."""
        logging.getLogger(logger).addFilter(lambda record: not self.is_why(_error_of(record)))


def _tells_of_it(error: BaseException | None) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, NoConnectionFree) or not _AWAY.isdisjoint(names)


def _reason(error: BaseException | None) -> str:
    said = str(getattr(error, "orig", error)).strip().partition("\n")[0]
    return f"the database cannot be used, so nothing is judged until it can: {said}"


def _whole(now: float, began: float | None) -> int:
    return round(now - (now if began is None else began))


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
