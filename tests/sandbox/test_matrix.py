"""Jobs with a matrix: which there are, and how they run beside each other."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.expressions import ExpressionError, Scope
from sandbox.matrix import parts_of, titled
from sandbox.state import Job, WorkflowRun
from sandbox.workflow import Job as JobPlan
from sandbox.workflow import Part, Strategy
from tests.runner import SHOP, Shop

GATED = """
on: push
jobs:
  deploy:
    strategy: {matrix: {environment: [staging, production]}}
    environment: ${{ matrix.environment }}
    steps: [{run: 'echo "to $WHERE"', env: {WHERE: "${{ matrix.environment }}"}}]
"""


def values(matrix: Any, **contexts: Any) -> list[Any]:
    plan = JobPlan(key="build", name="build", steps=(), strategy=Strategy(matrix=matrix))
    return [part.values for part in parts_of(plan, Scope(contexts=contexts))]


FOUR = [{"os": os, "node": node} for os in ("a", "b") for node in (1, 2)]
MATRICES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "every combination, the last vector fastest": ({"os": ["a", "b"], "node": [1, 2]}, FOUR),
    "without what is excluded": (
        {"os": ["a", "b"], "node": [1, 2], "exclude": [{"os": "a", "node": 2}]},
        [FOUR[0], *FOUR[2:]],
    ),
    "without all that agrees with it": (
        {"os": ["a", "b"], "node": [1, 2], "exclude": [{"os": "a"}]},
        FOUR[2:],
    ),
    "a value that belongs to all": (
        {"os": ["a", "b"], "include": [{"colour": "red"}]},
        [{"os": "a", "colour": "red"}, {"os": "b", "colour": "red"}],
    ),
    "a value that belongs to one": (
        {"os": ["a", "b"], "include": [{"os": "b", "colour": "red"}]},
        [{"os": "a"}, {"os": "b", "colour": "red"}],
    ),
    "a later value instead of an earlier one": (
        {"os": ["a"], "include": [{"colour": "red"}, {"os": "a", "colour": "green"}]},
        [{"os": "a", "colour": "green"}],
    ),
    "one more, for it contradicts all": (
        {"os": ["a"], "include": [{"os": "c", "colour": "red"}]},
        [{"os": "a"}, {"os": "c", "colour": "red"}],
    ),
    "nothing but what is included": (
        {"include": [{"os": "a"}, {"os": "b", "node": 2}]},
        [{"os": "a"}, {"os": "b", "node": 2}],
    ),
}


@pytest.mark.parametrize(("matrix", "expected"), MATRICES.values(), ids=MATRICES)
def test_a_matrix_makes(matrix: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert values(matrix) == expected


def test_a_matrix_may_come_out_of_an_expression() -> None:
    needs = {"plan": {"outputs": {"where": '["eu", "us"]', "all": '{"region": ["eu"]}'}}}
    listed = {"region": "${{ fromJSON(needs.plan.outputs.where) }}"}
    assert values(listed, needs=needs) == [{"region": "eu"}, {"region": "us"}]
    assert values("${{ fromJSON(needs.plan.outputs.all) }}", needs=needs) == [{"region": "eu"}]


WRONG: dict[str, tuple[Any, str]] = {
    "a vector of nothing": ({"os": []}, "the matrix vector 'os' of 'build' does not contain any values"),
    "a vector that is no list": ({"os": "a"}, "the matrix vector 'os' of 'build' does not contain"),
    "all of it excluded": ({"os": ["a"], "exclude": [{"os": "a"}]}, "makes 0 jobs, not 1 to 256"),
    "more than GitHub runs": ({"a": list(range(17)), "b": list(range(16))}, "makes 272 jobs"),
    "an expression that is no mapping": ("${{ 'eu' }}", "a matrix must be a mapping, not 'eu'"),
}


@pytest.mark.parametrize(("matrix", "said"), WRONG.values(), ids=WRONG)
def test_a_matrix_that_makes_no_jobs_says_why(matrix: Any, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        values(matrix)
    assert said in str(caught.value)


NAMES: dict[str, tuple[str, dict[str, Any], str]] = {
    "its values": ("build", {"os": "a", "node": 2}, "build (a, 2)"),
    "the values inside its values": ("build", {"on": {"os": "a", "arm": True}}, "build (a, true)"),
    "nothing, where its name tells them apart": ("For ${{ matrix.os }}", {"os": "a"}, "For ${{ matrix.os }}"),
    "nothing, where there is one job": ("build", {}, "build"),
}


@pytest.mark.parametrize(("name", "part", "expected"), NAMES.values(), ids=NAMES)
def test_a_job_of_a_matrix_is_named_by(name: str, part: dict[str, Any], expected: str) -> None:
    assert titled(name, Part(values=part)) == expected


# As they run


def named(run: WorkflowRun) -> dict[str, Job]:
    return {job.name: job for job in run.current_jobs}


def test_each_job_has_its_values_and_the_next_one_waits_for_all(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              plan:
                steps: [{id: one, run: 'echo "regions=[\\"eu\\", \\"us\\"]" >> $GITHUB_OUTPUT'}]
                outputs: {regions: "${{ steps.one.outputs.regions }}"}
              build:
                needs: plan
                name: In ${{ matrix.region }}
                runs-on: ["${{ matrix.region }}-runner"]
                strategy: {matrix: {region: "${{ fromJSON(needs.plan.outputs.regions) }}"}}
                outputs: {eu: "${{ steps.one.outputs.eu }}", us: "${{ steps.one.outputs.us }}"}
                steps:
                  - {id: one, run: 'echo "${{ matrix.region }}=${{ strategy.job-index }}" >> $GITHUB_OUTPUT'}
              last:
                needs: build
                steps: [{run: 'echo "${{ needs.build.result }} ${{ needs.build.outputs.us }}"'}]
            """
        )
    )
    assert run.conclusion == "success", shop.story(run)
    assert list(named(run)) == ["plan", "In eu", "In us", "last"]
    assert named(run)["In us"].labels == ("us-runner",)
    assert "success 1" in shop.log(run, "last")
    shown = shop.ask("GET", f"/actions/runs/{run.id}/jobs")["jobs"]
    assert [one["labels"] for one in shown if one["name"] == "In eu"] == [["eu-runner"]]


