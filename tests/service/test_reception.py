"""What the web process's loop answers at a glance, what it leaves to a parser, and that nobody can tell."""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.world import World
from service.plain import Sent, read_plain
from service.reception import STALLED
from tests.started import PATIENCE, SECRET, Started, environ_for, started

BODY = b'{"action": "created"}'


def signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery(
    *more: str,
    line: str = "POST /webhook HTTP/1.1",
    event: str = "star",
    length: str = str(len(BODY)),
    signed: str = signature(),
    body: bytes = BODY,
) -> bytes:
    head = [line, "Host: shop.example", f"Content-Length: {length}", f"X-GitHub-Event: {event}"]
    return "\r\n".join([*head, f"X-Hub-Signature-256: {signed}", *more, "", ""]).encode() + body


def test_a_whole_plain_delivery_is_read() -> None:
    received = delivery("Connection: Keep-Alive", "Accept: */*", "x-empty:")
    assert read_plain(received) == Sent(event="star", signature=signature(), body=BODY)


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(delivery(line="GET /webhook HTTP/1.1"), id="another method"),
        pytest.param(delivery(line="POST /webhook?x HTTP/1.1"), id="another address"),
        pytest.param(delivery(line="POST /webhook HTTP/1.0"), id="another version"),
        pytest.param(delivery("Connection: close"), id="the connection ends with it"),
        pytest.param(delivery("Connection: keep-alive, upgrade"), id="more than kept alive"),
        pytest.param(delivery("Transfer-Encoding: chunked"), id="in chunks"),
        pytest.param(delivery("Expect: 100-continue"), id="it waits to be asked"),
        pytest.param(delivery("Upgrade: h2c"), id="another protocol"),
        pytest.param(delivery(f"Content-Length: {len(BODY)}"), id="two lengths"),
        pytest.param(delivery("content-length: 7 "), id="two lengths, one untidy"),
        pytest.param(delivery("X-GitHub-Event: push"), id="two events"),
        pytest.param(delivery(length=f"0{len(BODY)}"), id="a length in other words"),
        pytest.param(delivery(length=str(len(BODY) + 1)), id="not all there"),
        pytest.param(delivery() + delivery(), id="two at once"),
        pytest.param(delivery("X-Folded: one", " two"), id="a folded line"),
        pytest.param(delivery("X-Spaced : one"), id="a space before the colon"),
        pytest.param(delivery("X-Raw: \x01"), id="a control character"),
        pytest.param(delivery().replace(b"\r\n", b"\n"), id="lines that end otherwise"),
        pytest.param(delivery().replace(b"X-Hub-Signature-256", b"X-Other"), id="no signature"),
        pytest.param(delivery().partition(b"\r\n\r\n")[0], id="half a head"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_anything_else_is_left_to_a_real_parser(received: bytes) -> None:
    assert read_plain(received) is None


class Caller:
    """One connection to the web process, kept."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.line = socket.create_connection((where.hostname or "", where.port or 0), PATIENCE)
        self.heard = self.line.makefile("rb")

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.line.sendall(piece)

    def answer(self) -> tuple[int, str]:
        status = int(self.heard.readline().split()[1])
        headers = dict(line.lower().split(b": ", 1) for line in iter(self.heard.readline, b"\r\n"))
        return status, self.heard.read(int(headers[b"content-length"])).decode().strip()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("web")
    world = World(root=root / "github")
    world.add_user("ada")
    environ = environ_for(world.add_app("gate", owner="ada"), root, "http://127.0.0.1:9")
    with started(root, environ, "web") as service:
        while not _answers(service):
            assert service.process.poll() is None, service.said()
            time.sleep(0.05)
        yield service.url


def _answers(service: Started) -> bool:
    try:
        return service.get("/healthz").ok
    except OSError:
        return False


@pytest.fixture
def caller(web: str) -> Iterator[Caller]:
    caller = Caller(web)
    yield caller
    caller.line.close()


NOBODYS = (202, "not an event we use")


def test_a_kept_connection_brings_one_delivery_after_the_other(caller: Caller) -> None:
    for _ in range(3):
        caller.send(delivery())
        assert caller.answer() == NOBODYS
    caller.send(b"GET /healthz HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert caller.answer()[0] == 200
    caller.send(delivery())
    assert caller.answer() == NOBODYS


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        pytest.param([delivery()[:30], delivery()[30:]], NOBODYS, id="in two pieces"),
        pytest.param([delivery(length="0", body=b"", signed=signature(b""))], NOBODYS, id="empty"),
        pytest.param([delivery("Connection: close")], NOBODYS, id="the last of its connection"),
        pytest.param(
            [
                delivery("Transfer-Encoding: chunked", body=b"").replace(b"Content-Length: 21\r\n", b""),
                b"0\r\n\r\n",
            ],
            (411, "a Content-Length is needed"),
            id="in chunks",
        ),
        pytest.param(
            [delivery(signed=signature(secret="another one"))],
            (401, "X-Hub-Signature-256 does not match the webhook secret"),
            id="signed by somebody else",
        ),
        pytest.param(
            [delivery(event="pull_request_review", body=BODY)],
            (400, "X-GitHub-Delivery is not a delivery id"),
            id="one of ours, badly made",
        ),
    ],
)
def test_nobody_can_tell_who_answered(caller: Caller, pieces: list[bytes], answer: tuple[int, str]) -> None:
    caller.send(*pieces)
    assert caller.answer() == answer


def test_deliveries_sent_at_once_are_answered_in_their_order(caller: Caller) -> None:
    caller.send(delivery() + delivery(signed="none") + delivery())
    assert [caller.answer()[0] for _ in range(3)] == [202, 401, 202]


def test_two_lengths_are_refused(caller: Caller) -> None:
    caller.send(delivery("Content-Length: 3"))
    assert caller.answer()[0] == 400


def test_connections_that_stall_hold_up_nobody_for_long(web: str) -> None:
    """More of them than there are threads, some in the head and some in the body."""
    whole = delivery()
    stalled = [Caller(web) for _ in range(20)]
    for number, caller in enumerate(stalled):
        caller.send(whole[: 30 if number % 2 else -1])
    begun = time.monotonic()
    patient = Caller(web)
    patient.send(delivery(event="pull_request_review"))
    assert patient.answer()[0] == 400
    assert time.monotonic() - begun < STALLED * 3
    assert stalled[0].answer() == (408, "the body stopped coming")
    for caller in (*stalled, patient):
        caller.line.close()
