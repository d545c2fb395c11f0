"""A served world with one repository, one App and a runner, for tests of workflows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import requests

from sandbox.actions import LocalAction
from sandbox.server import Server, serve
from sandbox.state import App, Event, Job, Repository, WorkflowRun
from sandbox.world import World, key_pair

SHOP = "acme/shop"
WORKFLOW = ".github/workflows/ci.yml"
PATIENCE = 60.0
PERMISSIONS = {
    "actions": "write", "administration": "write", "checks": "write", "contents": "write",
    "deployments": "write", "statuses": "write",
}  # fmt: skip
EVENTS = (
    "check_run", "check_suite", "deployment", "deployment_protection_rule", "deployment_review",
    "deployment_status", "status", "workflow_job", "workflow_run",
)  # fmt: skip


@dataclass(kw_only=True)
class Shop:
    """`acme/shop`, owned by ada, with grace and bo as writers; every event is kept.

    The App `gate` is installed on it; what it is sent goes nowhere, but is recorded and judged.
    """

    world: World
    server: Server
    app: App
    events: list[Event]

    @property
    def repository(self) -> Repository:
        return self.world.repository(SHOP)

    def add(self, workflow: str, files: Mapping[str, str] | None = None) -> None:
        self.world.commit(SHOP, {WORKFLOW: dedent(workflow), **(files or {})}, "Change it")

    def push(self, workflow: str, files: Mapping[str, str] | None = None) -> WorkflowRun:
        """Push a workflow that runs on pushes; the run it started."""
        before = set(self.repository.runs)
        self.add(workflow, files)
        return next(run for number, run in self.repository.runs.items() if number not in before)

    def ask(
        self, method: str, path: str, body: Any = None, *, by: str = "ada", status: int | None = None
    ) -> Any:
        """The JSON answer to a request under the repository, by a person, or by the App (`by="gate"`)."""
        url = self.world.url + (path if path.startswith("/_") else f"/repos/{SHOP}{path}")
        headers = {"Authorization": f"Bearer {self.token(by)}"}
        answer = requests.request(method, url, json=body, headers=headers, timeout=PATIENCE)
        assert answer.status_code == status or (status is None and answer.ok), (
            answer.status_code,
            answer.text,
        )
        return answer.json() if answer.content else None

    def token(self, who: str) -> str:
        if who != self.app.slug:
            return self.world.token_for(who)
        installation = self.world.installation_of(self.app, self.repository)
        assert installation is not None
        return self.world.installation_token(installation).text

    def finished(self, run: WorkflowRun) -> WorkflowRun:
        return self.wait(run, lambda: run.status == "completed")

    def wait(self, run: WorkflowRun, until: Callable[[], bool]) -> WorkflowRun:
        give_up = time.monotonic() + PATIENCE
        while not self._holds(until):
            assert time.monotonic() < give_up, self.story(run)
            time.sleep(0.01)
        return run

    def _holds(self, until: Callable[[], bool]) -> bool:
        with self.world.lock:
            return until()

    def job(self, run: WorkflowRun, key: str) -> Job:
        return next(job for job in run.current_jobs if job.key == key)

    def log(self, run: WorkflowRun, key: str = "build") -> str:
        return "\n".join(line.partition(" ")[2] for line in self.job(run, key).log)

    def told(self, name: str) -> list[str | None]:
        """The actions of the events of one name, in order."""
        return [event.action for event in self.events if event.name == name]

    def story(self, run: WorkflowRun) -> str:
        jobs = ["\n".join([f"{job.key}: {job.status} {job.conclusion}", *job.log]) for job in run.jobs]
        return f"the run is {run.status} {run.conclusion}\n" + "\n".join(jobs)


def made_by_jobs(world: World) -> list[str]:
    """What jobs asked of GitHub; an answer that nothing changed does not count."""
    asked = (one for one in world.exchanges if one.who.startswith("job:") and one.status != 304)
    return [f"{one.method} {one.path}" for one in asked]


@cache
def private_key() -> str:
    return key_pair()[0]


@contextmanager
def shop_in(root: Path, actions: dict[str, LocalAction] | None = None) -> Iterator[Shop]:
    world = World(root=root)
    ada = world.add_user("ada")
    world.add_org("acme", owners=("ada",))
    world.add_repository(SHOP, files={"README.md": "A shop.\n"}, author=ada)
    for login in ("grace", "bo"):
        world.add_user(login)
        world.add_collaborator(SHOP, login)
    server = serve(world, actions=actions)
    app = world.add_app(
        "gate",
        owner="acme",
        permissions=PERMISSIONS,
        events=EVENTS,
        webhook_url=f"{world.url}/nowhere",
        private_key=private_key(),
    )
    world.install(app, SHOP)
    events: list[Event] = []
    world.on_event.append(events.append)
    try:
        yield Shop(world=world, server=server, app=app, events=events)
        server.courier.settle()
    finally:
        server.stop()
