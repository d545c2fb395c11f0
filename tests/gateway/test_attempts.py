"""The measures, from what the sandbox holds of Deployments and commits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from deploy_protocol import main
from protocol.entry import Status, one_line
from tests.entries import make_entry
from tests.waiting import SHOP, WaitingShop


def deployed(shop: WaitingShop, sha: str, state: Any, line: Status, environment: str = "production") -> None:
    github = shop.github()
    made = github.create_deployment(sha=sha, ref="", environment=environment)
    run = f"{shop.server.url}/{SHOP}/actions/runs/{made}"
    github.post_deployment_status(made, state="in_progress", log_url=run)
    description = one_line(make_entry(status=line))
    github.post_deployment_status(made, state=state, description=description, log_url=run)


def measured(shop: WaitingShop, *arguments: str) -> list[dict[str, Any]]:
    environ = {"GITHUB_TOKEN": shop.world.token_for("ada"), "GITHUB_API_URL": shop.server.url}
    given = ["metrics", "--repository", SHOP, "--json", *arguments]
    result = CliRunner().invoke(main, given, env=environ, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    shown: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    return shown["weeks"]


def test_deployments_and_failures_are_counted_for_each_environment(shop: WaitingShop) -> None:
    first = shop.push().sha
    second = shop.world.commit(SHOP, {"x": "2"}, "Two", quiet=True)
    deployed(shop, first, "success", "success")
    deployed(shop, second, "failure", "rollback")
    deployed(shop, second, "error", "stopped")
    deployed(shop, second, "success", "success")
    deployed(shop, first, "success", "success", environment="Staging")
    production, staging = measured(shop)
    assert (production["deployments"], production["attempts"], production["failures"]) == (2, 3, 1)
    assert (staging["environment"], staging["deployments"]) == ("Staging", 1)
    assert production["lead_time_seconds"] >= 0
    assert production["time_to_restore_seconds"] >= 0
    assert measured(shop, "--environment", "Production") == [production]
    assert measured(shop, "--since", "0s") == []


def test_going_back_is_no_deployment_and_makes_the_one_before_a_failure(shop: WaitingShop) -> None:
    sha = shop.push().sha
    deployed(shop, sha, "success", "success")
    deployed(shop, sha, "success", "rollback")
    twin = shop.github().create_deployment(sha=sha, ref="", environment="production")
    went_back = max(number for number in shop.repository.deployments if number != twin)
    job = f"{shop.server.url}/{SHOP}/actions/runs/{went_back}/job/1"
    shop.github().post_deployment_status(twin, state="success", log_url=job)
    [week] = measured(shop)
    assert (week["deployments"], week["attempts"], week["failures"]) == (1, 1, 1)


def test_a_long_record_and_a_long_history_are_read_page_by_page(shop: WaitingShop) -> None:
    deployed(shop, shop.push().sha, "success", "success")
    for at in range(101):
        sha = shop.world.commit(SHOP, {"x": str(at)}, f"Commit {at}", quiet=True)
    deployed(shop, sha, "success", "success")
    records = shop.repository.deployments
    newest = records[max(records)]
    records |= {newest.id + at: replace(newest, id=newest.id + at) for at in range(1, 101)}
    shop.world.exchanges.clear()
    [week] = measured(shop)
    assert week["deployments"] == 102
    asked = [exchange.path for exchange in shop.world.exchanges]
    assert asked == ["/graphql"] * 4  # two pages of deployments, two of commits


def test_an_environment_of_which_there_are_no_measures_is_told_from_those_of_which_there_are(
    shop: WaitingShop,
) -> None:
    deployed(shop, shop.push().sha, "success", "success")
    environ = {"GITHUB_TOKEN": shop.world.token_for("ada"), "GITHUB_API_URL": shop.server.url}
    given = ["metrics", "--repository", SHOP, "--environment", "productoin"]
    result = CliRunner().invoke(main, given, env=environ, catch_exceptions=False)
    said = "There is no deployment to 'productoin', did you mean 'production'?\n"
    assert (result.exit_code, result.stdout) == (0, said)


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_token_that_is_none_is_said_with_the_cure(shop: WaitingShop, token: str) -> None:
    environ = {"GITHUB_TOKEN": token, "GH_TOKEN": "", "GITHUB_API_URL": shop.server.url}
    result = CliRunner().invoke(main, ["metrics", "--repository", SHOP], env=environ)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "token" in result.stderr
