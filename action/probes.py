"""Health and smoke: looks at the running service over HTTP, TCP or by a command."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from action.commands import run_command
from action.stop import Stop
from protocol.plan import say_probe
from protocol.policy import Probe

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_MOST_BODY = 1 << 20
_CHUNK = 65_536
_AT_ONCE = 8
_REDIRECTS = range(300, 400)
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one probe saw in the end. `wrong` is empty when all was as it should be."""

    name: str
    critical: bool
    wrong: str
    attempts: int
    seconds: float
    printed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """What probes need from the job they run in."""

    environ: Mapping[str, str]
    workspace: Path
    stop: Stop

    def look_at_all(self, probes: tuple[Probe, ...]) -> tuple[Look, ...]:
        """Independent probes at once; answers in the order of the policy."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            looks = tuple(pool.map(self.look, probes))
        self.stop.check()
        return looks

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
            name=probe.name or say_probe(probe),
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
        return "" if outcome.succeeded else f"`{probe.run}` {outcome.reason}"


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _wrong_with_port(address: str, timeout: float) -> str:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout):
            return ""
    except OSError as error:
        return f"{address} does not accept connections: {error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    status: int
    headers: Message
    body: str


def _wrong_with_page(probe: Probe, url: str, timeout: float) -> str:
    try:
        page = _fetch(url, timeout, follow=probe.status not in _REDIRECTS)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{url} did not answer: {_why(error)}"
    return next(_complaints(probe, url, page), "")


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    return str(reason) or type(error).__name__


def _complaints(probe: Probe, url: str, page: _Page) -> Iterator[str]:
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
    except ValueError:
        yield f"{url} did not answer in JSON"
        return
    for path, value in expected.items():
        found = value_at(data, path)
        if found is _ABSENT:
            yield f"{url} has nothing at {path} in its JSON"
        elif found != value:
            yield f"{url} has {found!r} at {path} in its JSON, expected {value!r}"


def value_at(data: Any, path: str) -> Any:
    """What stands at `checks.db`, `items.0.id` or `items[0].id`; a value of its own where nothing does."""
    found = data
    for key in path.removeprefix("$").replace("[", ".").replace("]", "").strip(".").split("."):
        match found:
            case dict() if key in found:
                found = found[key]
            case list() if key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            case _:
                return _ABSENT
    return found


class _KeepRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - the base class calls it so
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


def _fetch(url: str, timeout: float, *, follow: bool) -> _Page:
    if not url.startswith(("http://", "https://")):
        raise ValueError("only http:// and https:// addresses are looked at")
    opener = urllib.request.build_opener() if follow else urllib.request.build_opener(_KeepRedirect)
    headers = {"User-Agent": "deploy-protocol", "Cache-Control": "no-cache"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme is checked above
    deadline = time.monotonic() + timeout
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return _Page(status=response.status, headers=response.headers, body=_body(response, deadline))


def _body(response: IO[bytes], deadline: float) -> str:
    """At most a mebibyte, within the time: a page that drips does not hold the deployment."""
    body = b""
    while len(body) < _MOST_BODY and (chunk := response.read1(_CHUNK)):  # type: ignore[attr-defined]  # HTTPResponse has it
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError("the page did not end in time")
    return body.decode("utf-8", "replace")
