from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.plan import Plan, batches_of, plan_of, roll_back_over
from protocol.plan_shown import plan_data, render_plan, say_work

EXAMPLE = Path(__file__).parents[2] / "docs" / "deploy.example.yml"


@pytest.fixture
def example() -> Plan:
    return plan_of(parse_policy(EXAMPLE.read_bytes(), EXAMPLE.name), "production")


def plan_for(text: str) -> Plan:
    return plan_of(parse_policy(f"version: 1\nenvironments: {{shop: {text}}}", "deploy.yml"), "shop")


def test_the_example_runs_in_the_protocols_order(example: Plan) -> None:
    assert [step.name for step in example.steps] == [
        "baseline",
        "verify",
        "backup",
        "lint migrations",
        "migrate",
        "deploy",
        "canary health",
        "canary 5%",
        "canary 25%",
        "canary 50%",
        "canary 100%",
        "tell the team",
        "health",
        "smoke",
        "monitor",
    ]
    assert example.strategy == "canary"
    assert example.url == "https://shop.example/healthz"


def test_a_plan_is_json_and_text(example: Plan) -> None:
    data = json.loads(json.dumps(plan_data(example)))
    assert len(data["steps"]) == len(example.steps)
    assert data["rollback"]["database"] == "./ops/migrate down"
    [health] = [step for step in data["steps"] if step["name"] == "health"]
    assert health["work"][0]["probes"] == [{"url": "https://shop.example/healthz", "within": "2m"}]
    text = render_plan(example)
    assert '  6. deploy           TRACK=canary ./ops/deploy "$VERSION"  (at most 15m)' in text
    assert (
        "watch error_rate, response_time, cpu, db_connections, queue_depth, `./ops/check-data` every 5m"
        in text
    )
    assert text.splitlines()[-1].startswith("  rollback by itself: ")


def test_only_what_changes_something_touches_it(example: Plan) -> None:
    touched = {step.name: step.touches for step in example.steps}
    assert (touched["backup"], touched["migrate"], touched["deploy"]) == ("nothing", "database", "service")


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ("1", ["a", "b", "c", "d", "e"]),
        ("2", ["ab", "cd", "e"]),
        ("25%", ["ab", "cd", "e"]),
        ("100%", ["abcde"]),
    ],
    ids=["one", "two", "a quarter, rounded up", "all"],
)
def test_targets_are_cut_into_batches(batch: str, expected: list[str]) -> None:
    assert ["".join(targets) for targets in batches_of("abcde", batch)] == expected


def test_no_targets_are_no_batches() -> None:
    assert batches_of((), "25%") == ()


def test_a_step_that_a_strategy_replaces_is_said_to_be_replaced() -> None:
    plan = plan_for("{steps: {deploy: {run: old}}, strategy: {rolling: {targets: [a, b], run: new}}}")
    assert [step.name for step in plan.steps] == ["rolling 1/2: a", "rolling 2/2: b"]
    assert plan.notes[0] == "steps.deploy is not run: strategy.rolling.run takes its place"


def test_without_a_rollback_the_plan_says_so() -> None:
    assert "  rollback: none" in render_plan(plan_for("{steps: {deploy: {run: go}}}"))


def test_an_environment_the_policy_does_not_name_is_an_error() -> None:
    policy = parse_policy("version: 1\nenvironments: {shop: {}}", "deploy.yml")
    with pytest.raises(ValueError, match="does not name the environment 'barn'; it names shop"):
        plan_of(policy, "barn")


def test_several_lines_show_their_first() -> None:
    assert "first …  (at most" in render_plan(plan_for('{steps: {deploy: {run: "first\\nsecond"}}}'))


CANARY = """
{steps: {deploy: {run: install}},
 strategy: {canary: {weights: [5, 100], hold: 2m, set: weigh, promote: install}},
 monitor: {source: {prometheus: "http://p"}, metrics: {
   errors: {query: 'errors{track="$TRACK"}', rollback_if: {rises: 5%}},
   cpu: {query: cpu, rollback_if: {above: 1}}}},
 rollback: {run: install}}
"""


def work_of(plan: Plan, step: str) -> list[str]:
    [found] = [one for one in (*plan.steps, *plan.closing) if one.name == step]
    return [say_work(work) for work in found.work]


