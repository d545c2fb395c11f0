"""The runner: starts workflows on events and carries their jobs out, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import runs
from sandbox.actions import LocalAction
from sandbox.contexts import job_contexts
from sandbox.execution import Assignment, Execution, Place, Result
from sandbox.git import ZERO
from sandbox.occasions import occasion_of_event, occasion_of_push
from sandbox.processes import Processes
from sandbox.shapes.basics import stamp
from sandbox.starts import start_workflows
from sandbox.state import Event, Job, Push, Step
from sandbox.world import World

_BEAT = 0.2


class Runner:
    """Listens to a world from `start` to `stop`. A waiting job costs no thread."""

    def __init__(
        self,
        world: World,
        *,
        actions: Mapping[str, LocalAction] | None = None,
        workers: int = 4,
        processes: Processes | None = None,
    ) -> None:
        self.actions = dict(actions or {})
        self._world = world
        self._processes = processes or Processes()
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="job")
        self._running: dict[int, threading.Event] = {}
        self._stopping = threading.Event()
        self._clockwork = threading.Thread(target=self._watch_clock, name="gates", daemon=True)

    def start(self) -> Runner:
        self._world.on_push.append(self._on_push)
        self._world.on_event.append(self._on_event)
        self._world.on_job.append(self._on_job)
        self._clockwork.start()
        return self

    def stop(self) -> None:
        """End every job and every process, and wait for the threads."""
        self._stopping.set()
        self._world.on_push.remove(self._on_push)
        self._world.on_event.remove(self._on_event)
        self._world.on_job.remove(self._on_job)
        for cancelled in list(self._running.values()):
            cancelled.set()
        self._processes.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._clockwork.join()

    # What happens in the world

    def _on_push(self, push: Push) -> None:
        if push.after != ZERO:
            start_workflows(self._world, occasion_of_push(self._world, push))

    def _on_event(self, event: Event) -> None:
        start = None if event.quiet else occasion_of_event(self._world, event)
        if start is not None:
            start_workflows(self._world, start)

    def _on_job(self, job: Job) -> None:
        if job.status == "queued":
            self._pool.submit(self._carry_out, job)
        elif job.id in self._running:
            self._running[job.id].set()

    def _watch_clock(self) -> None:
        while not self._stopping.wait(_BEAT):
            with self._world.lock:
                runs.pass_time(self._world)

    # One job

    def _carry_out(self, job: Job) -> None:
        assignment = self._take(job)
        if assignment is None:
            return
        witness = Stenographer(world=self._world, job=job, file=log_path(self._world, job))
        try:
            result = Execution(assignment, self._processes, witness).run()
        except Exception as error:
            result = Result(conclusion="failure", outputs={}, environment_url="")
            witness.log(f"##[error]The runner itself failed: {error!r}")
            self._hand_in(job, assignment, result)
            raise
        self._hand_in(job, assignment, result)

    def _take(self, job: Job) -> Assignment | None:
        world = self._world
        with world.lock:
            plan = job.run.plan
            if job.status != "queued" or plan is None or self._stopping.is_set():
                return None
            cancelled = self._running.setdefault(job.id, threading.Event())
            runs.begin(world, job)
            return Assignment(
                job=plan.jobs[job.key],
                contexts=job_contexts(world, job, world.job_token(job, job.run.repository)),
                env=plan.env,
                place=Place(root=world.root / "work" / str(job.run.id) / str(job.id)),
                repositories=world.root / "git",
                actions=self.actions,
                cancelled=cancelled,
            )

    def _hand_in(self, job: Job, assignment: Assignment, result: Result) -> None:
        world = self._world
        with world.lock:
            self._running.pop(job.id, None)
            world.tokens.pop(assignment.contexts["github"]["token"], None)
            job.outputs = dict(result.outputs)
            if not self._stopping.is_set():
                runs.finish(world, job, result.conclusion, environment_url=result.environment_url)


def log_path(world: World, job: Job) -> Path:
    return world.root / "logs" / str(job.run.id) / f"{job.id}.txt"


@dataclass(kw_only=True)
class Stenographer:
    """Writes down how a job goes: its log, its steps, its annotations, its summary."""

    world: World
    job: Job
    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.touch()

    def log(self, line: str) -> None:
        """One line, stamped. Takes no world lock: output never waits for requests."""
        stamped = f"{stamp(self.world.now())} {line}"
        with self._lock, self.file.open("a", encoding="utf-8") as log:
            self.job.log.append(stamped)
            log.write(stamped + "\n")

    def step_started(self, name: str) -> None:
        with self.world.lock:
            number = len(self.job.steps) + 1
            self.job.steps.append(
                Step(number=number, name=name, status="in_progress", started_at=self.world.now())
            )

    def step_ended(self, conclusion: str, annotations: list[dict[str, Any]], summary: str) -> None:
        with self.world.lock:
            step = self.job.steps[-1]
            step.status, step.conclusion, step.completed_at = "completed", conclusion, self.world.now()
            self.job.check_run.annotations += annotations
            self.job.summary += summary
