"""Users of a web page, a bounded number, each asking again when answered; every answer is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_USERS = 6
_PAUSE = 0.01  # seconds between an answer and the next question
_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`status` 0: none came, and `wrong` says why."""

    at: float
    status: int
    version: str = ""
    wrong: str = ""


@dataclass(kw_only=True)
class Load:
    address: str
    answers: list[Answer] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 200]

    @property
    def lost(self) -> list[Answer]:
        """Questions that no server answered."""
        return [answer for answer in self.answers if answer.status in (0, 502, 503, 504)]

    def share_of(self, version: str) -> float:
        return sum(answer.version == version for answer in self.answers) / len(self.answers)

    def seconds_of(self, version: str) -> float:
        """From the first to the last answer of this version."""
        times = [answer.at for answer in self.answers if answer.version == version]
        return max(times) - min(times) if times else 0.0

    def wait_for(self, count: int) -> None:
        """Until so many more answers came."""
        enough, give_up = len(self.answers) + count, time.monotonic() + _PATIENCE
        while len(self.answers) < enough:
            assert time.monotonic() < give_up, self.answers[-3:]
            time.sleep(0.01)

    def versions_now(self) -> set[str]:
        """Of those who ask from now on."""
        began = time.monotonic()
        self.wait_for(3 * _USERS)
        return {answer.version for answer in self.answers[-2 * _USERS :] if answer.at > began}

    def ask_until_over(self) -> None:
        while not self.over.is_set():
            self.answers.append(self._ask())
            time.sleep(_PAUSE)

    def _ask(self) -> Answer:
        connection = HTTPConnection(self.address, timeout=_PATIENCE)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            return Answer(at=time.monotonic(), status=0, wrong=repr(error))
        finally:
            connection.close()
        return Answer(
            at=time.monotonic(), status=answer.status, version=answer.headers.get("X-Version") or ""
        )


@contextmanager
def under_load(url: str) -> Iterator[Load]:
    load = Load(address=urlsplit(url).netloc)
    users = [threading.Thread(target=load.ask_until_over) for _ in range(_USERS)]
    for user in users:
        user.start()
    try:
        load.wait_for(3 * _USERS)
        yield load
    finally:
        load.over.set()
        for user in users:
            user.join()
