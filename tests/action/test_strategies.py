from __future__ import annotations

from typing import Any

import pytest

from action.run import run
from tests.jobs import GitHubInMemory, policy_of

SAY = "echo {} $TRACK $WEIGHT $TARGET $VERSION >> story"
ROLLBACK = 'rollback: {run: "echo back to $PREVIOUS_VERSION >> story"}'


def story_of(desk: Any, text: str) -> tuple[str, list[str]]:
    result = run(desk.job, GitHubInMemory(policies=[policy_of(text)]))
    return result.status, desk.file("story").splitlines()


def test_a_canary_is_looked_at_before_it_has_users_and_after_each_of_its_weights(desk_of: Any) -> None:
    text = f"""
steps:
  deploy: {{run: '{SAY.format("deploy")}'}}
  health: [{{run: 'echo look $WEIGHT >> story'}}]
strategy: {{canary: {{weights: [5, 100], set: '{SAY.format("weigh")}'}}}}
{ROLLBACK}
"""
    assert story_of(desk_of(), text) == (
        "success",
        [
            "deploy canary 1.1.0",
            "look 0",
            "weigh canary 5 1.1.0",
            "look 5",
            "weigh canary 100 1.1.0",
            "look 100",
            "look",
        ],
    )


def test_a_sick_canary_loses_its_traffic_before_anything_else(desk_of: Any) -> None:
    text = f"""
steps:
  deploy: {{run: 'true'}}
  health: [{{run: 'test "$WEIGHT" != 25'}}]
strategy: {{canary: {{weights: [5, 25, 100], set: 'echo $WEIGHT >> story'}}}}
{ROLLBACK}
"""
    assert story_of(desk_of(), text) == ("rollback", ["5", "25", "0", "back to 1.0.0"])


FIRST = """
steps: {deploy: {run: 'echo deploy >> story'}, smoke: [{run: 'exit 1'}]}
strategy: {STRATEGY}
rollback: {run: 'echo back to $PREVIOUS_VERSION >> story'}
"""


@pytest.mark.parametrize(
    ("strategy", "status", "story"),
    [
        pytest.param(
            "{canary: {weights: [5, 100], set: 'echo $WEIGHT >> story'}}",
            "rollback",
            ["deploy", "5", "100", "0"],
            id="a canary gives its users back to the stable servers",
        ),
        pytest.param(
            "{blue_green: {deploy_idle: 'true', switch: 'true', switch_back: 'echo switched back >> story'}}",
            "rollback",
            ["switched back"],
            id="blue-green to the side before",
        ),
        pytest.param(
            "{blue_green: {deploy_idle: 'true', switch: 'true'}}",
            "failed",
            [],
            id="by name: a person must look",
        ),
    ],
)
def test_where_nobody_knows_what_ran_before_the_way_back_is_what_still_runs(
    desk_of: Any, strategy: str, status: str, story: list[str]
) -> None:
    desk = desk_of()
    policy = policy_of(FIRST.replace("{STRATEGY}", strategy))
    result = run(desk.job, GitHubInMemory(policies=[policy], deployments=()))
    assert (result.status, desk.file("story").splitlines()) == (status, story)


def test_rolling_goes_batch_by_batch_over_the_targets_a_command_prints(desk_of: Any) -> None:
    text = f"""
steps: {{}}
strategy:
  rolling:
    targets_from: 'printf "a\\nb\\nc\\n\\n"'
    batch: 50%
    run: '{SAY.format("roll")}'
    health: {{run: 'echo look $TARGET >> story'}}
{ROLLBACK}
"""
    assert story_of(desk_of(), text) == (
        "success",
        ["roll a 1.1.0", "roll b 1.1.0", "look a", "look b", "roll c 1.1.0", "look c"],
    )


def test_rolling_stops_at_the_first_sick_target_and_takes_back_what_was_begun_the_last_one_first(
    desk_of: Any,
) -> None:
    text = """
strategy:
  rolling:
    targets: [a, b, c]
    run: 'echo $TARGET >> story'
    health: {run: 'test -e back || test $TARGET != b'}
rollback: {run: 'touch back; echo back $TARGET to $PREVIOUS_VERSION >> story'}
"""
    assert story_of(desk_of(), text) == ("rollback", ["a", "b", "back b to 1.0.0", "back a to 1.0.0"])


def test_no_target_is_a_failure_and_not_a_success(desk_of: Any) -> None:
    text = f"strategy: {{rolling: {{targets_from: 'true', run: 'echo x >> story'}}}}\n{ROLLBACK}"
    status, story = story_of(desk_of(), text)
    assert (status, story) == ("failed", [])


def test_a_target_named_twice_is_done_once(desk_of: Any) -> None:
    text = "strategy: {rolling: {targets: [a, b, a], batch: 100%, run: 'echo $TARGET >> story'}}"
    assert story_of(desk_of(), text) == ("success", ["a", "b"])


@pytest.mark.parametrize(
    ("targets", "status", "done"),
    [
        pytest.param(80, "success", 80, id="80 kB of names: all of them"),
        pytest.param(300, "failed", 0, id="more names than are kept: none of them"),
    ],
)
def test_no_target_is_left_out_unnoticed(desk_of: Any, targets: int, status: str, done: int) -> None:
    text = f"""
strategy:
  rolling: {{targets_from: 'seq -f "%01000g" {targets}', batch: 100%, run: 'echo $TARGET >> story'}}
"""
    ended, story = story_of(desk_of(), text)
    assert (ended, len(story)) == (status, done)


BLUE_GREEN = """
strategy:
  blue_green:
    deploy_idle: 'echo idle $TRACK >> story'
    test: '{}'
    switch: 'echo switch $TRACK >> story'
    release: 'echo release $TRACK >> story'
"""


def test_blue_green_tests_the_idle_side_before_it_switches(desk_of: Any) -> None:
    text = BLUE_GREEN.format("echo test $TRACK >> story") + ROLLBACK
    assert story_of(desk_of(), text) == ("success", ["idle idle", "test idle", "switch live", "release idle"])


def test_an_idle_side_that_fails_its_test_never_gets_traffic_and_needs_no_rollback(desk_of: Any) -> None:
    assert story_of(desk_of(), BLUE_GREEN.format("exit 1") + ROLLBACK) == ("failed", ["idle idle"])


def test_a_side_that_cannot_be_released_is_an_issue_and_no_rollback(desk_of: Any) -> None:
    text = BLUE_GREEN.format("true").replace("echo release $TRACK >> story", "exit 9") + ROLLBACK
    status, story = story_of(desk_of(), text)
    assert (status, story) == ("success", ["idle idle", "switch live"])