def test_a_canary_is_compared_at_every_weight_that_leaves_somebody_on_the_stable_version() -> None:
    plan = plan_for(CANARY)
    assert work_of(plan, "canary 5%")[1] == "compare errors of canary and stable for 2m"
    assert len(work_of(plan, "canary 100%")) == 1  # what is watched then is left to `monitor`
    assert [step.exposes for step in plan.steps if step.name.startswith("canary")] == [0.05, 1.0]


def test_a_promoted_canary_leaves_its_servers_to_the_next() -> None:
    plan = plan_for(CANARY)
    assert [step.name for step in plan.closing] == ["promote", "canary 0%"]
    assert work_of(plan, "promote")[0].startswith("TRACK=stable WEIGHT=100 install")


def test_a_canary_is_taken_back_alone_and_a_promoted_one_everywhere() -> None:
    undoing = plan_for(CANARY).undoing
    assert undoing is not None
    assert undoing.own is not None
    assert (undoing.own.variables["TRACK"], undoing.command.variables["TRACK"]) == ("canary", "stable")


def test_rolling_back_goes_over_what_was_begun_the_last_one_first_or_over_everything() -> None:
    undoing = plan_for(
        "{strategy: {rolling: {targets: [a, b, c, d], batch: 2, run: up}}, rollback: {run: down}}"
    ).undoing
    assert undoing is not None
    assert [step.name for step in roll_back_over(undoing, ["a", "b", "c"])] == [
        "rolling 1/2: c, b",
        "rolling 2/2: a",
    ]
    assert [step.exposes for step in roll_back_over(undoing, ["a", "b", "c"])] == [None, 0.0]
    assert [step.name for step in roll_back_over(undoing, [])] == ["rolling 1/2: d, c", "rolling 2/2: b, a"]


def test_the_side_before_is_kept_from_the_switch_on_and_switched_back_to() -> None:
    plan = plan_for(
        "{strategy: {blue_green: {deploy_idle: a, switch: b, switch_back: c, keep: 30m, release: d}},"
        " rollback: {run: e}}"
    )
    assert work_of(plan, "release")[0] == "hold for 30m since switch"
    assert "  rollback by itself: c" in render_plan(plan)


def test_a_side_that_is_kept_for_nothing_is_said_to_be() -> None:
    plan = plan_for("{strategy: {blue_green: {deploy_idle: a, switch: b, keep: 30m}}, rollback: {run: e}}")
    assert plan.notes == (
        "strategy.blue_green.keep has no `release`: the side before stays until the next deployment",
    )


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (CANARY.replace("hold: 2m", "hold: 1m"), "hold at least 1m15s, or shorten monitor.every"),
        ("{strategy: {blue_green: {deploy_idle: a, switch: b, keep: 6h}}}", "keep at most 5h"),
    ],
    ids=["a canary that cannot be judged", "a side kept longer than a job may run"],
)
def test_what_can_never_work_is_a_fault_of_the_policy(text: str, cure: str) -> None:
    with pytest.raises(PolicyError, match=cure):
        plan_for(text)


def test_addresses_of_one_target_are_not_where_the_environment_is_looked_at() -> None:
    text = (
        "{strategy: {rolling: {targets: [a], run: up, health: {url: 'http://$TARGET/'}}},"
        " steps: {smoke: {url: 'http://shop/'}}}"
    )
    assert plan_for(text).url == "http://shop/"


@pytest.mark.parametrize(
    ("strategy", "times"),
    [
        pytest.param("canary: {weights: [5, 25, 100], set: weigh}", 2, id="at each weight but the last"),
        pytest.param("rolling: {targets: [a, b, c], run: roll}", 3, id="at each batch"),
        pytest.param("rolling: {targets_from: hosts, run: roll}", 1, id="wherever it rolls"),
        pytest.param("blue_green: {deploy_idle: idle, switch: switch}", 0, id="only by the watch"),
    ],
)
def test_a_plan_shows_where_the_data_are_looked_at(strategy: str, times: int) -> None:
    monitor = "{for: 10m, integrity: {run: ./ops/check-data}}"
    plan = plan_for(f"{{steps: {{deploy: {{run: x}}}}, strategy: {{{strategy}}}, monitor: {monitor}}}")
    assert render_plan(plan).count("beside it `./ops/check-data` every 5m") == times
    data = json.dumps(plan_data(plan))
    assert data.count('"integrity": {"run": "./ops/check-data", "every": "5m"}') == times + 1
