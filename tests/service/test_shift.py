"""What a worker does beside its work, again and again."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from service.outage import Outage
from service.shift import Chore, carry_out

REFUSED = OperationalError("SELECT 1", {}, Exception("connection refused"))


def fails_once(stop: threading.Event, error: Exception, seen: list[str]) -> bool:
    """A partial of it has no name, as what the worker does has."""
    seen.append("tried")
    if len(seen) == 1:
        raise error
    stop.set()
    return True


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(REFUSED, [("database.away", None)], id="the database is away"),
        pytest.param(KeyError("x"), [("worker.failed", "exchange")], id="a fault of ours"),
    ],
)
def test_what_fails_once_is_told_and_tried_again(
    error: Exception, said: list[tuple[str, str | None]]
) -> None:
    stop, seen = threading.Event(), list[str]()
    work = partial(fails_once, stop, error, seen)
    with capture_logs() as lines:
        carry_out(Chore("exchange", work, seconds=0.0, again=0.0), Outage(time.monotonic), stop)
    assert seen == ["tried", "tried"]
    assert [(line["event"], line.get("work")) for line in lines] == said
