"""Health and smoke: looks at the running service over HTTP, TCP or by a command."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from action.at_once import at_once
from action.commands import in_few_words, run_command
from action.stop import Stop
from gateway.errors import Unavailable
from gateway.pages import Page, fetch
from gateway.patience import within
from protocol.json_path import ABSENT, value_at
from protocol.plan_shown import say_probe
from protocol.policy import Probe

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one probe saw in the end. `wrong` names its target, and is empty when all was as it should be."""

    name: str  # as the policy gives it; empty where it gives none
    target: str
    critical: bool
    wrong: str
    attempts: int
    seconds: float
    printed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.wrong

    @property
    def failure(self) -> str:
        optional = "" if self.critical else " (not critical)"
        return f"{self.name}{optional}: {self.wrong}" if self.name else f"{self.wrong}{optional}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """What probes need from the job they run in."""

    environ: Mapping[str, str]
    workspace: Path
    stop: Stop

    def look_at_all(self, probes: tuple[Probe, ...]) -> tuple[Look, ...]:
        """Independent probes at once; answers in the order of the policy."""
        return tuple(at_once([partial(self.look, probe) for probe in probes], self.stop))

    def look(self, probe: Probe) -> Look:
        """Try until it passes, or its retries and its time are both used up."""
        began = time.monotonic()
        deadline = began + probe.within.total_seconds()
        printed: list[str] = []
        for attempt, pause in enumerate(_pauses(), start=1):
            printed.clear()
            wrong = self._wrong_with(probe, printed.append)
            if not wrong or (attempt > probe.retries and time.monotonic() + pause > deadline):
                break
            self.stop.sleep(pause)
        return Look(
            name=probe.name or "",
            target=say_probe(probe),
            critical=probe.critical,
            wrong=wrong,
            attempts=attempt,
            seconds=time.monotonic() - began,
            printed=tuple(printed),
        )

    def _wrong_with(self, probe: Probe, write: Callable[[str], None]) -> str:
        self.stop.check()
        timeout = probe.timeout.total_seconds()
        if probe.url is not None:
            return _wrong_with_page(probe, probe.url, timeout)
        if probe.tcp is not None:
            return _wrong_with_port(probe.tcp, timeout)
        outcome = run_command(
            probe.run or "",
            environ=self.environ,
            directory=self.workspace,
            timeout=timeout,
            stop=self.stop,
            write=write,
        )
        return "" if outcome.succeeded else f"`{in_few_words(probe.run or '')}` {outcome.reason}"


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _wrong_with_port(address: str, timeout: float) -> str:
    host, _, port = address.rpartition(":")
    try:
        within(timeout, partial(_connect, host.strip("[]"), int(port), timeout))
    except (OSError, ValueError) as error:  # ValueError: a name that can be nobody's
        return f"{address} does not accept connections: {str(error) or 'nobody answered in time'}"
    return ""


def _connect(host: str, port: int, timeout: float) -> None:
    socket.create_connection((host, port), timeout=timeout).close()


def _wrong_with_page(probe: Probe, url: str, timeout: float) -> str:
    try:
        page = fetch(url, timeout=timeout, follow=probe.status not in _REDIRECTS)
    except Unavailable as error:
        return f"{url} did not answer: {error}"
    wrong = next(_complaints(probe, url, page), "")
    return f"{wrong} (only its first mebibyte was read)" if wrong and page.cut else wrong


def _complaints(probe: Probe, url: str, page: Page) -> Iterator[str]:
    if page.status != probe.status:
        yield f"{url} answered {page.status}, expected {probe.status}"
    if probe.contains is not None and probe.contains not in page.body:
        yield f"{url} does not contain {probe.contains!r}"
    for name, value in probe.header.items():
        if value not in (page.headers.get_all(name) or []):
            yield f"{url} has header {name}: {page.headers.get(name)!r}, expected {value!r}"
    if probe.json_:
        yield from _json_complaints(probe.json_, url, page.body)


def _json_complaints(expected: Mapping[str, Any], url: str, body: str) -> Iterator[str]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: lists in lists without end
        yield f"{url} did not answer in JSON"
        return
    for path, value in expected.items():
        found = value_at(data, path)
        if found is ABSENT:
            yield f"{url} has nothing at {path} in its JSON"
        elif found != value or isinstance(found, bool) is not isinstance(value, bool):  # 1 is not true
            yield f"{url} has {found!r} at {path} in its JSON, expected {value!r}"
