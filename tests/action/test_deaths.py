"""Every step of a deployment ended by a real signal: the log tells the truth, once, and nobody is left."""

from __future__ import annotations

import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from threading import Event
from typing import Any

import pytest

from gateway.turns import REF
from sandbox.faults import Fault
from tests.deaths import Scene, Theatre, theatre, wait_for
from tests.forks import PATIENCE, Forked

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
  every: 1s
  source: {run: 'at $(test -e deployed && echo sample || echo measure); echo 0'}
  metrics: {error_rate: {query: q, rollback_if: {above: 1}}}
  integrity: {run: 'at integrity', every: 1s}
rollback: {run: 'at back; rm -f deployed'}
"""
BROKEN = AT_ONCE.replace("'at smoke'", "'exit 1'")
CANARY = """
steps: {verify: {run: 'at verify; echo 1.0.0'}, deploy: {run: 'at deploy'}}
strategy: {canary: {weights: [5, 100], hold: 1m, set: 'at weigh-$WEIGHT; touch weighed'}}
monitor:
  for: 1m
  every: 1s
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
ENDED = {
    "success": "is in",
    "rollback": "was rolled back from",
    "failed": "failed in",
    "stopped": "was stopped in",
}
DOCUMENTED = {"rollback": "was rolled back", "failed": "failed", "stopped": "was stopped"}
STATES = {"success": "success", "rollback": "failure", "failed": "failure", "stopped": "error"}
CODES = {"success": 0, "rollback": 1, "failed": 1, "stopped": 130}
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


def die(stage: Theatre, step: str, by: str) -> Death:
    where, number = STEPS[step], SIGNALS[by]
    scene = stage.scene(where.policy, stuck_at=where.at)
    job = scene.begin()
    _wait(scene, where, job)
    job.signal(number)
    wished = time.monotonic()
    code, took = job.wait(), time.monotonic() - wished
    alive = [] if number is signal.SIGKILL else scene.alive()
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


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("deaths")) as stage:
        yield stage


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, stage: Theatre) -> Iterator[dict[str, Future[Any]]]:
    """What all the chosen tests look at, several scenes at once: most of the time they wait."""
    items: list[Any] = request.session.items
    chosen = [item for item in items if hasattr(getattr(item, "function", None), "scene")]
    with ThreadPoolExecutor(max_workers=8) as pool:
        yield {item.nodeid: pool.submit(item.function.scene, stage, **_parameters(item)) for item in chosen}


def _parameters(item: Any) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


@pytest.fixture
def ending(played: dict[str, Future[Any]], request: pytest.FixtureRequest) -> Any:
    """What the scene of this test came to."""
    return played[request.node.nodeid].result()


