"""Work that has its time, whoever keeps it waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work answers or raises; TimeoutError once the time is over, and then it is left behind.

    A socket's own timeout begins anew with each byte that drips in, and a name's look-up has none.
    """
    answer: Future[T] = Future()

    def carry_out() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
            answer.set_exception(error)

    threading.Thread(target=carry_out, daemon=True).start()
    return answer.result(timeout=seconds)
