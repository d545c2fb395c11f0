from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.state import WorkflowRun
from tests.runner import Shop

SHIP = """
    on: push
    jobs:
      ship: {environment: production, steps: [{run: echo shipped}]}
"""


def protect(shop: Shop, **rules: object) -> None:
    shop.ask("PUT", "/environments/production", rules)


def reviewed_by(shop: Shop, *logins: str) -> list[dict[str, object]]:
    return [{"type": "User", "id": shop.world.user(login).id} for login in logins]


def review(
    shop: Shop, run: WorkflowRun, *, by: str, state: str = "approved", status: int | None = None
) -> None:
    number = shop.repository.environments["production"].id
    body = {"environment_ids": [number], "state": state, "comment": "Seen."}
    shop.ask("POST", f"/actions/runs/{run.id}/pending_deployments", body, by=by, status=status)


def test_an_unknown_environment_is_made_unprotected(shop: Shop) -> None:
    run = shop.finished(shop.push(SHIP))
    assert run.conclusion == "success"
    (environment,) = shop.ask("GET", "/environments")["environments"]
    assert (environment["name"], environment["protection_rules"]) == ("production", [])


def test_an_environment_keeps_its_rules(shop: Shop) -> None:
    protect(
        shop,
        wait_timer=5,
        prevent_self_review=True,
        reviewers=reviewed_by(shop, "grace"),
        deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True},
    )
    shown = shop.ask("GET", "/environments/production", by="gate")
    assert [rule["type"] for rule in shown["protection_rules"]] == [
        "wait_timer", "required_reviewers", "branch_policy",
    ]  # fmt: skip
    assert shown["protection_rules"][1]["reviewers"][0]["reviewer"]["login"] == "grace"
    protect(shop)
    assert shop.ask("GET", "/environments/production")["protection_rules"] == []


def test_only_admins_change_environments(shop: Shop) -> None:
    shop.ask("PUT", "/environments/production", {}, by="bo", status=403)
    shop.ask("PUT", "/environments/production", {"wait_timer": 43_201}, status=422)
    same = {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}}
    shop.ask("PUT", "/environments/production", same, status=422)
    assert shop.repository.environments == {}


def test_a_required_reviewer_opens_the_door(shop: Shop) -> None:
    protect(shop, reviewers=reviewed_by(shop, "grace"))
    run = shop.push(SHIP)
    (pending,) = shop.ask("GET", f"/actions/runs/{run.id}/pending_deployments", by="grace")
    assert pending["current_user_can_approve"] is True
    assert shop.ask("GET", f"/actions/runs/{run.id}/pending_deployments", by="bo")[0][
        "current_user_can_approve"
    ] is False  # fmt: skip
    review(shop, run, by="bo", status=422)
    review(shop, run, by="gate", status=403)
    review(shop, run, by="grace")
    assert shop.finished(run).conclusion == "success"
    (approval,) = shop.ask("GET", f"/actions/runs/{run.id}/approvals", by="gate")
    assert (approval["user"]["login"], approval["state"], approval["comment"]) == (
        "grace",
        "approved",
        "Seen.",
    )
    assert shop.told("deployment_review") == ["requested", "approved"]


def test_a_reviewers_no_fails_the_job(shop: Shop) -> None:
    protect(shop, reviewers=reviewed_by(shop, "grace"))
    run = shop.push(SHIP)
    review(shop, run, by="grace", state="rejected")
    assert run.conclusion == "failure"
    assert shop.told("deployment_review") == ["requested", "rejected"]


def test_who_started_it_may_be_barred_from_reviewing(shop: Shop) -> None:
    protect(shop, reviewers=reviewed_by(shop, "ada", "grace"), prevent_self_review=True)
    run = shop.push(SHIP)
    review(shop, run, by="ada", status=422)
    review(shop, run, by="grace")
    assert shop.finished(run).conclusion == "success"


def test_a_wait_timer_opens_by_the_clock(shop: Shop) -> None:
    protect(shop, wait_timer=30)
    run = shop.push(SHIP)
    shop.world.move_clock(timedelta(minutes=29))
    assert run.status == "waiting"
    shop.world.move_clock(timedelta(minutes=2))
    assert shop.finished(run).conclusion == "success"


def test_every_rule_must_say_yes(shop: Shop) -> None:
    protect(shop, reviewers=reviewed_by(shop, "grace"))
    rules = "/environments/production/deployment_protection_rules"
    (offered,) = shop.ask("GET", f"{rules}/apps")["available_custom_deployment_protection_rule_integrations"]
    rule = shop.ask("POST", rules, {"integration_id": offered["id"]}, status=201)
    shop.ask("POST", rules, {"integration_id": offered["id"]}, status=422)
    run = shop.push(SHIP)
    review(shop, run, by="grace")
    assert run.status == "waiting"
    body = {"environment_name": "production", "state": "approved", "comment": ""}
    shop.ask("POST", f"/actions/runs/{run.id}/deployment_protection_rule", body, by="gate", status=204)
    assert shop.finished(run).conclusion == "success"
    shop.ask("DELETE", f"{rules}/{rule['id']}", status=204)
    assert shop.ask("GET", rules, by="gate")["total_count"] == 0


@pytest.mark.parametrize(
    ("pattern", "conclusion"),
    [("main", "success"), ("rel*", "failure"), ("ma/*", "failure"), ("m*", "success")],
)
def test_branch_policies_say_who_may_deploy(shop: Shop, pattern: str, conclusion: str) -> None:
    protect(shop, deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True})
    shop.ask("POST", "/environments/production/deployment-branch-policies", {"name": pattern})
    run = shop.finished(shop.push(SHIP))
    assert run.conclusion == conclusion


def test_deleting_an_environment_fails_its_waiting_jobs(shop: Shop) -> None:
    protect(shop, wait_timer=30)
    run = shop.push(SHIP)
    shop.ask("DELETE", "/environments/production", status=204)
    assert run.conclusion == "failure"
    shop.ask("GET", "/environments/production", status=404)


def test_a_concurrency_group_lets_one_in_and_keeps_only_the_newest_waiting(shop: Shop) -> None:
    protect(shop, wait_timer=30)
    text = SHIP.replace("ship: {", "ship: {concurrency: production, ")
    first, second, third = (shop.push(f"{text}\n# {number}") for number in range(3))
    assert [run.status for run in (first, third)] == ["waiting", "pending"]
    assert second.conclusion == "cancelled"
    shop.world.move_clock(timedelta(minutes=31))
    shop.finished(first)
    shop.wait(third, lambda: third.status == "waiting")


def test_a_newer_run_may_cancel_the_one_in_its_way(shop: Shop) -> None:
    protect(shop, wait_timer=30)
    text = SHIP.replace("on: push", "on: push\n    concurrency: {group: one, cancel-in-progress: true}")
    first, second = (shop.push(f"{text}\n# {number}") for number in range(2))
    assert (first.conclusion, second.status) == ("cancelled", "waiting")
