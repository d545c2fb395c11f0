"""Independent pieces of work, done at the same time, without outliving a wish to stop."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from action.errors import Stopped
from action.stop import Stop

T = TypeVar("T")

_MOST = 8
_LOOK = 0.05  # seconds between looks at the wish to stop
_GRACE = 2.0  # seconds that commands have to end; a page that does not answer is left behind


def at_once(work: Sequence[Callable[[], T]], stop: Stop) -> list[T]:
    """Answers in the order of the work. Raises the work's first error, and Stopped when a stop is wished."""
    stop.check()
    waiting = deque(enumerate(work))
    ended: queue.SimpleQueue[_Ended[T]] = queue.SimpleQueue()
    # Daemons: Python would wait for others at its end, however long their page keeps them.
    threads = [
        threading.Thread(target=_do, args=(waiting, ended), daemon=True) for _ in range(min(_MOST, len(work)))
    ]
    for thread in threads:
        thread.start()
    try:
        answers = sorted((_next(ended, stop) for _ in work), key=lambda one: one.number)
    except Stopped:
        waiting.clear()
        _let_end(threads)
        raise
    return [one.answer() for one in answers]


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    number: int
    answer: Callable[[], T]


def _do(waiting: deque[tuple[int, Callable[[], T]]], ended: queue.SimpleQueue[_Ended[T]]) -> None:
    while waiting:
        try:
            number, work = waiting.popleft()
        except IndexError:
            return
        ended.put(_Ended(number, _answer_of(work)))


def _answer_of(work: Callable[[], T]) -> Callable[[], T]:
    """Gives the answer, or raises the error, where it is asked for."""
    try:
        answer = work()
    except BaseException as raised:  # noqa: BLE001 - raised again in the thread that asked
        error = raised

        def again() -> T:
            raise error

        return again
    return lambda: answer


def _next(ended: queue.SimpleQueue[_Ended[T]], stop: Stop) -> _Ended[T]:
    while True:
        stop.check()
        try:
            return ended.get(timeout=_LOOK)
        except queue.Empty:
            continue


def _let_end(threads: Sequence[threading.Thread]) -> None:
    give_up = time.monotonic() + _GRACE
    for thread in threads:
        thread.join(max(0.0, give_up - time.monotonic()))
