"""The shop: one page, a health check and a login, served from the release directory it lies in."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = Path(__file__).resolve().parent.parent
VERSION = (RELEASE / "VERSION").read_text().strip()
PAGE = (RELEASE / "shop" / "page.html").read_text()


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {"/": PAGE.replace("VERSION", VERSION), "/healthz": "ok", "/version": VERSION}
        body = pages.get(self.path, "not found").encode()
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep the deploy log quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
