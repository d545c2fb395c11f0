"""One whole successful run of the action at two latencies, beside 35 requests one after the other.

A comment-driven deploy action of the kind in use today makes 35 requests in sequence for one deployment.
The reference makes as many and does nothing else, so it is the least such a tool can take.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.start_up import ROOT, job_in
from sandbox.faults import Fault
from sandbox.server import serve
from sandbox.world import World

POLICY = """
version: 1
log: {releases: never}
environments:
  production:
    steps:
      verify: {run: "true"}
      backup: {run: "true"}
      deploy: {run: "true"}
      health: {run: "true"}
      smoke: [{name: Homepage loads, run: "true"}]
    rollback: {run: "true"}
"""
LATENCIES = (0.0, 0.08)  # seconds added to every request
TURNS = 5
IN_SEQUENCE = 35
MOST_REQUESTS = 10
MOST_MEMORY = 90.0  # MB, at the peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians of TURNS runs at one latency. Times in seconds, memory in MB at the peak."""

    latency: float
    requests: int
    ours: float
    reference: float
    memory: float

    @property
    def kept(self) -> bool:
        return self.requests <= MOST_REQUESTS and self.memory <= MOST_MEMORY


def measure() -> list[Row]:
    return [_row(latency) for latency in LATENCIES]


def render_rows(rows: list[Row]) -> str:
    head = "| Added latency | Requests | Whole run | 35 requests in sequence | Ratio | Peak memory | Kept |"
    lines = [
        f"| {row.latency * 1000:.0f} ms | {row.requests} | {row.ours:.2f} s | {row.reference:.2f} s "
        f"| {row.ours / row.reference:.2f} | {row.memory:.0f} MB | {'yes' if row.kept else 'NO'} |"
        for row in rows
    ]
    return "\n".join([head, "|---:|---:|---:|---:|---:|---:|---|", *lines])


def _row(latency: float) -> Row:
    turns = [_turn(latency) for _ in range(TURNS + 1)][1:]
    middle = len(turns) // 2
    return Row(
        latency=latency,
        requests=max(turn[0] for turn in turns),
        ours=sorted(turn[1] for turn in turns)[middle],
        reference=sorted(turn[2] for turn in turns)[middle],
        memory=max(turn[3] for turn in turns),
    )


def _turn(latency: float) -> tuple[int, float, float, float]:
    """Requests, our seconds, the reference's seconds, peak memory in MB: a fresh world each time."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        world = World(root=place / "github")
        environment = job_in(world, place, POLICY) | {"PYTHONPYCACHEPREFIX": ""}
        server = serve(world)
        environment |= {"GITHUB_API_URL": server.url, "GITHUB_SERVER_URL": server.url}
        try:
            if latency:
                world.faults.add(Fault(kind="latency", seconds=latency, times=None))
            before = len(world.exchanges)
            ours, memory = _run(environment)
            made = len(world.exchanges) - before
            return made, ours, _reference(server.url), memory
        finally:
            server.stop()


def _run(environment: dict[str, str]) -> tuple[float, float]:
    begun = time.perf_counter()
    job = subprocess.Popen(
        [sys.executable, "-m", "action"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = os.waitstatus_to_exitcode(status)
    if job.returncode:
        raise SystemExit(f"the action ended with {job.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def _reference(url: str) -> float:
    with requests.Session() as session:
        begun = time.perf_counter()
        for _ in range(IN_SEQUENCE):
            session.get(f"{url}/meta", timeout=10)
        return time.perf_counter() - begun
