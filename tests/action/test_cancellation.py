"""What a stop waits for and what it does not; every step of a deployment is ended in test_deaths.py."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import psutil
import pytest

from action.errors import Stopped
from action.outcome import _TIME_TO_GO_BACK
from action.result import Result
from action.run import run
from action.stop import Stop, patience
from tests.jobs import Desk, GitHubInMemory, policy_of
from tests.metrics import Answer, station
from tests.wishes import wished_when

STUCK = "echo $$ > stuck; sleep 60"
STUBBORN = "trap : TERM; echo $$ > stuck; while sleep 0.1; do :; done"
STEPS = {
    "verify": "echo 1.0.0",
    "backup": "echo backup >> story",
    "migrate": "echo up >> story",
    "undo": "echo down >> story",
    "deploy": "echo deploy $VERSION >> story",
    "health": "echo healthy >> story",
    "smoke": "true",
    "measure": "echo 0",
    "integrity": "true",
    "rollback": "echo deploy $PREVIOUS_VERSION >> story",
    "release": "true",
}
POLICY = """
steps:
  verify: {{run: '{verify}'}}
  backup: {{run: '{backup}'}}
  migrate: {{run: '{migrate}', undo: '{undo}'}}
  deploy: {{run: '{deploy}'}}
  health: {{run: '{health}', timeout: 1m}}
  smoke: [{{name: Looks well, run: '{smoke}', timeout: 1m}}]
monitor:
  for: 1m
  every: 10s
  source: {{run: '{measure}'}}
  metrics: {{error_rate: {{query: q, rollback_if: {{above: 1}}}}}}
  integrity: {{run: '{integrity}', every: 10s}}
rollback: {{run: '{rollback}'}}
"""
BACK = "deploy 1.0.0\ndown\nhealthy\n"


def stopped_in(desk: Desk, stop: Stop, **steps: str) -> tuple[Result, GitHubInMemory, float]:
    """Run until a step is stuck, then ask to stop; how long it took from there."""
    github = GitHubInMemory(policies=[policy_of(POLICY.format(**STEPS | steps))])
    with wished_when(lambda: bool(desk.file("stuck").strip()), stop, "SIGINT"):
        result = run(desk.job, github)
        took = time.monotonic() - stop.wished_at
    return result, github, took


def test_a_page_that_never_answers_does_not_keep_a_stopped_job(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    let_go = threading.Event()

    def never(_: object) -> Answer:
        stop.request("SIGTERM")
        let_go.wait(30)
        return Answer()

    with station(never) as there:
        text = POLICY.replace("{{run: '{health}', timeout: 1m}}", f"{{{{url: '{there.url}', timeout: 1m}}}}")
        text = text.replace("rollback: {{run: '{rollback}'}}", "")
        github = GitHubInMemory(policies=[policy_of(text.format(**STEPS))])
        result = run(desk.job, github)
        took = time.monotonic() - stop.wished_at
        let_go.set()
    assert result.status == "stopped"
    assert result.issues[:2] == (
        "the job was stopped (SIGTERM) during health",
        "not rolled back: the policy has no `rollback:`; a person must look",
    )
    assert took < 7


def test_a_rollback_that_takes_longer_than_there_is_time_says_what_was_done(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    result, github, took = stopped_in(desk, stop, deploy=STUCK, undo="sleep 60")
    assert result.status == "stopped"
    assert result.issues[1] == (
        "the rollback was cut short during rollback: database, since the job was stopped (SIGINT); "
        "done: previous version; not begun: health. A person must look"
    )
    assert _TIME_TO_GO_BACK <= took < 7
    assert desk.file("story") == "backup\nup\ndeploy 1.0.0\n"
    assert github.issues[0].title == "production: 1.1.0 was stopped"


def test_a_rollback_under_way_is_not_cut_short_by_a_stop(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    stop.then((desk.workspace / "wished").touch)
    until_wished = "echo $$ > stuck; until test -e wished; do sleep 0.02; done"
    slow = f"{until_wished}; {STEPS['rollback']}"
    result, _, took = stopped_in(desk, stop, smoke="exit 1", rollback=slow)
    assert result.status == "rollback"
    assert desk.file("story").endswith(BACK)
    assert took < 7


def test_a_command_that_will_not_end_is_ended(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    result, _, took = stopped_in(desk, stop, deploy=STUBBORN)
    assert result.status == "rollback"
    assert took < 7
    assert not psutil.pid_exists(int(desk.file("stuck")))


def test_a_job_stopped_before_anything_began_leaves_no_story(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    stop.request("SIGTERM")
    result = run(desk.job, GitHubInMemory(policies=[policy_of(POLICY.format(**STEPS))]))
    assert (result.status, result.steps) == ("stopped", ())
    assert result.issues[0] == (
        "the job was stopped (SIGTERM) before the first step; nothing that users see had been changed"
    )


def test_patience_comes_so_long_after_the_wish(stop: Stop) -> None:
    with patience(stop, 0.2) as late:
        late.sleep(0.3)
        stop.request("SIGINT")
        with pytest.raises(Stopped, match="SIGINT"):
            late.sleep(20)
        assert late.wished_at >= stop.wished_at + 0.2
    with patience(stop, 60) as late:
        assert not late.wished


def test_where_nobody_hurries_patience_lasts_until_it_is_wished_again() -> None:
    with Stop(hurried=False) as stop, patience(stop, 0.01) as late:
        stop.request("SIGINT")
        time.sleep(0.1)
        assert not late.wished
        stop.request("SIGTERM")
        assert late.signal_name == "SIGTERM"


@pytest.mark.parametrize(
    ("before", "heard"),
    [(signal.SIG_DFL, True), (signal.SIG_IGN, False)],
    ids=["at a terminal", "under nohup"],
)
def test_a_terminal_that_is_closed_is_heard_unless_nobody_wants_to_hear(before: Any, heard: bool) -> None:
    found = signal.signal(signal.SIGHUP, before)
    try:
        with Stop() as stop:
            stop.listen()
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.wished is heard
        assert signal.getsignal(signal.SIGHUP) == before
    finally:
        signal.signal(signal.SIGHUP, found)
