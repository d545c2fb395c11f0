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
from sandbox.runs import begin
from sandbox.server import serve
from sandbox.starts import Start, start_workflows
from sandbox.workflow import Occasion
from sandbox.world import World

LIMIT = 0.5
TURNS = 15
ROOT = Path(__file__).parents[1]
POLICY = """
version: 1
{holidays}
environments:
  production:
    {windows}
    steps:
      deploy: {{run: 'printf %s "$EPOCHREALTIME" > "$STARTED_FILE"'}}
"""
SMALLEST = POLICY.format(holidays="", windows="")
WITH_HOLIDAYS = POLICY.format(  # closed for a minute a year, so that the benchmark runs on any day
    holidays="holidays: {country: DE, subdivision: BE}", windows="windows: {closed: ['holidays 00:00-00:01']}"
)
WORKFLOW = """
on: push
permissions: {actions: read, checks: read, contents: write, deployments: write, issues: write,
              pull-requests: read, statuses: read}
jobs:
  deploy: {runs-on: ubuntu-latest, environment: production, steps: [{run: "true"}]}
"""


def measure() -> list[Comparison]:
    return [
        _measured("process start to the first deploy command, smallest policy", SMALLEST),
        _measured("the same, windows with a country's holidays", WITH_HOLIDAYS),
    ]


def _measured(title: str, policy: str) -> Comparison:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        world = World(root=place / "github")
        environment = job_in(world, place, policy)
        server = serve(world)
        try:
            environment |= {"GITHUB_API_URL": server.url, "GITHUB_SERVER_URL": server.url}
            turns = [
                (_until_first_command(environment), _empty_python(environment)) for _ in range(TURNS + 1)
            ][1:]
        finally:
            server.stop()
    return Comparison(
        title=title,
        ours=Timing(name="python -m action", seconds=tuple(ours for ours, _ in turns)),
        reference=Timing(name="python -c pass", seconds=tuple(empty for _, empty in turns)),
        limit=LIMIT,
        above_reference=True,
    )


def job_in(world: World, place: Path, policy: str) -> dict[str, str]:
    """What a runner puts into the environment of a job that has begun."""
    ada = world.add_user("ada")
    world.add_org("acme", owners=("ada",))
    files = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": WORKFLOW}
    repository = world.add_repository("acme/shop", files=files)
    sha = world.git(repository).text("rev-parse", "refs/heads/main").strip()
    push = Start(
        repository=repository, occasion=Occasion(event="push", ref="refs/heads/main"), sha=sha, actor=ada
    )
    [run] = start_workflows(world, push)
    [job] = run.jobs
    begin(world, job)
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(place / "bytecode"),  # compiled beforehand, as in the image
        "PYTHONPATH": str(ROOT),
        "INPUT_ENVIRONMENT": "production",
        "INPUT_GITHUB_TOKEN": world.job_token(job, repository),
        "INPUT_CHECK_RUN_ID": str(job.check_run.id),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": sha,
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_RUN_ID": str(run.id),
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


def _empty_python(environment: Mapping[str, str]) -> float:
    begun = time.time()
    subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
    return time.time() - begun
