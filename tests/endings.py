"""What a scene of tests/deaths.py came to: how its job ended, and what GitHub and the team were told."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.faults import Fault
from tests.deaths import Scene, Theatre
from tests.forks import Forked

SIMPLE = """
steps:
  verify: {run: 'at verify; echo 1.0.0'}
  backup: {run: 'at backup'}
  migrate: {run: 'at migrate', undo: 'at undo'}
  deploy: {run: 'at deploy'}
  smoke: [{name: It sells, run: 'at smoke'}]
"""
CHECKED = """
checklist: [{item: Alerts are set, run: 'at check'}]
steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'at deploy'}}
"""
ENDED = {
    "success": "is in",
    "rollback": "was rolled back from",
    "failed": "failed in",
    "stopped": "was stopped in",
}
DOCUMENTED = {"rollback": "was rolled back", "failed": "failed", "stopped": "was stopped"}
STATES = {"success": "success", "rollback": "failure", "failed": "failure", "stopped": "error"}
CODES = {"success": 0, "rollback": 1, "failed": 1, "stopped": 130}
IN_TIME = 7  # seconds after a wish to stop; GitHub ends a container after ten
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What GitHub, the team and the runner's files hold."""

    made: int
    states: tuple[str, ...]
    lines: tuple[str, ...]
    titles: tuple[str, ...]
    entries: tuple[tuple[str, str], ...]
    issues: tuple[str, ...]

    @classmethod
    def of(cls, scene: Scene) -> Told:
        return cls(
            made=len(scene.made),
            states=tuple(one.state for one in scene.statuses),
            lines=tuple(one.description for one in scene.statuses if one.description),
            titles=tuple(scene.titles),
            entries=tuple((one.status, "; ".join(one.issues)) for one in scene.entries),
            issues=tuple(one.title for one in scene.issues),
        )


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the job ended and what it printed, what its end printed, and what was told then and before."""

    scene: Scene
    code: int
    took: float  # seconds since it was wished to stop
    late: bool  # on a busy machine it came to nothing else in its time
    said: str
    before: Told
    end: str
    told: Told


def ended(
    scene: Scene, job: Forked, *, since: float | None = None, within: float = IN_TIME
) -> Callable[[], Ending]:
    """Once the job has ended, `within` seconds if it is in time; what it left is told when called for."""
    code, took = job.wait(), 0.0 if since is None else time.monotonic() - since
    before = Told.of(scene)

    def end() -> Ending:
        said = scene.end_of_job()
        return Ending(
            scene=scene,
            code=code,
            took=took,
            late=took >= within,
            said=job.said(),
            before=before,
            end=said,
            told=Told.of(scene),
        )

    return end


def stuck_in(scene: Scene) -> Forked:
    """Its job, where it is stuck."""
    job = scene.begin()
    scene.wait_until_stuck(job)
    return job


@contextmanager
def github_that(stage: Theatre, **fails: Any) -> Iterator[None]:
    faults = stage.sandbox.world.faults
    faults.add(Fault(**fails))
    try:
        yield
    finally:
        faults.clear()


def looks_at(scene: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test is about what this scene comes to, played with the test's own parameters."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.scene = scene  # type: ignore[attr-defined]  # read again by `played`
        return test

    return mark


def assert_told_once(told: Told, status: str, *words: str) -> None:
    """In the Deployment, the release, the issue and the chat; nothing there says anything else."""
    assert (told.made, told.states) == (1, ("in_progress", STATES[status]))
    [line] = told.lines
    assert re.split(" in | by |:", line)[0] == f"{status.capitalize()} - 1.1.0"
    assert " by ada" in line
    [(logged, issues)] = told.entries
    assert logged == status
    assert all(word in issues for word in words), issues
    assert told.issues == (() if status == "success" else (f"production: 1.1.0 {DOCUMENTED[status]}",))
    assert told.titles[-1] == f"1.1.0 {ENDED[status]} production"
    assert len(set(told.titles)) == len(told.titles)
