"""The team's commands: under bash, in a process group of their own that ends with them."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from action.errors import StepFailed, Stopped
from action.stop import Stop

_GRACE = 1.5  # seconds between asking a group to end and ending it
_DRAIN = 0.5  # seconds to read what a finished command left in its pipes
_CHUNK = 65_536
_LONGEST_LINE = 12_288
_LONGEST_VALUE = 4_096  # of a variable that no cut through a longer line goes through: it may be a secret
_KEPT_LINES = 40
_KEPT_OUTPUT = 262_144  # characters; the names of ten thousand servers
_LONGEST_PAUSE = 30.0
_MOST_WORDS = 60  # characters of a command, where what it did is told
_OURS = ("GITHUB_STATE", "GITHUB_OUTPUT")  # the verdict and the journal's place are not theirs to write

Writer = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended. `printed` is its standard output, `last_lines` all it printed last.

    `cut`: so much was printed that only its end was kept.
    """

    exit_code: int | None
    timed_out: bool
    seconds: float
    printed: str
    cut: bool
    last_lines: tuple[str, ...]
    attempts: int = 1

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and not self.timed_out

    @property
    def reason(self) -> str:
        """Why it did not succeed, as the end of a sentence."""
        tries = f" ({self.attempts} attempts)" if self.attempts > 1 else ""
        if self.timed_out:
            return f"did not end in {self.seconds:.0f}s and was stopped{tries}"
        if self.exit_code is not None and self.exit_code < 0:
            return f"was ended by {_signal_name(-self.exit_code)}{tries}"
        return f"ended with exit code {self.exit_code}{tries}"


def in_few_words(command: str) -> str:
    """As much of a command as tells which one it is: the reason behind it is what people have to read."""
    first, _, rest = command.strip().partition("\n")
    shown = first if len(first) <= _MOST_WORDS else first[: _MOST_WORDS - 1].rstrip()
    return shown if shown == first and not rest else f"{shown} …"


