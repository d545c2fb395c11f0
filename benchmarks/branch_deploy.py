"""github/branch-deploy, run as GitHub's runner would: one whole `.deploy`, from the comment to success.

Its shipped artifact is run from a checkout of your own; none of its code is here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml

from benchmarks.processes import Ran, run
from sandbox.commands import read_pairs
from sandbox.contexts import job_contexts
from sandbox.faults import Fault
from sandbox.graph.execution import schema
from sandbox.occasions import occasion_of_event
from sandbox.runs import begin
from sandbox.server import serve
from sandbox.starts import start_workflows
from sandbox.state import Event, Job
from sandbox.world import World

SHOP = "acme/shop"
WORKFLOW = """
on: issue_comment
permissions: {actions: read, checks: read, contents: write, deployments: write, issues: write,
              pull-requests: write, statuses: read}
jobs:
  deploy: {runs-on: ubuntu-latest, steps: [{run: "true"}]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchDeploy:
    """A checkout of it, whose artifact makes one deployment after the other, each in a fresh world."""

    checkout: Path
    version: str

    def deploy(self, latency: float) -> Ran:
        """Its main step and its post step; every request is answered `latency` seconds late.

        The team's own steps, which stand between the two, are not there.
        """
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            with _commented(World(root=place / "github")) as begun:
                world, environment = begun.world, self._environment(begun, place)
                if latency:
                    world.faults.add(Fault(kind="latency", seconds=latency, times=None))
                before = len(world.exchanges)
                main = self._step(environment)
                post = self._step(environment | _state(environment))
                _check_that_it_deployed(world)
                return Ran(
                    requests=len(world.exchanges) - before,
                    seconds=main.seconds + post.seconds,
                    memory=max(main.memory, post.memory),
                )

    def _environment(self, begun: Begun, place: Path) -> dict[str, str]:
        github = job_contexts(begun.world, begun.job, begun.token)["github"]
        event = place / "event.json"
        event.write_text(json.dumps(github["event"]), "utf-8")
        known = {name: value for name, value in github.items() if isinstance(value, str) and name != "token"}
        return {
            **os.environ,
            **{f"GITHUB_{name.upper()}": value for name, value in known.items()},
            **self._inputs(begun.token),
            **_files(place),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_WORKSPACE": str(place),
        }

    def _inputs(self, token: str) -> dict[str, str]:
        """What its action.yml says where a workflow says nothing."""
        inputs = yaml.safe_load((self.checkout / "action.yml").read_text("utf-8"))["inputs"]
        defaults = {name: str(about.get("default", "")) for name, about in inputs.items()}
        given = {**defaults, "github_token": token, "status": "success"}
        return {f"INPUT_{name.upper()}": value for name, value in given.items()}

    def _step(self, environment: Mapping[str, str]) -> Ran:
        artifact = str(self.checkout / "dist" / "index.js")
        return run(["node", artifact], environment=environment, cwd=self.checkout)


def branch_deploy_at(checkout: Path) -> BranchDeploy:
    """Exits with the cure where it cannot be run."""
    if not (checkout / "dist" / "index.js").is_file() or not (checkout / "action.yml").is_file():
        raise SystemExit(
            f"{checkout} has no dist/index.js and action.yml. "
            "Name a checkout: git clone https://github.com/github/branch-deploy"
        )
    if shutil.which("node") is None:
        raise SystemExit("github/branch-deploy runs on Node.js. Install it, so that `node` is on PATH.")
    _know_what_it_asks()
    described = subprocess.run(
        ["git", "describe", "--tags", "--always"], cwd=checkout, capture_output=True, text=True, check=False
    )
    return BranchDeploy(checkout=checkout, version=described.stdout.strip() or "unknown version")


def _know_what_it_asks() -> None:
    """Since 12.0.0 it asks when a commit status changed, which GitHub's published schema cannot say yet."""
    fields = schema().type_map["StatusContext"].fields  # type: ignore[attr-defined]
    fields.setdefault("updatedAt", fields["createdAt"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A job that a runner has taken."""

    world: World
    job: Job
    token: str


@contextmanager
def _commented(world: World) -> Iterator[Begun]:
    """A pull request with `.deploy` under it, and the job which that comment started."""
    ada = world.add_user("ada")
    world.add_org("acme", owners=("ada",))
    repository = world.add_repository(SHOP, files={".github/workflows/deploy.yml": WORKFLOW})
    world.commit(SHOP, {"shop.py": "print('open')\n"}, "Open the shop", branch="open", author=ada)
    server = serve(world, run_workflows=False)
    try:
        event = _comment(world)
        start = occasion_of_event(world, event)
        [started] = start_workflows(world, start) if start else []
        [job] = started.jobs
        begin(world, job)
        yield Begun(world=world, job=job, token=world.job_token(job, repository))
    finally:
        server.stop()


def _comment(world: World) -> Event:
    events: list[Event] = []
    world.on_event.append(events.append)
    for path, body in (
        ("pulls", {"title": "Open the shop", "head": "open", "base": "main"}),
        ("issues/1/comments", {"body": ".deploy"}),
    ):
        headers = {"Authorization": f"Bearer {world.token_for('ada')}"}
        url = f"{world.url}/repos/{SHOP}/{path}"
        requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()
    return events[-1]


def _files(place: Path) -> dict[str, str]:
    files = {f"GITHUB_{name}": place / name.lower() for name in ("OUTPUT", "STATE", "STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    return {name: str(file) for name, file in files.items()}


def _state(environment: Mapping[str, str]) -> dict[str, str]:
    """What the main step saved for the post step, as the runner hands it on."""
    saved = read_pairs(Path(environment["GITHUB_STATE"]))
    return {f"STATE_{name}": value for name, value in saved.items()}


def _check_that_it_deployed(world: World) -> None:
    states = [one.statuses[-1].state for one in world.repository(SHOP).deployments.values()]
    if states != ["success"]:
        raise SystemExit(f"branch-deploy left deployments {states} behind, and not one success")
