"""Real servers on loopback in the shapes of what teams are told through: web hooks and mail."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(kw_only=True)
class Heard:
    path: str
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Chat:
    """A chat's web hooks. A path that ends in /broken answers 500."""

    port: int
    answer: bytes = b""
    status: int = 200
    heard: list[Heard] = field(default_factory=list)
    answer_when: Callable[[Heard], None] = lambda _: None  # returns when it is to be answered

    @property
    def channel(self) -> str:
        """Apprise's address of a plain JSON hook here."""
        return f"json://127.0.0.1:{self.port}"

    @property
    def titles(self) -> list[str]:
        return [one.json["title"] for one in self.heard]


@contextmanager
def start_chat(*, status: int = 200, answer: bytes = b"", certificate: Path | None = None) -> Iterator[Chat]:
    """With a `certificate`, which holds its key as well, it speaks TLS."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content_type = self.headers.get("Content-Type", "")
            chat.heard.append(Heard(path=self.path, content_type=content_type, body=body))
            chat.answer_when(chat.heard[-1])
            with suppress(ConnectionError):  # who asked may have died meanwhile
                self._answer()

        def _answer(self) -> None:
            self.send_response(500 if self.path.endswith("/broken") else chat.status)
            self.send_header("Content-Length", str(len(chat.answer)))
            self.end_headers()
            self.wfile.write(chat.answer)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    chat = Chat(port=server.server_port, status=status, answer=answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(path: Path) -> Path:
    """A certificate of one's own for loopback, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@dataclass(kw_only=True)
class Post:
    """A mail server's address for Apprise, and the mails it took."""

    address: str = ""
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 taken"


class _AnyPort(Controller):
    """aiosmtpd knocks at the port it was given, which 0 is not."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def start_post() -> Iterator[Post]:
    post = Post()
    controller = _AnyPort(post, hostname="127.0.0.1", port=0)
    controller.start()
    post.address = (
        f"mailto://127.0.0.1:{controller.port}/?mode=insecure&from=deploy@shop.test&to=team@shop.test"
    )
    try:
        yield post
    finally:
        controller.stop()