def environment_for_commands(environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """What commands see: the step's environment without our inputs (they hold the token), and our words."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("INPUT_", "STATE_")) and name not in _OURS
    }
    return kept | dict(variables)


def run_command(
    text: str,
    *,
    environ: Mapping[str, str],
    directory: Path,
    timeout: float,
    stop: Stop,
    write: Writer,
    retries: int = 0,
    pause: float = 1.0,
) -> Outcome:
    """Run until it succeeds or its retries are used up, pausing twice as long each time."""
    for attempt in range(1, retries + 2):
        outcome = _run_once(
            text, environ=environ, directory=directory, timeout=timeout, stop=stop, write=write
        )
        if outcome.succeeded or attempt > retries:
            break
        write(f"attempt {attempt} {outcome.reason}; trying again in {pause:g}s")
        stop.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return replace(outcome, attempts=attempt)


def _run_once(
    text: str, *, environ: Mapping[str, str], directory: Path, timeout: float, stop: Stop, write: Writer
) -> Outcome:
    stop.check()
    began = time.monotonic()
    output = _Output(write, environ)
    with _started(text, environ, directory) as (process, ended):
        timed_out = not _watch(process, output, ended, stop, began + timeout)
    output.finish()
    stop.check()
    return Outcome(
        exit_code=process.returncode,
        timed_out=timed_out,
        seconds=time.monotonic() - began,
        printed=output.printed,
        cut=output.cut,
        last_lines=tuple(output.last_lines),
    )


@contextmanager
def _started(
    text: str, environ: Mapping[str, str], directory: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The process, and a descriptor that becomes readable when it has ended."""
    process = _start(text, environ, directory)
    read_end, write_end = os.pipe()
    waiter = threading.Thread(target=_wait_for, args=(process, write_end), daemon=True)
    waiter.start()
    try:
        yield process, read_end
    finally:
        _end_group(process)
        waiter.join()
        os.close(read_end)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _start(text: str, environ: Mapping[str, str], directory: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["bash", "-eo", "pipefail", "-c", text],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the command, `=` in a variable's name
        raise StepFailed(f"bash could not be started in {directory}: {error}") from error


def _wait_for(process: subprocess.Popen[bytes], write_end: int) -> None:
    process.wait()
    os.close(write_end)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End everything the command started and left in its group; nothing stays behind."""
    if process.returncode is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class _Output:
    """Lines as they come, from two pipes, in whatever encoding they come."""

    def __init__(self, write: Writer, environ: Mapping[str, str]) -> None:
        self._write = write
        self._environ = environ
        self._open: dict[int, tuple[codecs.IncrementalDecoder, bool]] = {}
        self._pieces: dict[int, str] = {}
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.printed = ""
        self.cut = False

    def follow(self, pipe: IO[bytes], *, standard: bool) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._open[pipe.fileno()] = (codecs.getincrementaldecoder("utf-8")("replace"), standard)
        self._pieces[pipe.fileno()] = ""

    def read(self, descriptor: int) -> bool:
        """Take what is there; False at the pipe's end."""
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return True
        decoder, standard = self._open[descriptor]
        text = decoder.decode(data, final=not data)
        if standard:
            self._keep(text)
        *lines, rest = (self._pieces[descriptor] + text).split("\n")
        for line in lines:
            self._line(line)
        while len(rest) > _LONGEST_LINE + _LONGEST_VALUE:
            cut = self._cut(rest)
            self._line(rest[:cut])
            rest = rest[cut:]
        self._pieces[descriptor] = rest
        return bool(data)

    def _cut(self, line: str) -> int:
        """Where a line that is too long may be cut: half a value of a variable would pass every mask."""
        values = [part for value in self._environ.values() for part in value.split("\n") if part]
        begins = (
            line.find(value, max(0, _LONGEST_LINE - len(value) + 1), _LONGEST_LINE + len(value) - 1)
            for value in values
            if len(value) <= _LONGEST_VALUE
        )
        return min((begin for begin in begins if begin > 0), default=_LONGEST_LINE)

    def _keep(self, text: str) -> None:
        """The end counts: what a command found out it prints last."""
        printed = self.printed + text
        self.printed, self.cut = printed[-_KEPT_OUTPUT:], self.cut or len(printed) > _KEPT_OUTPUT

    def finish(self) -> None:
        for rest in self._pieces.values():
            if rest:
                self._line(rest)

    def _line(self, line: str) -> None:
        shown = line.rstrip("\r")
        self.last_lines.append(shown)
        self._write(shown)


def _watch(
    process: subprocess.Popen[bytes], output: _Output, ended: int, stop: Stop, deadline: float
) -> bool:
    """Stream until the process ends; False when the deadline passed or a stop was wished first."""
    with selectors.DefaultSelector() as selector:
        for pipe, standard in ((process.stdout, True), (process.stderr, False)):
            if pipe is not None:
                output.follow(pipe, standard=standard)
                selector.register(pipe, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        ended_in_time = _until(selector, output, ended, stop, deadline)
        _end_group(process)
        selector.unregister(stop)
        selector.unregister(ended)
        _drain(selector, output)
    return ended_in_time


def _until(
    selector: selectors.BaseSelector, output: _Output, ended: int, stop: Stop, deadline: float
) -> bool:
    """What ended in time did, though a busy machine lets us look only later."""
    while True:
        left = deadline - time.monotonic()
        for key, _ in selector.select(max(0.0, left)):
            if key.fd in (ended, stop.fileno()):
                return key.fd == ended
            if not output.read(key.fd):
                selector.unregister(key.fileobj)
        if left <= 0:
            return False


def _drain(selector: selectors.BaseSelector, output: _Output) -> None:
    """What is there now is read in any case; a server that left the group may hold the pipe open for ever."""
    deadline = time.monotonic() + _DRAIN
    while selector.get_map():
        left = deadline - time.monotonic()
        for key, _ in selector.select(max(0.0, left)):
            if not output.read(key.fd):
                selector.unregister(key.fileobj)
        if left <= 0:
            return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


__all__ = ["Outcome", "Stopped", "environment_for_commands", "run_command"]
