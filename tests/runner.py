"""A world with one repository and a runner, for tests of workflows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from sandbox.actions import LocalAction
from sandbox.processes import Processes
from sandbox.runner import Runner
from sandbox.state import Event, Job, Repository, WorkflowRun
from sandbox.world import World

SHOP = "acme/shop"
WORKFLOW = ".github/workflows/ci.yml"
PATIENCE = 20.0


@dataclass(kw_only=True)
class Shop:
    """`acme/shop`, owned by ada, with grace as a writer; every event is kept."""

    world: World
    runner: Runner
    events: list[Event]

    @property
    def repository(self) -> Repository:
        return self.world.repository(SHOP)

    def push(self, workflow: str, **files: str) -> WorkflowRun:
        """Push a workflow; the run it started."""
        before = set(self.repository.runs)
        named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
        self.world.commit(SHOP, {WORKFLOW: dedent(workflow), **named}, "Change it")
        return next(run for number, run in self.repository.runs.items() if number not in before)

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


@contextmanager
def shop_in(root: Path, actions: dict[str, LocalAction] | None = None) -> Iterator[Shop]:
    world = World(root=root)
    ada = world.add_user("ada")
    world.add_org("acme", owners=("ada",))
    world.add_user("grace")
    world.add_repository(SHOP, files={"README.md": "A shop.\n"}, author=ada)
    world.add_collaborator(SHOP, "grace")
    events: list[Event] = []
    world.on_event.append(events.append)
    runner = Runner(world, actions=actions, processes=Processes(interrupt_grace=1.0, terminate_grace=0.5))
    runner.start()
    try:
        yield Shop(world=world, runner=runner, events=events)
    finally:
        runner.stop()
