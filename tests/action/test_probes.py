from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from action.errors import Stopped
from action.probes import Look, Prober
from action.stop import Stop
from protocol.policy import Probe
from tests.chat import make_certificate, start_chat
from tests.wishes import wished_when


class Shop(BaseHTTPRequestHandler):
    looks = 0

    def do_GET(self) -> None:
        type(self).looks += 1
        match self.path:
            case "/":
                self.answer(200, "Welcome to the shop")
            case "/healthz":
                self.answer(200, '{"status": "ok", "checks": {"db": true}, "nodes": [{"id": 7}]}')
            case "/warming":
                self.answer(200 if self.looks > 3 else 503, "")
            case "/old":
                self.answer(301, "", location="/")
            case "/drip":
                self.drip()
            case "/dripping-headers":
                self.drip_headers()
            case "/long":
                self.answer(200, "." * (1 << 20) + "Welcome")
            case "/cut":
                self.answer(200, "Welcome", **{"Content-Length": "100"})
            case "/deep":
                self.answer(200, "[" * 100_000)
            case _:
                self.answer(404, "nothing here")

    def answer(self, status: int, body: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"X-Version": "1.1.0", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.write_slowly()

    def drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        self.write_slowly()

    def write_slowly(self) -> None:
        for _ in range(50):
            try:
                self.wfile.write(b".")
            except OSError:
                return
            time.sleep(0.1)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def shop() -> Iterator[str]:
    Shop.looks = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def probe(**given: Any) -> Probe:
    return Probe.model_validate(given)


def look(prober: Prober, **given: Any) -> Look:
    return prober.look(probe(**given))


@pytest.fixture
def prober(tmp_path: Path, stop: Stop) -> Prober:
    return Prober(environ={"PATH": os.environ["PATH"], "VERSION": "1.1.0"}, workspace=tmp_path, stop=stop)


@pytest.mark.parametrize(
    "expected",
    [
        {"url": "/"},
        {"url": "/", "contains": "Welcome"},
        {"url": "/gone", "status": 404},
        {"url": "/", "header": {"x-version": "1.1.0"}},
        {"url": "/healthz", "json": {"status": "ok", "checks.db": True, "nodes[0].id": 7}},
        {"url": "/old", "status": 301},
        {"url": "/old", "contains": "Welcome"},
    ],
    ids=["status", "contains", "other status", "header", "json", "a redirect itself", "a redirect followed"],
)
def test_a_page_that_is_as_it_should_be_passes(prober: Prober, shop: str, expected: dict[str, Any]) -> None:
    assert look(prober, **{**expected, "url": shop + expected["url"]}).wrong == ""


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ({"url": "/gone"}, "answered 404, expected 200"),
        ({"url": "/", "contains": "Goodbye"}, "does not contain 'Goodbye'"),
        ({"url": "/", "header": {"X-Version": "1.0.0"}}, "has header X-Version: '1.1.0', expected '1.0.0'"),
        ({"url": "/healthz", "json": {"checks.db": False}}, "has True at checks.db"),
        ({"url": "/healthz", "json": {"checks.db": 1}}, "has True at checks.db in its JSON, expected 1"),
        ({"url": "/healthz", "json": {"nodes.3.id": 7}}, "has nothing at nodes.3.id"),
        ({"url": "/", "json": {"status": "ok"}}, "did not answer in JSON"),
        ({"url": "/drip", "timeout": "1s"}, "did not answer: the page did not end in time"),
        ({"url": "/dripping-headers", "timeout": "1s"}, "did not answer: the page did not end in time"),
        ({"url": "/long", "contains": "Welcome"}, "contain 'Welcome' (only its first mebibyte was read)"),
        ({"url": "/deep", "json": {"status": "ok"}}, "did not answer in JSON"),
        ({"url": "/cut", "contains": "Welcome"}, "did not answer: IncompleteRead(7 bytes read, 93 more"),
    ],
    ids=[
        "status",
        "contains",
        "header",
        "json value",
        "a truth is no number",
        "json path",
        "no json",
        "drips",
        "drips before it begins",
        "a page without end",
        "lists without end",
        "a server that died while it answered",
    ],
)
def test_a_page_that_is_not_says_what_is_wrong(
    prober: Prober, shop: str, expected: dict[str, Any], wrong: str
) -> None:
    assert wrong in look(prober, **{**expected, "url": shop + expected["url"]}).wrong


def test_a_service_that_is_still_starting_is_waited_for(prober: Prober, shop: str) -> None:
    seen = look(prober, url=f"{shop}/warming", within="10s")
    assert (seen.passed, seen.attempts) == (True, 4)


def test_retries_are_used_without_a_time(prober: Prober, shop: str) -> None:
    assert look(prober, url=f"{shop}/warming", retries=2).attempts == 3


def test_a_port_is_open_or_says_that_it_is_not(prober: Prober, shop: str) -> None:
    address = shop.removeprefix("http://")
    assert look(prober, tcp=address).passed
    assert "does not accept connections" in look(prober, tcp="127.0.0.1:1").wrong


@pytest.mark.parametrize(
    "host", ["db..example", f"{'long' * 16}.example", "nobody.invalid"], ids=["a gap", "too long", "unknown"]
)
def test_a_port_of_a_name_that_is_nobodys_is_not_open(prober: Prober, host: str) -> None:
    assert f"{host}:5432 does not accept connections: " in look(prober, tcp=f"{host}:5432").wrong


def test_nobody_answering_is_said(prober: Prober) -> None:
    assert "did not answer" in look(prober, url="http://127.0.0.1:1/").wrong


def test_a_certificate_nobody_vouches_for_fails_however_well_the_page_is(
    prober: Prober, tmp_path: Path
) -> None:
    with start_chat(certificate=make_certificate(tmp_path / "own.pem")) as there:
        seen = look(prober, url=f"https://127.0.0.1:{there.port}/")
    assert "did not answer: its certificate is not trusted (self-signed certificate)" in seen.wrong


def test_a_command_probe_keeps_what_it_printed(prober: Prober) -> None:
    seen = look(prober, run='echo "no $VERSION"; exit 3')
    assert seen.wrong.endswith("ended with exit code 3")
    assert seen.printed == ("no 1.1.0",)


def test_independent_probes_look_at_once(prober: Prober) -> None:
    meet = "touch here-{}; until test $(ls here-* | wc -l) = 5; do sleep 0.02; done"
    looks = prober.look_at_all(tuple(probe(name=str(n), run=meet.format(n)) for n in range(5)))
    assert [(seen.name, seen.wrong) for seen in looks] == [(str(n), "") for n in range(5)]


def test_a_wish_to_stop_ends_all_looking(prober: Prober) -> None:
    began = prober.workspace / "began"
    looks = (probe(run="touch began; sleep 60"), probe(url="http://127.0.0.1:1/", within="60s"))
    with wished_when(began.exists, prober.stop, "SIGINT"), pytest.raises(Stopped):
        prober.look_at_all(looks)
