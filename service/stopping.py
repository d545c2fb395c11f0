"""Being asked to stop, and how long that may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

GRACE = 25  # seconds to finish what is held when asked to stop
_WISHES = (signal.SIGTERM, signal.SIGINT)


def when_asked_to_stop() -> threading.Event:
    """Set once SIGTERM or SIGINT came."""
    stop = threading.Event()
    for number in _WISHES:
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def heard_later() -> Iterator[None]:
    """A wish to stop that comes meanwhile waits, so that a library's own handlers cannot swallow it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WISHES)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WISHES)
