"""What is told while a job dies: to the team, to GitHub and on pull requests; nothing twice, nothing half."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from threading import Event

import pytest

from action.process import _LAST_SECONDS
from gateway.turns import REF
from tests.deaths import Scene, Theatre, wait_for
from tests.endings import (
    CHECKED,
    ENDED,
    SIGNALS,
    SIMPLE,
    STATES,
    Ending,
    assert_told_once,
    ended,
    github_that,
    looks_at,
    stuck_in,
)
from tests.forks import PATIENCE


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
        with github_that(own, kind="latency", seconds=PATIENCE, method="POST", path=path):
            job = job or scene.begin()
            scene.go_on()
            scene.wait_for(lambda: not own.sandbox.world.faults.active, job)
            before = own.taken(path)
            assert holds_others_up(scene) is (place == "its release")
            job.signal(signal.SIGKILL)
            job.wait()
        scene.container_ends()
        wait_for(lambda: own.taken(path) > before, "GitHub never took it")
        ended(scene, job)()
        return ended(scene, job)()


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
    assert not holds_others_up(ending.scene)


def holds_others_up(scene: Scene) -> bool:
    """For a minute: nobody else knows that a job died in its turn."""
    return scene.theatre.sandbox.world.git(scene.repository).ref(REF) is not None


def die_with_a_pull_request(stage: Theatre, by: str, at: str, **_: object) -> Ending:
    """Over its checklist the job does not know yet what it brings; GitHub answers slowly when it asks.

    Its deploy step outlasts the scene, so that the signal finds it on its way however busy the machine is.
    """
    with stage.apart() as own:
        steps = CHECKED.replace("'at deploy'", f"'at deploy; sleep {PATIENCE}'")
        scene = own.scene(steps + "rollback: {run: 'at back'}", stuck_at=at, merged=True)
        job = stuck_in(scene)
        with ExitStack() as slowly:
            if at == "check":
                slowly.enter_context(github_that(own, kind="latency", seconds=PATIENCE, path="/graphql$"))
                scene.go_on()
                scene.wait_for(lambda: not own.sandbox.world.faults.active, job)
            else:
                scene.wait_for(lambda: scene.knows_what_it_brings, job)
            wished = time.monotonic()
            job.signal(SIGNALS[by])
            end = ended(scene, job, since=wished, within=_LAST_SECONDS)
        scene.container_ends()
        end()
        return end()


@looks_at(die_with_a_pull_request)
@pytest.mark.parametrize(
    ("by", "at", "status"),
    [
        pytest.param("SIGINT", "deploy", "Rollback", id="stopped"),
        pytest.param("SIGKILL", "deploy", "Stopped", id="killed"),
        pytest.param("SIGKILL", "check", "Stopped", id="killed before it was known"),
    ],
)
def test_the_pull_request_it_brought_hears_of_it_once(ending: Ending, by: str, at: str, status: str) -> None:
    [remark] = ending.scene.remarks
    assert remark.count("- production: ") == 1
    assert f"- production: {status} - 1.1.0" in remark


WATCHED = """
steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'touch deployed'}}
monitor:
  for: 5s
  every: 5s  # so long each look may take
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
