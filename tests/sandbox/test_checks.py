from __future__ import annotations

from typing import Any

import pytest

from tests.runner import Shop

BUTTON = {"label": "Deploy now", "description": "Emergency", "identifier": "emergency"}
NOTE = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "Hm"}


def check(shop: Shop, *, answer: int = 201, by: str = "gate", **body: Any) -> Any:
    sha = shop.world.git(shop.repository).tip("main")
    return shop.ask("POST", "/check-runs", {"name": "Gate", "head_sha": sha, **body}, by=by, status=answer)


def output(**body: Any) -> dict[str, Any]:
    return {"title": "Waiting", "summary": "Two reasons", **body}


def test_a_check_run_is_made_moved_and_found(shop: Shop) -> None:
    made = check(shop, output=output(annotations=[NOTE]), actions=[BUTTON])
    assert made["status"] == "queued"
    body = {"conclusion": "success", "output": output(title="Open", annotations=[NOTE])}
    moved = shop.ask("PATCH", f"/check-runs/{made['id']}", body, by="gate")
    assert (moved["status"], moved["conclusion"], moved["output"]["title"]) == (
        "completed",
        "success",
        "Open",
    )
    assert len(shop.ask("GET", f"/check-runs/{made['id']}/annotations")) == 2
    listed = shop.ask("GET", "/commits/main/check-runs?check_name=Gate", by="gate")
    assert [each["id"] for each in listed["check_runs"]] == [made["id"]]
    (suite,) = shop.ask("GET", "/commits/main/check-suites", by="gate")["check_suites"]
    assert (suite["conclusion"], suite["latest_check_runs_count"]) == ("success", 1)
    assert shop.ask("GET", f"/check-suites/{suite['id']}/check-runs")["total_count"] == 1
    assert shop.told("check_run") == ["created", "completed"]


def test_a_second_check_run_of_a_name_hides_the_first(shop: Shop) -> None:
    first, second = check(shop), check(shop)
    latest = shop.ask("GET", "/commits/main/check-runs")["check_runs"]
    assert [each["id"] for each in latest] == [second["id"]]
    everything = shop.ask("GET", "/commits/main/check-runs?filter=all")["check_runs"]
    assert [each["id"] for each in everything] == [first["id"], second["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"output": output(annotations=[NOTE] * 51)},
        {"output": {"title": "Only a title"}},
        {"output": output(text="x" * 65_536)},
        {"actions": [BUTTON] * 4},
        {"actions": [{**BUTTON, "label": "x" * 21}]},
        {"actions": [{**BUTTON, "identifier": ""}]},
        {"status": "completed"},
        {"conclusion": "splendid"},
        {"name": None},
    ],
    ids=lambda body: str(body)[:30],
)
def test_limits_of_a_check_run(shop: Shop, body: dict[str, Any]) -> None:
    assert check(shop, answer=422, **body)["message"]
    assert shop.repository.check_runs == {}


def test_only_apps_write_check_runs_and_only_their_own(shop: Shop) -> None:
    assert "GitHub App" in check(shop, by="ada", answer=403)["message"]
    mine = check(shop)
    shop.repository.check_runs[mine["id"]].app = shop.world.actions_app
    refused = shop.ask("PATCH", f"/check-runs/{mine['id']}", {"status": "queued"}, by="gate", status=403)
    assert refused["message"].startswith(f"Invalid app_id `{shop.app.id}`")


def test_a_click_on_a_button_reaches_its_app(shop: Shop) -> None:
    made = check(shop, conclusion="neutral", output=output(), actions=[BUTTON])
    click = f"/_sandbox/check-runs/{made['id']}/click"
    shop.ask("POST", click, {"login": "grace", "identifier": "emergency"}, status=204)
    event = shop.events[-1]
    assert (event.action, event.sender.login, event.only) == ("requested_action", "grace", shop.app)
    assert event.payload["requested_action"] == {"identifier": "emergency"}
    shop.ask("POST", click, {"login": "grace", "identifier": "other"}, status=422)


def test_a_jobs_log_is_read_through_the_redirect(shop: Shop) -> None:
    run = shop.finished(shop.push("{on: push, jobs: {build: {steps: [{run: echo hello}]}}}"))
    (job,) = shop.ask("GET", f"/actions/runs/{run.id}/jobs", by="gate")["jobs"]
    assert shop.ask("GET", f"/actions/jobs/{job['id']}") == job
    assert job["steps"][1]["name"] == "Run echo hello"
    assert "hello" in shop.log(run)
