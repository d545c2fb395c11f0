"""One whole successful run of the action at two latencies, beside what another deploy action needs.

`python -m benchmarks.whole_run [--branch-deploy CHECKOUT]`. With a checkout of github/branch-deploy the
reference is one whole deployment of its shipped artifact. Without one, it is the 35 requests which that
makes in sequence and nothing else, so it is the least such a tool can take.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.branch_deploy import BranchDeploy, branch_deploy_at
from benchmarks.processes import Ran, run
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
BARE = "35 requests in sequence"
MOST_REQUESTS = 10
MOST_MEMORY = 90.0  # MB, at the peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What TURNS runs at one latency come to: medians of the times, the most of the rest."""

    latency: float
    ours: Ran
    reference: Ran

    @property
    def kept(self) -> bool:
        return self.ours.requests <= MOST_REQUESTS and self.ours.memory <= MOST_MEMORY


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_run")
    parser.add_argument("--branch-deploy", type=Path, metavar="CHECKOUT", help="of github/branch-deploy")
    checkout = parser.parse_args(argv).branch_deploy
    peer = branch_deploy_at(checkout.resolve()) if checkout else None
    rows = measure(peer)
    print(render_rows(rows, f"branch-deploy {peer.version}" if peer else BARE))
    return 0 if all(row.kept for row in rows) else 1


def measure(peer: BranchDeploy | None = None) -> list[Row]:
    return [_row(latency, peer) for latency in LATENCIES]


def render_rows(rows: list[Row], reference: str = BARE) -> str:
    head = (
        "| Added latency | Requests | Whole run | Peak memory "
        f"| {reference}: requests | whole run | peak memory | Ratio | Kept |"
    )
    lines = [
        f"| {row.latency * 1000:.0f} ms | {_cells(row.ours)} | {_cells(row.reference)} "
        f"| {row.ours.seconds / row.reference.seconds:.2f} | {'yes' if row.kept else 'NO'} |"
        for row in rows
    ]
    return "\n".join([head, "|---:|---:|---:|---:|---:|---:|---:|---:|---|", *lines])


def _cells(ran: Ran) -> str:
    memory = f"{ran.memory:.0f} MB" if ran.memory else ""
    return f"{ran.requests} | {ran.seconds:.2f} s | {memory}"


def _row(latency: float, peer: BranchDeploy | None) -> Row:
    turns = [_turn(latency, peer) for _ in range(TURNS + 1)][1:]
    return Row(
        latency=latency,
        ours=_summed_up([ours for ours, _ in turns]),
        reference=_summed_up([reference for _, reference in turns]),
    )


def _summed_up(turns: list[Ran]) -> Ran:
    return Ran(
        requests=max(turn.requests for turn in turns),
        seconds=sorted(turn.seconds for turn in turns)[len(turns) // 2],
        memory=max(turn.memory for turn in turns),
    )


def _turn(latency: float, peer: BranchDeploy | None) -> tuple[Ran, Ran]:
    """Ours and the reference's, each in a fresh world."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        world = World(root=place / "github")
        environment = job_in(world, place, POLICY) | {"PYTHONPYCACHEPREFIX": ""}
        server = serve(world)
        environment |= {"GITHUB_API_URL": server.url, "GITHUB_SERVER_URL": server.url}
        try:
            if latency:
                world.faults.add(Fault(kind="latency", seconds=latency, times=None))
            ours = _ours(world, environment)
            return ours, peer.deploy(latency) if peer else _in_sequence(server.url)
        finally:
            server.stop()


def _ours(world: World, environment: dict[str, str]) -> Ran:
    before = len(world.exchanges)
    ran = run([sys.executable, "-m", "action"], environment=environment, cwd=ROOT)
    return Ran(requests=len(world.exchanges) - before, seconds=ran.seconds, memory=ran.memory)


def _in_sequence(url: str) -> Ran:
    with requests.Session() as session:
        begun = time.perf_counter()
        for _ in range(IN_SEQUENCE):
            session.get(f"{url}/meta", timeout=10)
        return Ran(requests=IN_SEQUENCE, seconds=time.perf_counter() - begun, memory=0)


if __name__ == "__main__":
    sys.exit(main())
