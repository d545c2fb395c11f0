"""One server of the shop: `server.py PORT VERSION TRACK`. How a version behaves stands in VERSION.json."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Shop(ThreadingHTTPServer):
    daemon_threads = False  # what has begun is answered before the process ends
    request_queue_size = 128

    def __init__(self, port: int, version: str, track: str) -> None:
        super().__init__(("127.0.0.1", port), Door)
        self.version, self.track = version, track
        self.release = json.loads(Path(os.environ["SHOP"], f"{version}.json").read_text())
        self.requests, self.errors, self.seconds, self.looks = 0, 0, 0.0, 0
        self.lock = threading.Lock()

    def order(self) -> bool:
        """Count one more; whether it goes well."""
        with self.lock:
            self.requests += 1
            well = not self.release.get("one_in") or self.requests % int(self.release["one_in"]) != 0
            self.errors += not well
        return well

    def took(self, seconds: float) -> None:
        with self.lock:
            self.seconds += seconds

    def is_well(self) -> bool:
        """One that sickens is well when it is looked at first, and never again."""
        with self.lock:
            self.looks += 1
            return self.looks == 1 or self.server_port not in self.release.get("sickens_on", ())

    def metrics(self) -> str:
        label = f'{{track="{self.track}"}}'
        return (
            f"shop_requests_total{label} {self.requests}\n"
            f"shop_errors_total{label} {self.errors}\n"
            f"shop_seconds_total{label} {self.seconds}\n"
        )


class Door(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._send(200, self.server.metrics())
        elif self.path == "/healthz":
            self._damage()
            self._send(200 if self.server.is_well() else 503, "how it is")
        else:
            self._sell()

    def _sell(self) -> None:
        began, release = time.monotonic(), self.server.release
        well = self.server.order()
        time.sleep(release.get("seconds", 0.0))
        self._damage()
        text = release.get("greeting", "Welcome") if well else "Sorry"
        self._send(200 if well else 500, text)
        self.server.took(time.monotonic() - began)

    def _damage(self) -> None:
        if self.server.release.get("damages"):
            Path(os.environ["SHOP"], "stock").write_text("-1")

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("X-Version", self.server.version)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        return


def main(port: str, version: str, track: str) -> None:
    shop = Shop(int(port), version, track)
    if shop.release.get("crashes"):
        time.sleep(0.2)  # its port is open meanwhile, as that of many a server that is about to fail
        raise SystemExit(f"{version} cannot start: its configuration names a database that is not there")
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=shop.shutdown).start())
    shop.serve_forever(poll_interval=0.02)
    shop.server_close()


if __name__ == "__main__":
    main(*sys.argv[1:])
