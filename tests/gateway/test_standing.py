"""How things stand, in one request where that is enough; what cannot be had is Missing, never nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Forbidden, NotFound
from gateway.github import GitHub
from gateway.standing import read_standing
from protocol.facts import Deployment, Missing
from protocol.policy import Policy
from tests.waiting import PLAIN_POLICY, SHOP, WaitingShop, now, waiting_shop

TWO_PLACES = PLAIN_POLICY + "  staging: {deploy: manual}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path) as shop:
        yield shop


def deployed(shop: WaitingShop, environment: str, version: str = "") -> None:
    """By ada, with success."""
    about: dict[str, Any] = {"ref": "main", "environment": environment, "payload": {"version": version}}
    made = shop.ask("POST", "/deployments", {**about, "auto_merge": False, "required_contexts": []})
    shop.ask("POST", f"/deployments/{made['id']}/statuses", {"state": "success"})


def frozen(shop: WaitingShop, by: str = "ada") -> None:
    issue = shop.ask("POST", "/issues", {"title": "Stop", "body": "reason: Inventory"}, by=by)
    shop.ask("PATCH", f"/issues/{issue['number']}", {"labels": ["deploy-freeze"]})


def version_in(found: object) -> str:
    assert isinstance(found, Deployment)
    return found.version


def test_one_request_tells_policies_deployments_and_freezes(shop: WaitingShop) -> None:
    shop.push(TWO_PLACES)
    deployed(shop, "staging", "1.2")
    github = shop.github()
    github.connection.rest("GET", f"/repos/{SHOP}")  # the token is there
    shop.responses.clear()
    standing = read_standing(github, now())
    assert len(shop.responses) == 1
    assert [isinstance(policy, Policy) for policy in standing.policies] == [True]
    assert (version_in(standing.running("Staging")), standing.running("production")) == ("1.2", None)
    assert standing.freezes == ()


def test_a_freeze_counts_when_its_author_may_write(shop: WaitingShop) -> None:
    shop.push(TWO_PLACES)
    frozen(shop, by="bo")
    frozen(shop, by="grace")
    freezes = read_standing(shop.github(), now()).freezes
    assert not isinstance(freezes, Missing)
    assert [(one.by, one.reason, one.concerns("production")) for one in freezes] == [
        ("grace", "Inventory", True)
    ]


def test_what_runs_since_before_the_newest_hundred_is_found(shop: WaitingShop) -> None:
    shop.push(TWO_PLACES)
    deployed(shop, "staging", "1.0")
    for number in range(100):
        deployed(shop, "production", f"2.{number}")
    standing = read_standing(shop.github(), now())
    assert version_in(standing.running("staging")) == "1.0"
    assert version_in(standing.running("production")) == "2.99"


@pytest.mark.parametrize("lacking", ["issues", "deployments"])
def test_what_the_app_may_not_read_is_no_empty_answer(lacking: str, shop: WaitingShop) -> None:
    """GitHub's schema has no null there: a lacking permission takes the whole repository."""
    shop.push(TWO_PLACES)
    with pytest.raises(Forbidden, match="Give the token or the App what it lacks"):
        read_standing(shop.github(without=(lacking,)), now())


def test_a_repository_that_is_not_shown_is_not_found(shop: WaitingShop) -> None:
    token = shop.github().connection.token
    with pytest.raises(NotFound, match="acme/none: GitHub shows no such repository"):
        read_standing(GitHub("acme/none", token, api_url=shop.server.url), now())
