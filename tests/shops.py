"""A shop of real server processes behind a real nginx, in a directory of its own, on ports that were free."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.programs import need
from tests.started import free_port

OPS = Path(__file__).parent / "e2e" / "ops"
GOOD: dict[str, Any] = {"seconds": 0.05}  # long beside what a busy machine adds
CRASHES = {"crashes": True}
ERRORS = {"one_in": 20}  # 5 %
SLOW = {"seconds": 0.1}
RUDE = {"greeting": "Oops"}  # what the smoke test looks for is not there
DAMAGES = {"damages": True}
OLD, NEW = "1.0.0", "1.1.0"
_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Shop:
    """`ops` runs one function of tests/e2e/ops/shop, as the policy's commands do."""

    place: Path
    url: str
    nginx: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "SHOP": str(self.place),
            "OPS": str(OPS),
            "NGINX_BIN": self.nginx,  # nginx takes NGINX for sockets that it inherits
            "PYTHON": sys.executable,
        }

    def ops(self, *words: str) -> None:
        command = [str(OPS / "shop"), *words]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def release(self, version: str, **ways: Any) -> None:
        """A version that can be deployed, and how it behaves."""
        self.write(f"{version}.json", json.dumps(GOOD | ways))

    def write(self, name: str, text: str) -> None:
        (self.place / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.place / name).read_text(encoding="utf-8")

    def listens(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def serve(self, track: str, ports: Sequence[int]) -> None:
        for port in ports:
            self.ops("start", str(port), OLD, track)

    def stop_servers(self) -> None:
        with suppress(FileNotFoundError):
            for pid in self.read("pids").split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


@contextmanager
def open_shop(place: Path) -> Iterator[Shop]:
    """nginx answers, with nobody behind it yet."""
    shop = Shop(place=place, url=f"http://127.0.0.1:{free_port()}/", nginx=need("nginx"))
    for name in ("temp", "up"):
        (place / name).mkdir(parents=True)
    owner = "user root;\n" if os.geteuid() == 0 else ""  # its workers read files that are only ours
    settings = (OPS / "nginx.conf").read_text().replace("@PORT@", shop.url.rsplit(":", 1)[1].strip("/"))
    shop.write("nginx.conf", owner + settings)
    shop.write(
        "traffic.conf", "map $host $pool { default nobody; }\nupstream nobody { server 127.0.0.1:9; }\n"
    )
    shop.release(OLD)
    command = [shop.nginx, "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "nginx.log")]
    with _running(command, ready=shop.url, output=place / "nginx.out"):
        try:
            yield shop
        finally:
            shop.stop_servers()


def rolling_shop(shop: Shop, ports: Sequence[int]) -> None:
    shop.serve("live", ports)
    for port in ports:
        (shop.place / "up" / str(port)).touch()
    shop.write("targets", "\n".join(map(str, ports)))
    shop.ops("share_out")
    shop.ops("reload")


def blue_green_shop(shop: Shop, ports: Sequence[int]) -> None:
    blue, green = ports
    shop.serve("live", [blue])
    shop.write("live", str(green))
    shop.write("idle", str(blue))
    shop.write("new", str(blue))
    shop.ops("switch", "new")


def canary_shop(shop: Shop, ports: Sequence[int]) -> None:
    """The first half of its servers is stable, the other the canary's."""
    stable, canary = ports[: len(ports) // 2], ports[len(ports) // 2 :]
    shop.serve("stable", stable)
    shop.serve("canary", canary)
    shop.write("stable", " ".join(map(str, stable)))
    shop.write("canary", " ".join(map(str, canary)))
    shop.ops("weight", "0")


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """A Prometheus that looks at whatever answers on these ports, twice a second."""

    url: str
    ports: Sequence[int]

    def wait_until_it_looks(self) -> None:
        give_up = time.monotonic() + _PATIENCE
        while len(self._looked_at()) < len(self.ports):
            assert time.monotonic() < give_up, self
            time.sleep(0.05)

    def _looked_at(self) -> list[Any]:
        answer = requests.get(f"{self.url}/api/v1/targets", timeout=_PATIENCE).json()
        found: list[Any] = answer["data"]["activeTargets"]
        return found


@contextmanager
def open_watcher(place: Path, ports: Sequence[int]) -> Iterator[Watcher]:
    """It takes five seconds to learn whom to look at: start it early, and let one serve many tests."""
    program, address = need("prometheus"), f"127.0.0.1:{free_port()}"
    targets = [f"127.0.0.1:{port}" for port in ports]
    settings = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
        "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": targets}]}],
    }
    (place / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
    command = [
        program,
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'series'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    with _running(command, ready=f"http://{address}/-/ready", output=place / "prometheus.out", status=200):
        yield Watcher(url=f"http://{address}", ports=ports)


MONITOR = """
monitor:
  for: 1m  # what is bad is taken back as soon as that is seen
  every: 1s
  source: {{prometheus: '{prometheus}'}}
  metrics:
    error_rate:
      query: 'sum(rate(shop_errors_total[2s])) / sum(rate(shop_requests_total[2s]))'
      rollback_if: {{above: 0.01}}
    response_time:
      query: 'sum(rate(shop_seconds_total[2s])) / sum(rate(shop_requests_total[2s]))'
      rollback_if: {{above: 0.075}}
"""
INTEGRITY = """
monitor: {for: 3s, every: 1s, integrity: {run: 'test ! -e "$SHOP/stock"', every: 3s}}
"""


@contextmanager
def _running(command: Sequence[str], *, ready: str, output: Path, status: int = 502) -> Iterator[None]:
    """The program, from when it answers so until it has ended."""
    with output.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + _PATIENCE
        while _status(ready) != status:
            assert process.poll() is None and time.monotonic() < give_up, output.read_text()  # noqa: PT018
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _status(url: str) -> int:
    try:
        return requests.get(url, timeout=1).status_code
    except requests.RequestException:
        return 0
