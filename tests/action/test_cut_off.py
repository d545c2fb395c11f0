"""A deployment whose GitHub goes away, whose token expires, whose disk fills up: the log tells the truth."""

from __future__ import annotations

import resource
import signal
import time
from typing import Any

import pytest

from tests.deaths import Theatre, wait_for
from tests.endings import (
    CODES,
    IN_TIME,
    SIMPLE,
    Ending,
    assert_told_once,
    ended,
    github_that,
    looks_at,
    stuck_in,
)


def hang(stage: Theatre) -> Ending:
    with stage.apart() as own:
        scene = own.scene(SIMPLE, stuck_at="deploy")
        job = stuck_in(scene)
        before = own.taken("/statuses$")
        with github_that(own, kind="latency", seconds=8, times=None):
            wished = time.monotonic()
            job.signal(signal.SIGINT)
            end = ended(scene, job, since=wished)
        wait_for(lambda: own.taken("/statuses$") > before, "GitHub never took what the job had sent")
        return end()


@looks_at(hang)
def test_a_github_that_hangs_keeps_no_stopped_job_and_hears_the_truth_later(ending: Ending) -> None:
    assert (ending.code, ending.before.entries) == (130, ())
    assert ending.took < IN_TIME
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


def test_nothing_begins_without_room_for_a_journal(stage: Theatre) -> None:
    scene = stage.scene(SIMPLE)
    scene.file("temporary").touch()  # where a directory should be
    job = scene.begin()
    assert job.wait() == 1
    assert "nothing is begun without a journal" in job.said()
    assert (scene.story, scene.titles) == ([], [])
