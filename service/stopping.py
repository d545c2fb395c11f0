"""Being asked to stop, and how long that may take."""

from __future__ import annotations

import signal
import threading

GRACE = 25  # seconds to finish what is held when asked to stop


def when_asked_to_stop() -> threading.Event:
    """Set once SIGTERM or SIGINT came."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
