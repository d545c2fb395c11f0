"""Every step of a deployment ended by a real signal: the log tells the truth, once, and nobody is left."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from itertools import cycle

import pytest

from action.process import _LAST_SECONDS
from tests.deaths import Scene, Theatre
from tests.endings import (
    CHECKED,
    CODES,
    IN_TIME,
    SIGNALS,
    SIMPLE,
    Ending,
    Told,
    assert_told_once,
    ended,
    looks_at,
    stuck_in,
)
from tests.forks import Forked

AT_ONCE = """
steps:
  verify: {run: 'at verify; echo 1.0.0'}
  backup: {run: 'at backup'}
  migrate: {run: 'at migrate', undo: 'at undo'}
  deploy: {run: 'at deploy; touch deployed'}
  health: {run: 'at health'}
  smoke: [{name: It sells, run: 'at smoke'}]
monitor:
  for: 1m
  every: 5s  # so long a look may be stuck until it counts as failed
  source: {run: 'at $(test -e deployed && echo sample || echo measure); echo 0'}
  metrics: {error_rate: {query: q, rollback_if: {above: 1}}}
  integrity: {run: 'at integrity', every: 5s}
rollback: {run: 'at back; rm -f deployed'}
"""
BROKEN = AT_ONCE.replace("'at smoke'", "'exit 1'")
CANARY = """
steps: {verify: {run: 'at verify; echo 1.0.0'}, deploy: {run: 'at deploy'}}
strategy: {canary: {weights: [5, 100], hold: 1m, set: 'at weigh-$WEIGHT; touch weighed'}}
monitor:
  for: 1m
  every: 5s  # so long a look may be stuck until it counts as failed
  source: {run: 'at $(test -e weighed && echo sample || echo measure); echo 0'}
  metrics: {error_rate: {query: 'q $TRACK', rollback_if: {above: 1}}}
rollback: {run: 'at back'}
"""
HOLD = CANARY.replace("q $TRACK", "q")
AT_WEIGHTS = """
steps: {verify: {run: 'at verify; echo 1.0.0'}, deploy: {run: 'at deploy'}, health: {run: 'at look-$WEIGHT'}}
strategy: {canary: {weights: [5, 100], set: 'at weigh-$WEIGHT', promote: 'at promote'}}
rollback: {run: 'at back'}
"""
ROLLING = """
steps: {verify: {run: 'at verify; echo 1.0.0'}}
strategy: {rolling: {targets: [a, b, c], run: 'at roll-$TARGET', health: {run: 'at look-$TARGET'}}}
rollback: {run: 'at back-$TARGET'}
"""
BLUE_GREEN = """
steps: {verify: {run: 'at verify; echo 1.0.0'}, health: {run: 'at health'}}
strategy:
  blue_green:
    deploy_idle: 'at idle'
    test: 'at test'
    switch: 'at switch'
    switch_back: 'at switch-back'
    release: 'at release'
rollback: {run: 'at back'}
"""
KEEP = BLUE_GREEN.replace("    release:", "    keep: 1m\n    release:")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where the job dies: in a command (`at`), or waiting once it has said `said`.

    `during` is the step as the log names it; `stopped` and `killed` are how the log says that it went.
    `back` are the commands that a stopped job has run since.
    """

    policy: str
    during: str
    at: str = ""
    said: str = ""
    stopped: str = "rollback"
    killed: str = "stopped"
    back: tuple[str, ...] = ()