def test_each_environment_of_a_matrix_is_a_gate_of_its_own(shop: Shop) -> None:
    for name in ("staging", "production"):
        shop.world.add_environment(SHOP, name, custom=(shop.app,))
    run = shop.push(GATED)
    assert [pending.environment.name for pending in run.pending] == ["staging", "production"]
    for environment, state in (("staging", "approved"), ("production", "rejected")):
        body = {"environment_name": environment, "state": state, "comment": "So be it"}
        shop.ask("POST", f"/actions/runs/{run.id}/deployment_protection_rule", body, by="gate")
    shop.finished(run)
    assert {name: job.conclusion for name, job in named(run).items()}["deploy (production)"] == "failure"


def test_one_answer_opens_an_environment_for_all_of_a_matrix(shop: Shop) -> None:
    shop.world.add_environment(SHOP, "production", custom=(shop.app,))
    run = shop.push(GATED.replace("[staging, production]", "[production], region: [eu, us]"))
    assert [pending.environment.name for pending in run.pending] == ["production", "production"]
    assert len(shop.ask("GET", f"/actions/runs/{run.id}/pending_deployments")) == 1
    body = {"environment_name": "production", "state": "approved", "comment": ""}
    shop.ask("POST", f"/actions/runs/{run.id}/deployment_protection_rule", body, by="gate")
    assert shop.finished(run).conclusion == "success"


ENDS = {
    "a failure ends the rest": ("matrix: {n: [1, 2]}", "false", "cancelled", "failure"),
    "unless the file says otherwise": (
        "matrix: {n: [1, 2]}, fail-fast: false",
        "false",
        "success",
        "failure",
    ),
    "unless that one may fail": (
        "matrix: {n: [1, 2]}",
        "${{ matrix.n == 1 }}",
        "success",
        "success",
    ),
}


@pytest.mark.parametrize(("strategy", "may_fail", "other", "whole"), ENDS.values(), ids=ENDS)
def test_fail_fast(shop: Shop, strategy: str, may_fail: str, other: str, whole: str) -> None:
    shop.world.add_environment(SHOP, "production", custom=(shop.app,))
    workflow = """
        on: push
        jobs:
          build:
            strategy: {STRATEGY}
            continue-on-error: MAY_FAIL
            environment: ${{ matrix.n == 2 && 'production' || 'staging' }}
            steps: [{run: "[ ${{ matrix.n }} = 2 ]"}]
    """
    run = shop.push(workflow.replace("STRATEGY", strategy).replace("MAY_FAIL", may_fail))
    first, second = run.current_jobs
    shop.wait(run, lambda: first.conclusion == "failure")
    if other == "success":
        body = {"environment_name": "production", "state": "approved", "comment": ""}
        shop.ask("POST", f"/actions/runs/{run.id}/deployment_protection_rule", body, by="gate")
    shop.finished(run)
    assert (second.conclusion, run.conclusion) == (other, whole)


def test_max_parallel_lets_the_next_one_in_when_one_is_done(shop: Shop) -> None:
    for name in ("staging", "production"):
        shop.world.add_environment(SHOP, name, custom=(shop.app,))
    run = shop.push(GATED.replace("strategy: {", "strategy: {max-parallel: 1, "))
    for environment in ("staging", "production"):
        shop.wait(run, lambda: bool(run.pending))
        assert [pending.environment.name for pending in run.pending] == [environment]
        body = {"environment_name": environment, "state": "approved", "comment": ""}
        shop.ask("POST", f"/actions/runs/{run.id}/deployment_protection_rule", body, by="gate")
        shop.wait(run, lambda: not run.pending or run.pending[0].environment.name == "production")
    assert shop.finished(run).conclusion == "success"


def test_a_concurrency_group_may_name_the_matrix(shop: Shop) -> None:
    shop.world.add_environment(SHOP, "production", custom=(shop.app,))
    run = shop.push(
        GATED.replace("[staging, production]", "[production], region: [eu, us]")
        + "    concurrency: {group: 'go-${{ matrix.region }}'}\n"
    )
    assert len(run.pending) == 2


def test_a_matrix_that_is_skipped_or_cannot_be_is_one_job(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              never: {if: false, strategy: {matrix: {n: [1, 2]}}, steps: [{run: x}]}
              wrong: {strategy: {matrix: {n: "${{ fromJSON('[]') }}"}}, steps: [{run: x}]}
            """
        )
    )
    assert {name: job.conclusion for name, job in named(run).items()} == {
        "never": "skipped",
        "wrong": "failure",
    }
    assert "does not contain any values" in shop.job(run, "wrong").log[0]
