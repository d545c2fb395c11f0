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
    """`asked` and `at`: when we asked, and when it came. `status` 0: none came, and `wrong` says why."""

    asked: float
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

    def share_while(self, version: str) -> float:
        """Of what was asked between the first answer of this version and its last."""
        first, last = self._first_and_last(version)
        meanwhile = [answer for answer in self.answers if first <= answer.asked <= last]
        return sum(answer.version == version for answer in meanwhile) / len(meanwhile)

    def seconds_of(self, version: str) -> float:
        """From the first answer of this version to when its last was asked for."""
        first, last = self._first_and_last(version)
        return max(0.0, last - first)

    def _first_and_last(self, version: str) -> tuple[float, float]:
        """We may be late to see an answer, and then know better when we asked."""
        seen = [answer for answer in self.answers if answer.version == version]
        first = min((answer.at for answer in seen), default=0.0)
        return first, max((answer.asked for answer in seen), default=0.0)

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
        return {answer.version for answer in self.answers if answer.asked > began}

    def ask_until_over(self) -> None:
        while not self.over.is_set():
            self.answers.append(self._ask())
            time.sleep(_PAUSE)

    def _ask(self) -> Answer:
        asked = time.monotonic()
        connection = HTTPConnection(self.address, timeout=_PATIENCE)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            return Answer(asked=asked, at=time.monotonic(), status=0, wrong=repr(error))
        finally:
            connection.close()
        version = answer.headers.get("X-Version") or ""
        return Answer(asked=asked, at=time.monotonic(), status=answer.status, version=version)


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