BACK = ("back", "undo", "health")
SHIFT = ("weigh-0 canary", "back canary")
LOOKED = (*SHIFT, "look-")
STEPS = {
    "baseline": Step(policy=AT_ONCE, at="measure", during="baseline", stopped="stopped"),
    "verify": Step(policy=AT_ONCE, at="verify", during="verify", stopped="stopped"),
    "backup": Step(policy=AT_ONCE, at="backup", during="backup", stopped="stopped"),
    "migrate": Step(policy=AT_ONCE, at="migrate", during="migrate", stopped="stopped"),
    "deploy": Step(policy=AT_ONCE, at="deploy", during="deploy", back=BACK),
    "health": Step(policy=AT_ONCE, at="health", during="health", back=BACK),
    "smoke": Step(policy=AT_ONCE, at="smoke", during="smoke", back=BACK),
    "monitor, a sample": Step(policy=AT_ONCE, at="sample", during="monitor", back=BACK),
    "monitor, between samples": Step(policy=AT_ONCE, said="watch error_rate", during="monitor", back=BACK),
    "monitor, the data": Step(policy=AT_ONCE, at="integrity", during="monitor", back=BACK),
    "canary, deploy": Step(policy=CANARY, at="deploy", during="deploy", back=SHIFT),
    "canary, first weight": Step(policy=CANARY, at="weigh-5", during="canary 5%", back=SHIFT),
    "canary, hold": Step(policy=HOLD, said="hold for 1m", during="canary 5%", back=SHIFT),
    "canary, a sample": Step(policy=CANARY, at="sample", during="canary 5%", back=SHIFT),
    "canary, between samples": Step(policy=CANARY, said="compare error_rate", during="canary 5%", back=SHIFT),
    "canary, health": Step(policy=AT_WEIGHTS, at="look-5", during="canary 5%", back=LOOKED),
    "canary, last weight": Step(policy=AT_WEIGHTS, at="weigh-100", during="canary 100%", back=LOOKED),
    "canary, promote": Step(
        policy=AT_WEIGHTS, at="promote", during="promote", stopped="success", killed="success"
    ),
    "rolling, first target": Step(
        policy=ROLLING, at="roll-a", during="rolling 1/3: a", back=("back-a", "look-a")
    ),
    "rolling, next target": Step(
        policy=ROLLING, at="roll-b", during="rolling 2/3: b", back=("back-b", "look-b", "back-a", "look-a")
    ),
    "rolling, health": Step(
        policy=ROLLING, at="look-b", during="rolling 2/3: b", back=("back-b", "look-b", "back-a", "look-a")
    ),
    "blue-green, deploy": Step(policy=BLUE_GREEN, at="idle", during="deploy idle", stopped="stopped"),
    "blue-green, test": Step(policy=BLUE_GREEN, at="test", during="test idle", stopped="stopped"),
    "blue-green, switch": Step(
        policy=BLUE_GREEN, at="switch", during="switch", back=("switch-back idle", "health")
    ),
    "blue-green, switched": Step(
        policy=BLUE_GREEN, at="health", during="health", back=("switch-back idle", "health")
    ),
    "blue-green, keep": Step(
        policy=KEEP, said="hold for 1m", during="release", stopped="success", killed="success"
    ),
    "blue-green, release": Step(
        policy=BLUE_GREEN, at="release", during="release", stopped="success", killed="success"
    ),
    "rollback": Step(policy=BROKEN, at="back", during="rollback: previous version", stopped="stopped"),
    "rollback, database": Step(policy=BROKEN, at="undo", during="rollback: database", stopped="stopped"),
}


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a scene ended, and what was told before the job's end, by it, and by another of them."""

    code: int
    took: float
    alive: list[int]
    story: list[str]
    status: str
    summary: str
    before: Told
    told: Told
    again: Told

    @property
    def late(self) -> bool:
        """The job left what it had not done to its end."""
        return self.took >= _LAST_SECONDS


def die(stage: Theatre, step: str, by: str) -> Death:
    where, number = STEPS[step], SIGNALS[by]
    scene = stage.scene(where.policy, stuck_at=where.at)
    job = scene.begin()
    _wait(scene, where, job)
    wished = time.monotonic()
    job.signal(number)
    code, took = job.wait(), time.monotonic() - wished
    alive = [] if number is signal.SIGKILL else scene.left_behind()
    scene.container_ends()
    before = Told.of(scene)
    scene.end_of_job()
    told = Told.of(scene)
    if number is signal.SIGKILL:
        scene.end_of_job()
    return Death(
        code=code,
        took=took,
        alive=alive,
        story=scene.story,
        status=scene.output("status"),
        summary=scene.text("step_summary"),
        before=before,
        told=told,
        again=Told.of(scene),
    )


def _wait(scene: Scene, step: Step, job: Forked) -> None:
    if step.at:
        scene.wait_until_stuck(job)
    else:
        scene.wait_for(lambda: job.said().count(step.said) > 1, job)  # the plan says it first


