"""The App as real processes on a free port, with everything it says kept in a file."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from sandbox.state import App

SECRET = "a secret between the sandbox and the App"
PATIENCE = 60.0


@dataclass(kw_only=True)
class Started:
    """`python -m service` and its children."""

    url: str
    process: subprocess.Popen[bytes]
    output: Path

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=PATIENCE)

    def wait_until_ready(self) -> None:
        self.wait(self._is_ready)

    def wait(self, until: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE
        while not until():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz").ok
        except requests.RequestException:
            return False

    def children(self) -> list[psutil.Process]:
        """Every process below this one."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def child(self, word: str) -> psutil.Process:
        """The oldest one with `word` on its command line."""
        return next(one for one in self.children() if any(word in part for part in one.cmdline()))

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return self.output.read_text()


@contextmanager
def started(root: Path, environ: Mapping[str, str], part: str = "") -> Iterator[Started]:
    """Running until the end, and nothing of it left then."""
    root.mkdir(parents=True, exist_ok=True)
    output = root / f"service-{environ['PORT']}{part}.log"
    command = [sys.executable, "-m", "service", *([part] if part else [])]
    with output.open("ab") as log:
        process = subprocess.Popen(command, env=dict(environ), stdout=log, stderr=log)
    service = Started(url=f"http://127.0.0.1:{environ['PORT']}", process=process, output=output)
    try:
        yield service
    finally:
        _end(service)


def _end(service: Started) -> None:
    if service.process.poll() is not None:
        return
    children = service.children()
    service.process.terminate()
    _, alive = psutil.wait_procs([psutil.Process(service.process.pid), *children], timeout=PATIENCE)
    for process in alive:
        process.kill()
    service.process.wait()


def environ_for(app: App, root: Path, api_url: str, **settings: str) -> dict[str, str]:
    """The settings of a service for an App of the sandbox, on a port of its own."""
    port = str(free_port())
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "COV"))},
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_APP_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRET": SECRET,
        "GITHUB_API_URL": api_url,
        "GITHUB_SERVER_URL": api_url,
        "HOST": "127.0.0.1",
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(root / "data"),
        **settings,
    }


def free_port() -> int:
    """One that is given to nobody who asks for any: a socket that never listens holds it until we end."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers set it, which so can take it
    holder.bind(("127.0.0.1", 0))
    port = int(holder.getsockname()[1])
    holder.detach()
    return port
