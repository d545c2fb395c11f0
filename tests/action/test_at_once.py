from __future__ import annotations

import threading
import time

import pytest

from action.at_once import at_once
from action.errors import StepFailed, Stopped
from action.stop import Stop
from tests.wishes import wished_when


def test_answers_come_in_the_order_of_the_work(stop: Stop) -> None:
    def later(answer: int) -> int:
        time.sleep(0.03 * (3 - answer))
        return answer

    assert at_once([lambda number=number: later(number) for number in range(3)], stop) == [0, 1, 2]  # type: ignore[misc]
    assert at_once([], stop) == []


def test_the_first_error_of_the_work_is_raised(stop: Stop) -> None:
    def fail() -> int:
        raise StepFailed("the second one")

    with pytest.raises(StepFailed, match="the second one"):
        at_once([lambda: 1, fail], stop)


def test_a_page_that_never_answers_does_not_hold_up_a_stop(stop: Stop) -> None:
    asked, answer = threading.Event(), threading.Event()

    def never() -> None:
        asked.set()
        answer.wait(30)

    with wished_when(asked.is_set, stop, "SIGTERM"), pytest.raises(Stopped):
        at_once([never], stop)
    assert time.monotonic() - stop.wished_at < 4
    answer.set()