def looks_at(scene: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test is about what this scene comes to, played with the test's own parameters."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.scene = scene  # type: ignore[attr-defined]  # read again by `played`
        return test

    return mark


STOPPED_BY = dict(zip(STEPS, cycle(["SIGINT", "SIGTERM"]), strict=False))


@looks_at(die)
@pytest.mark.parametrize(("step", "by"), STOPPED_BY.items())
def test_a_stopped_job_tells_the_truth_itself_in_time_and_leaves_nobody(
    ending: Death, step: str, by: str
) -> None:
    where, status = STEPS[step], STEPS[step].stopped
    assert (ending.code, ending.status, ending.alive) == (CODES[status], status, [])
    assert ending.took < 7
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
SIMPLE = """
steps:
  verify: {run: 'at verify; echo 1.0.0'}
  backup: {run: 'at backup'}
  migrate: {run: 'at migrate', undo: 'at undo'}
  deploy: {run: 'at deploy'}
  smoke: [{name: It sells, run: 'at smoke'}]
"""


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


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the job ended and what it printed, what its end printed, and what was told then and before."""

    scene: Scene
    code: int
    took: float
    said: str
    before: Told
    end: str
    told: Told


def ended(scene: Scene, job: Forked, *, since: float = 0.0) -> Callable[[], Ending]:
    """Once the job has ended; what it left is told when that is called for."""
    code, took, before = job.wait(), time.monotonic() - since, Told.of(scene)

    def end() -> Ending:
        said = scene.end_of_job()
        return Ending(
            scene=scene, code=code, took=took, said=job.said(), before=before, end=said, told=Told.of(scene)
        )

    return end


def hang(stage: Theatre) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE, stuck_at="deploy")
        job = stuck_in(scene)
        with github_that(own, kind="latency", seconds=8, times=None):
            wished = time.monotonic()
            job.signal(signal.SIGINT)
            end = ended(scene, job, since=wished)
        return end()


@looks_at(hang)
def test_a_github_that_hangs_keeps_no_stopped_job_and_hears_the_truth_later(ending: Ending) -> None:
    assert (ending.code, ending.before.entries) == (130, ())
    assert ending.took < 7
    why = "not rolled back: the policy has no `rollback:`"
    assert_told_once(ending.told, "stopped", "(SIGINT)", "during deploy", why)


AWAY: dict[str, dict[str, Any]] = {
    "its connections cut": {"kind": "cut", "times": 2},
    "failing": {"kind": "status", "status": 502, "times": 2},
    "asking for patience": {"kind": "secondary_limit", "seconds": 1, "times": 2},
    "losing its answers": {"kind": "cut", "path": "/statuses$", "times": 2, "after_effect": True},
    "losing the questions": {"kind": "cut", "path": "/statuses$", "times": 2},
}


def be_away(stage: Theatre, github: str) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE, stuck_at="smoke")
        job = stuck_in(scene)
        with github_that(own, **AWAY[github]):
            scene.go_on()
            end = ended(scene, job)
        return end()


@looks_at(be_away)
@pytest.mark.parametrize("github", AWAY)
def test_while_github_is_away_the_log_waits_and_is_told_once(ending: Ending, github: str) -> None:
    assert (ending.code, ending.before) == (0, ending.told)
    assert_told_once(ending.told, "success")


FROM = ["verify", "deploy", "smoke"]


def vanish(stage: Theatre, step: str) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE, stuck_at=step)
        job = stuck_in(scene)
        with github_that(own, kind="cut", times=None):
            scene.go_on()
            end = ended(scene, job)
        return end()


@looks_at(vanish)
@pytest.mark.parametrize("step", FROM)
def test_what_a_vanished_github_did_not_hear_the_end_of_the_job_tells_it(ending: Ending, step: str) -> None:
    assert (ending.code, ending.before.states, ending.before.entries) == (0, ("in_progress",), ())
    assert ending.scene.output("status") == "success"
    assert "::warning title=Deployment status not written::" in ending.said
    assert_told_once(ending.told, "success")


def expire(stage: Theatre, step: str) -> Ending:
    scene = stage.scene(SIMPLE + "rollback: {run: 'at back'}", stuck_at=step)
    job = stuck_in(scene)
    scene.expire_the_token()
    scene.go_on()
    return ended(scene, job)()


@looks_at(expire)
@pytest.mark.parametrize("step", FROM)
def test_with_an_expired_token_nothing_false_stands_and_the_summary_tells_it(
    ending: Ending, step: str
) -> None:
    assert (ending.code, ending.scene.output("status")) == (0, "success")
    assert (ending.told.states, ending.told.entries, ending.told.issues) == (("in_progress",), (), ())
    assert "**Status**: Success" in ending.scene.text("step_summary")
    assert "The token is wrong or has expired: check it." in ending.said
    assert ending.told.titles[-1] == "1.1.0 is in production"


def die_expired(stage: Theatre) -> Ending:
    scene = stage.scene(SIMPLE, stuck_at="deploy")
    job = stuck_in(scene)
    scene.expire_the_token()
    job.signal(signal.SIGKILL)
    job.wait()
    scene.container_ends()
    return ended(scene, job)()


@looks_at(die_expired)
def test_of_a_job_killed_with_an_expired_token_the_summary_and_the_log_tell(ending: Ending) -> None:
    assert (ending.told.states, ending.told.entries, ending.told.issues) == (("in_progress",), (), ())
    assert "**Status**: Stopped" in ending.scene.text("step_summary")
    assert "::error title=production%3A stopped::the job ended during deploy" in ending.end
    assert "The token is wrong or has expired: check it." in ending.end


def lose_an_answer(stage: Theatre) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE)
        with github_that(own, kind="cut", method="POST", path="/deployments$", after_effect=True):
            return ended(scene, scene.begin())()


@looks_at(lose_an_answer)
def test_a_deployment_made_without_an_answer_is_taken_up_and_not_made_twice(ending: Ending) -> None:
    assert ending.code == 0, ending.said
    assert_told_once(ending.told, "success")


def be_refused(stage: Theatre) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE)
        with github_that(own, kind="status", method="POST", path="/deployments$", times=None):
            return ended(scene, scene.begin())()


@looks_at(be_refused)
def test_who_heard_that_it_begins_hears_that_it_did_not(ending: Ending) -> None:
    assert ending.code == 1
    assert ending.told.titles == ("Deploying 1.1.0 to production", "1.1.0 was not begun in production")
    assert (ending.scene.story, ending.told.entries, ending.told.issues) == ([], (), ())


def die_telling(stage: Theatre, title: str) -> Ending:
    """The team hears the message, and the job dies before it knows that."""
    with stage.apart() as own:
        scene, answer = own.scene(SIMPLE), Event()
        own.chat.answer_when = lambda heard: _wait_for(answer) if heard.json["title"] == title else None
        job = scene.begin()
        scene.wait_for(lambda: title in scene.titles, job)
        job.signal(signal.SIGKILL)
        job.wait()
        answer.set()
        ended(scene, job)()
        return ended(scene, job)()


def _wait_for(answer: Event) -> None:
    answer.wait(PATIENCE)


@looks_at(die_telling)
@pytest.mark.parametrize("title", ["Deploying 1.1.0 to production"])
def test_a_job_killed_while_it_tells_that_it_begins_is_called_off(ending: Ending, title: str) -> None:
    assert ending.told.titles == (title, "1.1.0 was not begun in production")
    assert (ending.told.made, ending.told.states) == (0, ())


@looks_at(die_telling)
@pytest.mark.parametrize("title", ["1.1.0 is in production"])
def test_a_job_killed_while_it_tells_of_its_success_tells_nobody_twice(ending: Ending, title: str) -> None:
    assert_told_once(ending.told, "success")
    first = (ending.scene.directory / "post-0.log").read_text()
    assert "the job ended while team was told; whether the message arrived is not known" in first


PLACES = {
    "its Deployment": ("/deployments$", "", "stopped"),
    "its status": ("/deployments/[0-9]+/statuses$", "smoke", "success"),
    "its issue": ("/issues$", "deploy", "failed"),
    "its release": ("/releases$", "smoke", "success"),
}


def die_writing(stage: Theatre, place: str) -> Ending:
    """GitHub takes the words all the same, and the job never hears so."""
    path, step, status = PLACES[place]
    steps = SIMPLE.replace("'at smoke'", "'exit 1'") if status == "failed" else SIMPLE
    with stage.apart() as own:
        scene = own.scene(steps, stuck_at=step)
        job = stuck_in(scene) if step else None
        with github_that(own, kind="latency", seconds=0.5, method="POST", path=path):
            job = job or scene.begin()
            scene.go_on()
            scene.wait_for(lambda: not own.sandbox.world.faults.active, job)
            before = _taken(own, path)
            job.signal(signal.SIGKILL)
            job.wait()
        scene.container_ends()
        wait_for(lambda: _taken(own, path) > before, "GitHub never took it")
        own.sandbox.client_as("ada").delete(f"/repos/{scene.name}/git/{REF}")  # as who waits does in a minute
        ended(scene, job)()
        return ended(scene, job)()


def _taken(stage: Theatre, path: str) -> int:
    """How many requests of this kind have had their answer."""
    made = list(stage.sandbox.world.exchanges)
    return sum(one.method == "POST" and re.search(path, one.path) is not None for one in made)


@looks_at(die_writing)
@pytest.mark.parametrize("place", PLACES)
def test_a_job_killed_while_github_takes_its_words_is_told_once(ending: Ending, place: str) -> None:
    status, told = PLACES[place][2], ending.told
    assert [logged for logged, _ in told.entries] == [status]
    assert told.states[-1] == STATES[status]
    assert [line.partition(" ")[0] for line in told.lines] == [status.capitalize()]
    assert len(told.issues) == (status != "success")
    assert told.titles[-1] == f"1.1.0 {ENDED[status]} production"
    assert len(set(told.titles)) == len(told.titles)


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
            ["migrate", "backup: done in attempt 1, and not repeated"],
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


def fill_the_disk(stage: Theatre, step: str, **_: object) -> Ending:
    """No file grows any more: the commands', the journal, the outputs and the job's own log."""
    scene = stage.scene(SIMPLE + "rollback: {run: 'at back'}", stuck_at=step)
    job = stuck_in(scene)
    resource.prlimit(job.pid, resource.RLIMIT_FSIZE, (0, 0))
    scene.go_on()
    return ended(scene, job)()


@looks_at(fill_the_disk)
@pytest.mark.parametrize(
    ("step", "status"), [("verify", "failed"), ("deploy", "failed"), ("smoke", "success")]
)
def test_a_disk_that_fills_up_hides_nothing(ending: Ending, step: str, status: str) -> None:
    assert (ending.code, ending.scene.output("status")) == (CODES[status], "")
    assert_told_once(ending.told, status, "the journal could not be written to its end: File too large")


CHECKED = """
checklist: [{item: Alerts are set, run: 'at check'}]
steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'at deploy'}}
"""


def die_with_a_pull_request(stage: Theatre, by: str, at: str, **_: object) -> list[str]:
    """Over its checklist the job does not know yet what it brings; GitHub answers slowly when it asks."""
    with stage.apart() as own:
        scene = own.scene(CHECKED + "rollback: {run: 'at back'}", stuck_at=at, merged=True)
        job = stuck_in(scene)
        if at == "check":
            own.sandbox.world.faults.add(Fault(kind="latency", seconds=2, path="/graphql$"))
            scene.go_on()
            scene.wait_for(lambda: not own.sandbox.world.faults.active, job)
        job.signal(SIGNALS[by])
        job.wait()
        scene.container_ends()
        for _ in range(2):
            scene.end_of_job()
        return scene.remarks


@looks_at(die_with_a_pull_request)
@pytest.mark.parametrize(
    ("by", "at", "status"),
    [
        pytest.param("SIGINT", "deploy", "Rollback", id="stopped"),
        pytest.param("SIGKILL", "deploy", "Stopped", id="killed"),
        pytest.param("SIGKILL", "check", "Stopped", id="killed before it was known"),
    ],
)
def test_the_pull_request_it_brought_hears_of_it_once(
    ending: list[str], by: str, at: str, status: str
) -> None:
    [remark] = ending
    assert remark.count("- production: ") == 1
    assert f"- production: {status} - 1.1.0" in remark


def die_before(stage: Theatre, by: str) -> Ending:
    scene = stage.scene(CHECKED, stuck_at="check")
    job = stuck_in(scene)
    job.signal(SIGNALS[by])
    end = ended(scene, job)
    assert by == "SIGKILL" or scene.alive() == []
    scene.container_ends()
    return end()


@looks_at(die_before)
@pytest.mark.parametrize("by", SIGNALS)
def test_a_job_that_dies_over_its_checklist_has_told_nobody(ending: Ending, by: str) -> None:
    assert ending.code == (-9 if by == "SIGKILL" else 130)
    assert (ending.scene.story, ending.told.made, ending.told.titles) == (["check"], 0, ())
    assert (ending.told.entries, ending.told.issues) == ((), ())


WATCHED = """
steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'touch deployed'}}
monitor:
  for: 1s
  every: 1s
  source: {run: 'test -e deployed || echo 0'}
  metrics: {error_rate: {query: q, rollback_if: {above: 1}}}
