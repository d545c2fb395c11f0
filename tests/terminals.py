"""A program at a real pseudo-terminal, and what somebody who looks at it would read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PATIENCE = 60.0
_PICTURES = re.compile(r"(?=\r\x1b\[2K)")  # each begins by wiping out the one before
_PIECES = re.compile(r"\x1b\[([0-?]*)([@-~])|(\r)|(\n)|([^\x1b\r\n]+)|(.)", re.DOTALL)


@dataclass(kw_only=True)
class Glass:
    """Every line that was ever shown, as the terminal would have them now. `rest`: codes it does not know."""

    width: int
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    cursor_hidden: bool = False
    rest: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()

    def take(self, text: str) -> None:
        for codes, letter, back, down, words, other in _PIECES.findall(text):
            if letter:
                self._obey(codes, letter)
            elif back:
                self.column = 0
            elif down:
                self._down()
            elif words:
                self._write(words)
            else:
                self.rest.append(other)

    def _obey(self, codes: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(codes or 1))
        elif (codes, letter) == ("2", "K"):
            self.lines[self.row] = []
        elif codes == "?25" and letter in "lh":
            self.cursor_hidden = letter == "l"
        elif letter != "m":  # colours change no words
            self.rest.append(f"{codes}{letter}")

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def _write(self, words: str) -> None:
        for one in words:
            if self.column == self.width:
                self.column = 0
                self._down()
            line = self.lines[self.row]
            line += " " * (self.column + 1 - len(line))
            line[self.column] = one
            self.column += 1


@dataclass(kw_only=True)
class AtTerminal:
    process: subprocess.Popen[bytes]
    terminal: int
    glass: Glass
    printed: str = ""
    ahead: list[str] = field(default_factory=list)

    def until(self, seen: Callable[[str], bool]) -> str:
        """What stands there at the first moment when this is so."""
        give_up = time.monotonic() + _PATIENCE
        while not seen(self.glass.text):
            assert time.monotonic() < give_up, self.glass.text
            assert self._read(), self.glass.text
        return self.glass.text

    def end(self) -> int:
        """Its exit code, when everything it wrote was read."""
        give_up = time.monotonic() + _PATIENCE
        while self._read():
            assert time.monotonic() < give_up, self.glass.text
        return self.process.wait(_PATIENCE)

    def press_ctrl_c(self) -> None:
        os.write(self.terminal, b"\x03")

    def hang_up(self) -> None:
        os.close(self.terminal)
        self.terminal = -1

    def _read(self) -> bool:
        """Look at one picture more; False when nobody has the terminal open any more."""
        if not self.ahead:
            if not select.select([self.terminal], [], [], 0.1)[0]:
                return True
            try:
                text = os.read(self.terminal, 65_536).decode(errors="replace")
            except OSError:
                return False
            self.printed += text
            self.ahead = _PICTURES.split(text)
        self.glass.take(self.ahead.pop(0))
        return True


@contextmanager
def at_terminal(
    command: Sequence[str], environ: Mapping[str, str], directory: Path, *, width: int = 100, height: int = 30
) -> Iterator[AtTerminal]:
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", *command],  # Ctrl-C reaches only those whose terminal it is
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ},
        cwd=directory,
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
    )
    os.close(its_end)
    at = AtTerminal(process=process, terminal=terminal, glass=Glass(width=width))
    try:
        yield at
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(_PATIENCE)
        if at.terminal >= 0:
            os.close(at.terminal)
