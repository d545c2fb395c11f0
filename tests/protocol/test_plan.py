from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.document import parse_policy
from protocol.plan import Plan, batches_of, plan_data, plan_of, render_plan

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
