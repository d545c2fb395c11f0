"""Children of the runner: real processes, each the leader of its own group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_BEAT = 0.05
_DRAIN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`cancelled` ends it GitHub's way; `deadline` is in time.monotonic() seconds."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    cancelled: threading.Event
    deadline: float


@dataclass(slots=True)
class Processes:
    """Runs commands and knows which still live. The graces are those of actions/runner."""

    interrupt_grace: float = 7.5
    terminate_grace: float = 2.5
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def run(self, command: Command, line: Callable[[str], None]) -> int:
        """Run to the end, every line of its output given to `line`; the exit status."""
        child = self._start(command)
        reader = threading.Thread(target=_read, args=(child, line), daemon=True)
        reader.start()
        try:
            self._wait(child, command)
        finally:
            _kill_group(child)
            with self._lock:
                self._running.discard(child)
            reader.join(_DRAIN)  # a daemon of the team's may hold the pipe for ever
        return child.wait()

    def stop(self) -> None:
        """End every child and its descendants now; start no more."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                _kill_group(child)

    def _start(self, command: Command) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise ProcessLookupError("the runner has been stopped")
            child = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(child)
            return child

    def _wait(self, child: subprocess.Popen[bytes], command: Command) -> None:
        while not _ended(child, _BEAT):
            if command.cancelled.is_set() or time.monotonic() > command.deadline:
                self._wind_down(child)
                return

    def _wind_down(self, child: subprocess.Popen[bytes]) -> None:
        """SIGINT, then SIGTERM, to the process alone; what is left afterwards is killed with its group."""
        for sign, grace in ((signal.SIGINT, self.interrupt_grace), (signal.SIGTERM, self.terminate_grace)):
            child.send_signal(sign)
            if _ended(child, grace):
                return


def _ended(child: subprocess.Popen[bytes], within: float) -> bool:
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _read(child: subprocess.Popen[bytes], line: Callable[[str], None]) -> None:
    assert child.stdout is not None  # noqa: S101 - Popen was given a pipe
    with child.stdout as output:
        for raw in output:
            line(raw.decode("utf-8", "replace").rstrip("\r\n"))
