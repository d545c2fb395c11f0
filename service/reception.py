"""gunicorn's threaded worker, whose loop itself answers the deliveries that are for nobody.

Most of what GitHub sends is none of our business, and handing it to a thread and parsing it in full would
be most of its cost. What the loop does not answer goes to gunicorn's own parser, byte by byte as it came.
"""

from __future__ import annotations

import socket
import struct
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING

from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.door import NOT_OURS
from service.plain import read_plain

if TYPE_CHECKING:
    from service.door import Door

AT_A_GLANCE = 65_536  # bytes; what is longer, or not all there yet, is read by a thread
STALLED = 5  # seconds without a byte of a request that was begun; a few such would hold all threads
_TIMEOUT = struct.pack("@ll", STALLED, 0)  # as the kernel takes it
_ANSWER = (
    "HTTP/1.1 202 Accepted\r\nDate: {date}\r\nConnection: keep-alive\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{text}"
)


class Reception(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker class for gunicorn; its application is the Door."""

    wsgi: Door

    def accept(self, listener: socket.socket) -> None:
        """A new connection waits with the kept ones until something comes.

        The kernel ends what stalls: gunicorn knows no such limit, and takes Python's off.
        """
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another process took it, or it is gone
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEOUT)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEOUT)
        self.nr_conns += 1
        connection = TConn(self.cfg, client, address, listener.getsockname())
        called = partial(self.on_client_socket_readable, connection)
        self.poller.register(client, EVENT_READ, called)
        self._keep(connection)

    def on_client_socket_readable(self, connection: TConn, client: socket.socket) -> None:
        received = _received(client)
        if received is None:
            return
        self.keepalived_conns.remove(connection)
        answer = self._answer_to(received) if self.alive else None
        if answer is not None and _is_sent(client, answer):
            self._keep(connection)
            return
        self.poller.unregister(client)
        if received and answer is None:
            self._give_to_a_thread(connection, received)
        else:
            self.nr_conns -= 1
            connection.close()

    def _answer_to(self, received: bytes) -> bytes | None:
        """None where it takes more than a glance."""
        sent = read_plain(received)
        if sent is None or not self.wsgi.is_for_nobody(sent.event, sent.signature, sent.body):
            return None
        return _ANSWER.format(date=http_date(), length=len(NOT_OURS) + 1, text=NOT_OURS + "\n").encode()

    def _keep(self, connection: TConn) -> None:
        """In the order in which they will have been idle for too long."""
        connection.set_timeout()
        self.keepalived_conns.append(connection)

    def _give_to_a_thread(self, connection: TConn, received: bytes) -> None:
        connection.init()
        connection.parser.unreader.unread(received)
        connection.data_ready = True
        self.enqueue_req(connection)


def _received(client: socket.socket) -> bytes | None:
    """What is there; empty at the end of the connection, None when nothing is there yet."""
    try:
        return client.recv(AT_A_GLANCE)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _is_sent(client: socket.socket, answer: bytes) -> bool:
    try:
        return client.send(answer) == len(answer)
    except OSError:
        return False