STOPPED_BY = dict(zip(STEPS, cycle(["SIGINT", "SIGTERM"]), strict=False))


@looks_at(die)
@pytest.mark.parametrize(("step", "by"), STOPPED_BY.items())
def test_a_stopped_job_tells_the_truth_itself_in_time_and_leaves_nobody(
    ending: Death, step: str, by: str
) -> None:
    where, status = STEPS[step], STEPS[step].stopped
    assert (ending.code, ending.status, ending.alive) == (CODES[status], status, [])
    assert ending.took < IN_TIME
    assert tuple(ending.story[len(ending.story) - len(where.back) :]) == where.back
    assert ending.before == ending.told
    assert_told_once(ending.told, status, f"({by})", f"during {where.during}")
    assert f"### production: {status} - 1.1.0" in ending.summary


@looks_at(die)
@pytest.mark.parametrize("by", ["SIGKILL"])
@pytest.mark.parametrize("step", STEPS)
def test_of_a_killed_job_the_end_tells_the_truth_once(ending: Death, step: str, by: str) -> None:
    where, status = STEPS[step], STEPS[step].killed
    assert (ending.code, ending.status, ending.before.entries, ending.before.issues) == (-9, "", (), ())
    assert ending.before.states == ("in_progress",)
    assert ending.told == ending.again
    assert_told_once(ending.told, status, "the job ended", f"during {where.during}")
    begun = "The rollback had begun and was not finished" in ending.told.entries[0][1]
    assert begun is step.startswith("rollback")
    assert f"### production: {status} - 1.1.0" in ending.summary


DONE = "backup, migrate: done in attempt 1, and not repeated"
BEGUN = "migrate: an earlier attempt of this run began it and did not finish it; it was begun again"


def try_again(stage: Theatre, step: str, by: str, **_: object) -> list[str]:
    """What the next attempt of the run has done, and what the log then says."""
    scene = stage.scene(SIMPLE, stuck_at=step)
    job = stuck_in(scene)
    job.signal(SIGNALS[by])
    job.wait()
    scene.container_ends()
    scene.end_of_job()
    before, again = len(scene.story), scene.run_again()
    assert again.wait() == 0, again.said()
    entries = sorted(scene.entries, key=lambda entry: entry.run_attempt)
    assert [entry.status for entry in entries] == ["stopped", "success"]
    return [*(line for line in scene.story[before:] if line in ("backup", "migrate")), *entries[-1].issues]


@looks_at(try_again)
@pytest.mark.parametrize(
    ("step", "by", "then"),
    [
        pytest.param("backup", "SIGKILL", ["backup", "migrate"], id="killed in its backup"),
        pytest.param(
            "migrate",
            "SIGKILL",
            ["migrate", BEGUN, "backup: done in attempt 1, and not repeated"],
            id="killed in its migration",
        ),
        pytest.param("deploy", "SIGKILL", [DONE], id="killed after its migration"),
        pytest.param("deploy", "SIGINT", [DONE], id="stopped after its migration"),
        pytest.param("smoke", "SIGTERM", [DONE], id="stopped at its last step"),
    ],
)
def test_the_next_attempt_repeats_what_is_not_done_and_says_so(
    ending: list[str], step: str, by: str, then: list[str]
) -> None:
    assert ending == then


def die_before(stage: Theatre, by: str) -> Ending:
    scene = stage.scene(CHECKED, stuck_at="check")
    job = stuck_in(scene)
    job.signal(SIGNALS[by])
    end = ended(scene, job)
    assert by == "SIGKILL" or scene.left_behind() == []
    scene.container_ends()
    return end()


@looks_at(die_before)
@pytest.mark.parametrize("by", SIGNALS)
def test_a_job_that_dies_over_its_checklist_has_told_nobody(ending: Ending, by: str) -> None:
    assert ending.code == (-9 if by == "SIGKILL" else 130)
    assert (ending.scene.story, ending.told.made, ending.told.titles) == (["check"], 0, ())
    assert (ending.told.entries, ending.told.issues) == ((), ())
