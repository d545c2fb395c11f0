"""The sandbox as a server on loopback: in a thread for tests, or as a process of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.http import create_app
from sandbox.recording import follow_as_asked
from sandbox.world import World


class QuietHandler(WSGIRequestHandler):
    """HTTP/1.1 with kept connections, and no line per request on standard error."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - Werkzeug's name
        return


@dataclass(kw_only=True)
class Server:
    """A running sandbox. `stop` ends it and waits for its threads."""

    world: World
    http: BaseWSGIServer = field(repr=False)
    thread: threading.Thread = field(repr=False)

    @property
    def url(self) -> str:
        return self.world.url

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def serve(world: World, port: int = 0) -> Server:
    """Serve a world on 127.0.0.1; port 0 asks the operating system for a free one."""
    http = make_server("127.0.0.1", port, create_app(world), threaded=True, request_handler=QuietHandler)
    http.daemon_threads = True  # type: ignore[attr-defined]
    world.url = f"http://127.0.0.1:{http.server_port}"
    follow_as_asked(world)
    thread = threading.Thread(target=http.serve_forever, name="sandbox", daemon=True)
    thread.start()
    return Server(world=world, http=http, thread=thread)
