"""Somebody who wishes a stop as soon as something has come about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from action.stop import Stop

_PATIENCE = 60.0


@contextmanager
def wished_when(it_is_so: Callable[[], bool], stop: Stop, signal_name: str) -> Iterator[None]:
    """In a thread beside what is done here; what never comes about is not waited for longer than that."""
    over = threading.Event()

    def watch() -> None:
        give_up = time.monotonic() + _PATIENCE
        while not it_is_so() and time.monotonic() < give_up:
            if over.wait(0.01):
                return
        stop.request(signal_name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
