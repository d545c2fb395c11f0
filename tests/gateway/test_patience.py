from __future__ import annotations

from threading import Event

import pytest

from gateway.patience import within


def test_the_answer_is_the_works_own() -> None:
    assert within(30, lambda: 7) == 7


def test_its_error_is_raised_to_who_waits() -> None:
    with pytest.raises(ZeroDivisionError):
        within(30, lambda: 1 // 0)


def test_work_without_an_end_is_left_behind() -> None:
    end = Event()
    with pytest.raises(TimeoutError):
        within(0.01, end.wait)
    end.set()
