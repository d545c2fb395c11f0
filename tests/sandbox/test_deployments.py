from __future__ import annotations

from typing import Any

import pytest

from tests.runner import SHOP, Shop

NOW = {"auto_merge": False, "required_contexts": []}


def deploy(shop: Shop, *, status: int = 201, **body: Any) -> Any:
    return shop.ask("POST", "/deployments", {"ref": "main", **NOW, **body}, by="gate", status=status)


def move(shop: Shop, deployment: Any, state: str, *, status: int = 201, **body: Any) -> Any:
    path = f"/deployments/{deployment['id']}/statuses"
    return shop.ask("POST", path, {"state": state, **body}, by="gate", status=status)


def latest(shop: Shop, deployment: Any) -> str:
    return str(shop.ask("GET", f"/deployments/{deployment['id']}/statuses")[0]["state"])


def test_a_deployment_is_made_and_found_again(shop: Shop) -> None:
    made = deploy(shop, environment="staging", payload={"version": "1"}, description="First")
    assert made["production_environment"] is False
    assert made["performed_via_github_app"]["slug"] == "gate"
    assert shop.ask("GET", f"/deployments/{made['id']}") == made
    assert shop.ask("GET", "/deployments?environment=staging&task=deploy") == [made]
    assert shop.ask("GET", "/deployments?environment=production") == []
    assert shop.told("deployment") == ["created"]


def test_production_is_production_unless_said_otherwise(shop: Shop) -> None:
    assert deploy(shop)["production_environment"] is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "nowhere"}, "No ref found for: nowhere"),
        ({"description": "x" * 141}, "Validation Failed"),
    ],
)
def test_what_a_deployment_may_not_say(shop: Shop, body: dict[str, str], message: str) -> None:
    assert deploy(shop, status=422, **body)["message"] == message


def test_all_contexts_must_have_passed_unless_the_list_is_empty(shop: Shop) -> None:
    sha = shop.world.git(shop.repository).tip("main")
    shop.ask("POST", f"/statuses/{sha}", {"state": "pending", "context": "build"}, by="gate", status=201)
    refused = shop.ask("POST", "/deployments", {"ref": "main"}, by="gate", status=409)
    assert refused["errors"][0]["contexts"] == [{"context": "build", "state": "pending"}]
    assert "Commit status checks failed for main" in refused["message"]
    deploy(shop)
    shop.ask("POST", f"/statuses/{sha}", {"state": "success", "context": "build"}, by="gate", status=201)
    shop.ask("POST", "/deployments", {"ref": "main"}, by="gate", status=201)
    missing = {"ref": "main", "required_contexts": ["build", "security"]}
    shop.ask("POST", "/deployments", missing, by="gate", status=409)


def test_auto_merge_brings_a_branch_up_to_date_instead_of_deploying_it(shop: Shop) -> None:
    shop.world.commit(SHOP, {"topic.txt": "x"}, "Topic", branch="topic")
    shop.world.commit(SHOP, {"main.txt": "x"}, "Main moves on")
    merged = shop.ask("POST", "/deployments", {"ref": "topic"}, by="gate", status=202)
    assert merged == {"message": "Auto-merged main into topic on deployment."}
    git = shop.world.git(shop.repository)
    assert git.contains(git.tip("main") or "", git.tip("topic") or "")
    shop.ask("POST", "/deployments", {"ref": "topic"}, by="gate", status=201)


def test_auto_merge_reports_a_conflict(shop: Shop) -> None:
    shop.world.commit(SHOP, {"README.md": "one"}, "Topic", branch="topic")
    shop.world.commit(SHOP, {"README.md": "two"}, "Main moves on")
    refused = shop.ask("POST", "/deployments", {"ref": "topic"}, by="gate", status=409)
    assert refused["message"] == "Conflict merging main into topic."


def test_a_success_retires_the_earlier_ones_of_its_environment(shop: Shop) -> None:
    first, other, second = (deploy(shop, environment=name) for name in ("staging", "preview", "staging"))
    for each in (first, other, second):
        move(shop, each, "success")
    assert [latest(shop, each) for each in (first, other, second)] == ["inactive", "success", "success"]
    assert shop.told("deployment_status") == ["created"] * 3


def test_a_success_leaves_the_others_alone_when_told(shop: Shop) -> None:
    first, second = (deploy(shop, environment="staging") for _ in range(2))
    move(shop, first, "success")
    move(shop, second, "success", auto_inactive=False)
    assert latest(shop, first) == "success"


def test_a_status_carries_its_links(shop: Shop) -> None:
    status = move(
        shop, deploy(shop), "in_progress",
        description="Migrating", log_url="https://log.example", environment_url="https://shop.example",
    )  # fmt: skip
    assert (status["log_url"], status["target_url"]) == ("https://log.example", "https://log.example")
    move(shop, deploy(shop), "success", description="x" * 141, status=422)
    move(shop, deploy(shop), "waiting", status=422)


def test_statuses_of_a_commit_are_combined(shop: Shop) -> None:
    sha = shop.world.git(shop.repository).tip("main")
    assert shop.ask("GET", "/commits/main/status")["state"] == "pending"
    for context, state in (("build", "failure"), ("lint", "success"), ("build", "success")):
        body = {"state": state, "context": context, "description": "Done"}
        shop.ask("POST", f"/statuses/{sha}", body, by="gate", status=201)
    combined = shop.ask("GET", f"/commits/{sha}/status", by="gate")
    assert (combined["state"], combined["total_count"]) == ("success", 2)
    assert len(shop.ask("GET", f"/commits/{sha}/statuses")) == 3
    body = {"state": "success", "description": "x" * 141}
    shop.ask("POST", f"/statuses/{sha}", body, by="gate", status=422)
