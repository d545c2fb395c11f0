"""The wish to stop: SIGINT, SIGTERM and SIGHUP, seen by everything that waits.

A pipe and no lock: a signal's handler may run anywhere in the main thread, and every waiting
thread can watch the pipe beside what it waits for.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from action.errors import Stopped


class Stop:
    """`hurried`: who wishes it ends us soon after. Others wait, and wish again where it takes too long."""

    def __init__(self, *, hurried: bool = True) -> None:
        self.hurried = hurried
        self._read_end, self._write_end = os.pipe()
        self.signal_name = ""
        self.wished_at = 0.0  # on the monotonic clock
        self._handlers: dict[signal.Signals, Any] = {}
        self._then: Callable[[], None] = lambda: None
        self._again: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._read_end)
        os.close(self._write_end)

    def listen(self) -> None:
        """Take SIGINT and SIGTERM; in a container we are process 1, where neither has a default.

        And SIGHUP: a terminal that is closed stops what was started there, unless under `nohup`.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._heard)

    def then(self, react: Callable[[], None]) -> None:
        """What to do at once when the first wish comes; it must not block."""
        self._then = react

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.request(signal.Signals(number).name)

    def insist(self, react: Callable[[str], None]) -> None:
        """What to do at every wish after the first."""
        self._again = react

    def request(self, signal_name: str) -> None:
        if self.signal_name:
            self._again(signal_name)
            return
        self.signal_name, self.wished_at = signal_name, time.monotonic()
        os.write(self._write_end, b"!")
        self._then()

    @property
    def wished(self) -> bool:
        return bool(self.signal_name)

    def fileno(self) -> int:
        """Readable from the moment a stop is wished, and for ever after."""
        return self._read_end

    def check(self) -> None:
        """Raises Stopped when a stop is wished."""
        if self.signal_name:
            raise Stopped(self.signal_name)

    def sleep(self, seconds: float) -> None:
        """Wait; raises Stopped as soon as a stop is wished."""
        if seconds > 0:
            select.select([self._read_end], [], [], seconds)
        self.check()


@contextmanager
def patience(stop: Stop, seconds: float) -> Iterator[Stop]:
    """A stop that comes so many seconds after the other's wish, for what must not be cut short.

    Where nobody hurries, it comes when it is wished again.
    """
    if seconds and not stop.hurried:
        with Stop() as late:
            stop.insist(late.request)
            try:
                yield late
            finally:
                stop.insist(lambda _: None)
        return
    over, end = os.pipe()
    with Stop() as late:
        watcher = threading.Thread(target=_pass_on, args=(stop, late, seconds, over))
        watcher.start()
        try:
            yield late
        finally:
            os.close(end)
            watcher.join()
            os.close(over)


def _pass_on(stop: Stop, late: Stop, seconds: float, over: int) -> None:
    """Ends as soon as `over` is at its end."""
    if over in select.select([stop.fileno(), over], [], [])[0]:
        return
    left = stop.wished_at + seconds - time.monotonic()
    if not select.select([over], [], [], max(0.0, left))[0]:
        late.request(stop.signal_name)
