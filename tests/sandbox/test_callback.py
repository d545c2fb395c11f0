from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.state import Event, WorkflowRun
from tests.runner import SHOP, Shop, shop_in

GATED = """
    on: [push, workflow_dispatch]
    jobs:
      ship:
        environment: {name: production, url: "https://shop.example/${{ github.run_id }}"}
        steps: [{run: echo shipped}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with shop_in(tmp_path) as shop:
        shop.world.add_environment(SHOP, "production", custom=(shop.app,))
        yield shop


def answer(run: WorkflowRun, shop: Shop, *, status: int = 204, by: str = "gate", **body: str) -> None:
    path = f"/actions/runs/{run.id}/deployment_protection_rule"
    shop.ask("POST", path, {"environment_name": "production", **body}, by=by, status=status)


def asked(shop: Shop) -> Event:
    return next(event for event in shop.events if event.name == "deployment_protection_rule")


def states(shop: Shop, run: WorkflowRun) -> list[str]:
    deployment = shop.job(run, "ship").deployment
    assert deployment is not None
    return [status.state for status in deployment.statuses]


def test_a_gated_job_waits_and_its_app_is_asked(shop: Shop) -> None:
    run = shop.push(GATED)
    event = asked(shop)
    assert (run.status, shop.job(run, "ship").status) == ("waiting", "waiting")
    assert event.only is shop.app
    assert event.payload["deployment_callback_url"].endswith(f"/runs/{run.id}/deployment_protection_rule")
    assert (event.payload["sha"], event.payload["ref"]) == (run.head_sha, "refs/heads/main")
    assert "workflow_run" not in event.payload
    listed = shop.ask("GET", "/actions/runs?status=waiting", by="gate")
    assert [each["id"] for each in listed["workflow_runs"]] == [run.id]
    assert shop.told("workflow_job") == ["queued", "waiting"]


def test_an_approved_job_runs_and_its_deployment_succeeds(shop: Shop) -> None:
    run = shop.push(GATED)
    answer(run, shop, state="approved", comment="All is well.")
    shop.finished(run)
    assert run.conclusion == "success", shop.story(run)
    assert "\nshipped" in shop.log(run, "ship")
    assert states(shop, run) == ["waiting", "queued", "in_progress", "success"]
    deployment = shop.ask("GET", "/deployments?environment=production", by="gate")[0]
    assert deployment["creator"]["login"] == "ada"
    assert deployment["payload"] == {}
    latest = shop.ask("GET", f"/deployments/{deployment['id']}/statuses", by="gate")[0]
    assert latest["environment_url"] == f"https://shop.example/{run.id}"
    check = shop.ask("GET", f"/check-runs/{shop.job(run, 'ship').id}", by="gate")
    assert check["deployment"]["id"] == deployment["id"]


def test_a_rejected_job_fails_without_running(shop: Shop) -> None:
    run = shop.push(GATED)
    answer(run, shop, state="rejected", comment="Not today.")
    assert (run.status, run.conclusion) == ("completed", "failure")
    assert shop.job(run, "ship").steps == []
    assert states(shop, run) == ["waiting", "failure"]


def test_a_report_leaves_the_job_waiting_and_ten_are_enough(shop: Shop) -> None:
    run = shop.push(GATED)
    for number in range(10):
        answer(run, shop, comment=f"Still closed ({number}).")
    answer(run, shop, comment="One too many.", status=422)
    assert shop.job(run, "ship").status == "waiting"
    assert len(run.pending[0].reports) == 10
    answer(run, shop, state="approved")


def test_what_the_callback_refuses(shop: Shop) -> None:
    run = shop.push(GATED)
    answer(run, shop, comment="x" * 1025, status=422)
    answer(run, shop, state="maybe", comment="x", status=422)
    answer(run, shop, status=422)
    answer(run, shop, state="approved", by="ada", status=403)
    answer(run, shop, state="approved", environment_name="staging", status=422)
    assert shop.job(run, "ship").status == "waiting"
    answer(run, shop, state="approved")
    answer(run, shop, state="approved", status=422)


def test_one_answer_covers_every_job_of_that_environment(shop: Shop) -> None:
    run = shop.push(GATED + "      other: {environment: Production, steps: [{run: echo too}]}\n")
    assert [job.status for job in run.current_jobs] == ["waiting", "waiting"]
    answer(run, shop, state="approved")
    assert shop.finished(run).conclusion == "success"


def test_without_a_deployment_a_custom_rule_fails_the_job_at_once(shop: Shop) -> None:
    run = shop.push(GATED.replace("{name: production,", "{name: production, deployment: false,"))
    assert (run.status, run.conclusion) == ("completed", "failure")
    assert not shop.repository.deployments


def test_a_door_nobody_answers_for_thirty_days_shuts(shop: Shop) -> None:
    run = shop.push(GATED)
    shop.world.move_clock(timedelta(days=30))
    assert shop.finished(run).conclusion == "failure"


def test_a_cancelled_run_no_longer_waits(shop: Shop) -> None:
    run = shop.push(GATED)
    shop.ask("POST", f"/actions/runs/{run.id}/cancel", status=202)
    assert (run.status, run.conclusion, run.pending) == ("completed", "cancelled", [])
    answer(run, shop, state="approved", status=422)


def test_a_rerun_asks_again(shop: Shop) -> None:
    run = shop.push(GATED)
    answer(run, shop, state="rejected")
    shop.ask("POST", f"/actions/runs/{run.id}/rerun", by="grace", status=201)
    assert (run.attempt, run.status, run.triggering_actor.login) == (2, "waiting", "grace")
    assert shop.told("deployment_protection_rule") == ["requested", "requested"]
    answer(run, shop, state="approved")
    assert shop.finished(run).conclusion == "success"
    attempts = shop.ask("GET", f"/actions/runs/{run.id}/jobs?filter=all")["jobs"]
    assert [(job["run_attempt"], job["conclusion"]) for job in attempts] == [(1, "failure"), (2, "success")]


def test_a_dispatch_starts_the_workflow_with_its_inputs(shop: Shop) -> None:
    shop.push(GATED)
    shop.ask("POST", "/actions/workflows/ci.yml/dispatches", {"ref": "main"}, by="gate", status=204)
    listed = shop.ask("GET", "/actions/workflows/ci.yml/runs?event=workflow_dispatch")
    assert [run["actor"]["login"] for run in listed["workflow_runs"]] == ["gate[bot]"]
    body = {"ref": "main", "inputs": {"version": "2"}}
    refused = shop.ask("POST", "/actions/workflows/ci.yml/dispatches", body, status=422)
    assert refused["message"] == "Unexpected inputs provided: ['version']"
