"""From process start to the first deploy command's start, beside a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.timing import Comparison, Timing
from sandbox.server import serve
from sandbox.world import World

LIMIT = 0.5
TURNS = 15
ROOT = Path(__file__).parents[1]
POLICY = """
version: 1
access: {deployers: [anyone]}
environments:
  production:
    steps:
      deploy: {run: 'printf %s "$EPOCHREALTIME" > "$STARTED_FILE"'}
"""


def measure() -> list[Comparison]:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        world = World(root=place / "github")
        environment = _job(world, place)
        server = serve(world)
        try:
            environment |= {"GITHUB_API_URL": server.url, "GITHUB_SERVER_URL": server.url}
            turns = [(_until_first_command(environment), _empty_python()) for _ in range(TURNS + 1)][1:]
        finally:
            server.stop()
    return [
        Comparison(
            title="process start to the first deploy command's start",
            ours=Timing(name="python -m action", seconds=tuple(ours for ours, _ in turns)),
            reference=Timing(name="python -c pass", seconds=tuple(empty for _, empty in turns)),
            limit=LIMIT,
            above_reference=True,
        )
    ]


def _job(world: World, place: Path) -> dict[str, str]:
    """A repository with the smallest policy, and what a runner would put into a job's environment."""
    world.add_user("ada")
    world.add_org("acme", owners=("ada",))
    world.add_repository("acme/shop", files={".github/deploy.yml": POLICY})
    sha = world.git(world.repository("acme/shop")).resolve("refs/heads/main")
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "INPUT_ENVIRONMENT": "production",
        "INPUT_GITHUB_TOKEN": world.token_for("ada"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": str(sha),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_ACTOR": "ada",
        "GITHUB_WORKSPACE": str(place),
        "RUNNER_TEMP": str(place),
        "STARTED_FILE": str(place / "started"),
    }


def _until_first_command(environment: Mapping[str, str]) -> float:
    started = Path(environment["STARTED_FILE"])
    started.unlink(missing_ok=True)
    begun = time.time()
    job = subprocess.run(
        [sys.executable, "-m", "action"], env=environment, capture_output=True, text=True, check=False
    )
    if job.returncode or not started.exists():
        raise SystemExit(f"the action ended with {job.returncode}:\n{job.stdout}{job.stderr}")
    return float(started.read_text("utf-8")) - begun


def _empty_python() -> float:
    begun = time.time()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.time() - begun
