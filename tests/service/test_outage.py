"""What an operator reads at night while the database is away: a line, not a traceback twice a second."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError
from structlog.testing import capture_logs

from service.outage import QUIET, SAID_EVERY, Outage

REFUSED = OperationalError("SELECT 1", {}, Exception("connection refused\n\tIs the server running?"))
OURS = ProgrammingError("SELEKT 1", {}, Exception("syntax error"))


class Night:
    """An outage, and a clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.outage = Outage(lambda: self.now)

    def fails_for(self, seconds: int) -> None:
        for _ in range(seconds * 2):
            assert self.outage.is_why(REFUSED)
            self.now += 0.5

    def works(self) -> None:
        self.outage.worked(since=self.now)


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Another's, of which nothing is left afterwards."""
    logger = logging.getLogger("tests.outage")
    yield logger
    logger.filters.clear()


def test_a_database_that_is_away_is_said_once_with_the_cause_and_no_traceback(night: Night) -> None:
    with capture_logs() as lines:
        night.fails_for(seconds=30)
    reason = "the database cannot be used, so nothing is judged until it can: connection refused"
    assert lines == [{"event": "database.away", "log_level": "error", "reason": reason, "seconds": 0}]


def test_it_is_said_once_a_minute_while_it_lasts_and_once_when_it_is_over(night: Night) -> None:
    with capture_logs() as lines:
        night.fails_for(seconds=150)
        for _ in range(60):
            night.works()
            night.now += 0.5
    assert [(line["event"], line["seconds"]) for line in lines] == [
        ("database.away", 0),
        ("database.away", SAID_EVERY),
        ("database.away", 2 * SAID_EVERY),
        ("database.back", 150),
    ]


def test_what_works_now_and_then_is_not_over_yet(night: Night) -> None:
    with capture_logs() as lines:
        for _ in range(10):
            night.fails_for(seconds=1)
            night.works()
            night.now += QUIET / 2
    assert [line["event"] for line in lines] == ["database.away"]


def test_what_began_before_the_last_failure_does_not_tell_that_it_is_over(night: Night) -> None:
    began = night.now
    with capture_logs() as lines:
        night.fails_for(seconds=30)
        night.outage.worked(since=began)
    assert [line["event"] for line in lines] == ["database.away"]


def test_a_fault_of_our_own_is_no_outage(night: Night) -> None:
    with capture_logs() as lines:
        assert not night.outage.is_why(OURS)
        assert not night.outage.is_why(ValueError("no number"))
        night.works()
    assert lines == []


def test_the_queue_whose_log_has_tracebacks_tells_of_the_same_outage(
    night: Night, logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    night.outage.silences(logger.name)
    fault = KeyError("no task")
    with capture_logs() as lines:
        logger.error("Error reading from queue", exc_info=sqlite3.OperationalError("database is locked"))
        logger.error("Error reading from queue", exc_info=fault)
    assert [line["event"] for line in lines] == ["database.away"]
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [fault]
