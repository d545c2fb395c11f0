"""The job log: groups, annotations, masked secrets, and fences around what others print."""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from action.job import Progress
    from action.result import Result
    from protocol.plan import Step

_SECRET_NAME = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|DATABASE_URL|WEBHOOK(_URL)?|_PASS|_DSN)$"
    r"|(PRIVATE|ACCESS|SECRET|API|APP|ACCOUNT|SSH|DEPLOY|SIGNING|ENCRYPTION|MASTER)_?KEY(_BASE)?$|^NOTIFY_",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 6  # shorter values, such as `true`, would blank half the log
_MOST_SECRETS = 1_000  # once there are so many, commands cannot name more
_MASK = "::add-mask::"


class Console:
    """Lines for GitHub's job log, or plain ones for a file, a pipe or a terminal that cannot do more."""

    def __init__(self, *, github: bool, stream: TextIO | None = None) -> None:
        self._github = github
        self._stream = stream or sys.stdout
        self._lock = threading.RLock()
        self._masked: list[str] = []
        self._held_back: list[str] | None = None  # masks that GitHub does not hear of inside a fence
        self._stream_is_safe = True
        if isinstance(self._stream, TextIOWrapper):
            self._stream.reconfigure(errors="backslashreplace")  # a letter it cannot write silences nothing

    def mask_secrets(self, environ: Mapping[str, str]) -> None:
        for name, value in environ.items():
            if _SECRET_NAME.search(name):
                self.mask(value)

    def mask(self, secret: str) -> None:
        """Never show this value. Several lines are masked one by one, as GitHub does."""
        from action.disguises import disguises  # noqa: PLC0415 - where there is no secret, not needed

        for line in secret.splitlines():
            value = line.strip()
            if len(value) >= _SHORTEST_SECRET and value not in self._masked:
                self._hide(value, *disguises(value))
                self._tell_github(f"{_MASK}{_data(value)}")  # which finds the other forms itself
        self._hide(*disguises(secret.strip()))

    def _hide(self, *values: str) -> None:
        known = {*self._masked, *(value for value in values if len(value) >= _SHORTEST_SECRET)}
        self._masked = sorted(known, key=len, reverse=True)

    def _tell_github(self, command: str) -> None:
        if self._held_back is not None:
            self._held_back.append(command)
        elif self._github:
            self._write(command)

    def masked(self, text: str) -> str:
        for value in self._masked:
            text = text.replace(value, "***")
        return text

    def shown(self, line: str) -> str:
        """As it may be shown. GitHub's log knows colours; elsewhere no program steers the reader's terminal.

        The codes go before the masks come: one in the middle of a secret would hide it.
        """
        return self.masked(line) if self._github else self.plain(line)

    def plain(self, line: str) -> str:
        """As it may stand in an issue or a summary, which show colours as rubbish."""
        from action.control_codes import without_control_codes  # noqa: PLC0415 - not needed for the first command

        return self.masked(without_control_codes(line))

    def follow(self, ahead: Sequence[Step], progress: Progress) -> None:
        """A deployment begins, and this is what it will do. Lines in a log tell it as it happens."""

    def conclude(self, result: Result) -> None:
        """How a deployment ended. Why stands above, where it happened."""
        if result.entry is not None:
            self.say(f"{result.environment}: {result.status} - {result.version}")

    def say(self, text: str = "") -> None:
        """Our own words. Others' words in them cannot become workflow commands."""
        for line in text.splitlines() or [""]:
            self._write(_harmless(self.shown(line)) if self._github else self.shown(line))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is printed inside. Groups do not nest."""
        one_line = " ".join(self.shown(title).split())
        self._write(f"::group::{_data(one_line)}" if self._github else f"==> {one_line}")
        try:
            yield
        finally:
            if self._github:
                self._write("::endgroup::")

    @contextmanager
    def fence(self) -> Iterator[None]:
        """What is printed inside is text to GitHub, whatever it looks like."""
        if not self._github:
            yield
            return
        word = secrets.token_hex(16)
        self._write(f"::stop-commands::{word}")
        held_back = self._held_back = []
        try:
            yield
        finally:
            self._held_back = None
            self._write("\n".join([f"::{word}::", *held_back]))

    def output(self, line: str) -> None:
        """A line someone else printed; call it inside a fence."""
        self.heed(line)
        self._write(self.shown(line))

    def heed(self, line: str) -> None:
        """The one command that is taken from others: what they made up themselves is a secret too."""
        mask = line.strip()
        if mask.startswith(_MASK) and len(self._masked) < _MOST_SECRETS:
            self.mask(_plain_data(mask.removeprefix(_MASK)))

    def annotate(
        self,
        level: Literal["error", "warning", "notice"],
        title: str,
        message: str,
        *,
        file: str = "",
        line: int = 0,
    ) -> None:
        """A mark on the run's page and, with a file, in the diff."""
        if not self._github:
            self.say(f"{level}: {title}: {message}")
            return
        where = f"file={_property(file)},line={line}," if file else ""
        self._write(f"::{level} {where}title={_property(self.masked(title))}::{_data(self.masked(message))}")

    def _write(self, line: str) -> None:
        with self._lock:
            if not self._stream_is_safe:
                return
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def _give_up(self) -> None:
        """Nobody reads any more, or there is no room for more; the deployment's story goes on.

        What lies in the buffer would fail once more when Python ends, and with it the exit code.
        """
        self._stream_is_safe = False
        if self._stream is sys.stdout:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _harmless(line: str) -> str:
    if line.lstrip().startswith("::"):
        line = line.replace("::", ":\u200b:", 1)
    return line.replace("##[", "#\u200b#[")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _plain_data(data: str) -> str:
    return data.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
