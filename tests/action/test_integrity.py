"""Damaged data stop a rollout at once, whatever it is at."""

from __future__ import annotations

import time
from typing import Any

import psutil
import pytest

from action.run import run
from action.stop import Stop
from tests.jobs import GitHubInMemory, policy_of
from tests.wishes import wished_when

DAMAGED = "if test -e shown; then echo order 7 has no customer; exit 1; fi"
SHOW = 'echo show $TARGET $WEIGHT >> story; test "$WEIGHT" = 0 || touch shown'
ROLLBACK = "rollback: {run: 'rm -f shown; echo back $TARGET to $PREVIOUS_VERSION >> story'}"
CANARY = f"""
steps: {{deploy: {{run: 'true'}}}}
strategy: {{canary: {{weights: [5, 100], hold: 1m, set: '{SHOW}'}}}}
"""
ROLLING = "strategy: {{rolling: {{targets: [a, b, c], run: '{}'}}}}"
STUBBORN = "trap : TERM; echo $$ > stuck; while sleep 0.1; do :; done"


def github_with(strategy: str, integrity: str, *, every: str = "1s", watched: str = "1m") -> GitHubInMemory:
    """`every`: so long a look may take, too."""
    monitor = f"monitor: {{for: {watched}, every: 1s, integrity: {{run: '{integrity}', every: {every}}}}}"
    return GitHubInMemory(policies=[policy_of(f"{strategy}\n{monitor}\n{ROLLBACK}")])


@pytest.mark.parametrize(
    ("strategy", "story"),
    [
        pytest.param(CANARY, ["show 5", "show 0", "back to 1.0.0"], id="while a canary holds"),
        pytest.param(ROLLING.format(SHOW), ["show a", "back a to 1.0.0"], id="between targets"),
    ],
)
def test_damaged_data_stop_a_rollout(desk_of: Any, strategy: str, story: list[str]) -> None:
    desk = desk_of()
    result = run(desk.job, github_with(strategy, DAMAGED, every="3s"))
    assert result.status == "rollback", result.issues
    assert "the data are damaged: `if test -e shown" in result.issues[0]
    assert [" ".join(line.split()) for line in desk.file("story").splitlines()] == story
    assert "order 7 has no customer" in desk.log


def test_damage_ends_the_command_that_is_running(desk_of: Any) -> None:
    desk = desk_of()
    result = run(desk.job, github_with(ROLLING.format("echo $$ > stuck; sleep 60"), "test ! -e stuck"))
    assert result.issues[0] == (
        "rolling 1/3: a: the data are damaged: `test ! -e stuck` ended with exit code 1"
    )
    assert not psutil.pid_exists(int(desk.file("stuck")))


def test_a_stop_ends_a_look_that_will_not_end_and_goes_back_in_time(desk_of: Any, stop: Stop) -> None:
    desk = desk_of()
    with wished_when(lambda: bool(desk.file("stuck").strip()), stop, "SIGTERM"):
        result = run(desk.job, github_with(CANARY, STUBBORN, every="5s"))
        took = time.monotonic() - stop.wished_at
    assert (result.status, result.issues[0]) == ("rollback", "the job was stopped (SIGTERM) during canary 5%")
    assert not psutil.pid_exists(int(desk.file("stuck")))
    assert took < 4


def test_whole_data_are_looked_at_once_a_batch_at_least(desk_of: Any) -> None:
    desk = desk_of()
    looks = "echo looked >> looks; test $(wc -l < looks) -lt 4"
    github = github_with(ROLLING.format("true"), looks, every="3s", watched="3s")  # no batch takes so long
    result = run(desk.job, github)
    assert [step.name for step in result.steps][:4] == [
        "rolling 1/3: a",
        "rolling 2/3: b",
        "rolling 3/3: c",
        "monitor",
    ]
    assert [step.outcome for step in result.steps][:4] == ["passed", "passed", "passed", "failed"]
    assert desk.log.count("the data are intact (looked at: 1)") == 3