rollback: {run: 'at back'}
"""


def hold(stage: Theatre) -> Ending:
    scene = stage.scene(WATCHED, merged=True)
    return ended(scene, scene.begin())()


@looks_at(hold)
def test_what_nobody_could_judge_is_held_and_says_who_must_look(ending: Ending) -> None:
    who = "ada must look, since the metrics do not say whether it is well: error_rate: never measured"
    assert (ending.code, ending.scene.output("status"), ending.scene.story) == (5, "held", [])
    assert ending.told.entries[0][0] == "held"
    assert ending.told.entries[0][1].startswith(f"{who}; it stays; if it is well, run this job again")
    assert ending.told.issues == ("production: 1.1.0 is held for a person",)
    assert ending.told.titles[-1] == "1.1.0 is held in production"
    assert "ada must look, since the metrics do not say" in ending.scene.remarks[0]


def test_nothing_begins_without_room_for_a_journal(stage: Theatre) -> None:
    scene = stage.scene(SIMPLE)
    scene.file("temporary").touch()  # where a directory should be
    job = scene.begin()
    assert job.wait() == 1
    assert "nothing is begun without a journal" in job.said()
    assert (scene.story, scene.titles) == ([], [])


def assert_told_once(told: Told, status: str, *words: str) -> None:
    """In the Deployment, the release, the issue and the chat; nothing there says anything else."""
    assert (told.made, told.states) == (1, ("in_progress", STATES[status]))
    assert [line.partition(" in ")[0].partition(":")[0] for line in told.lines] == [
        f"{status.capitalize()} - 1.1.0"
    ]
    [(logged, issues)] = told.entries
    assert logged == status
    assert all(word in issues for word in words), issues
    assert told.issues == (() if status == "success" else (f"production: 1.1.0 {DOCUMENTED[status]}",))
    assert told.titles[-1] == f"1.1.0 {ENDED[status]} production"
    assert len(set(told.titles)) == len(told.titles)
