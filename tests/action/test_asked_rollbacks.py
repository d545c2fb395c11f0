"""`phase: rollback` as docs/recipes.md shows it: GitHub makes its job a Deployment of main's commit too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.actions import LocalAction
from tests.action.test_on_github import POLICY, ROOT, RUN, WORKFLOW, push
from tests.runner import SHOP, Shop, shop_in

ROLL_BACK = WORKFLOW.replace("on: push", "on: workflow_dispatch").replace(
    "          version: ${{ steps.read.outputs.version }}\n", "          phase: rollback\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path / "world", {"acme/deployment-protocol": action}) as shop:
        write(shop, POLICY)
        for version in ("1.1.0", "1.2.0"):
            push(shop, version)
        yield shop


def write(shop: Shop, policy: str) -> None:
    files = {
        ".github/deploy.yml": policy,
        ".github/workflows/deploy.yml": WORKFLOW,
        ".github/workflows/back.yml": ROLL_BACK,
    }
    shop.world.commit(SHOP, files, "The protocol", quiet=True)


def roll_back(shop: Shop) -> str:
    """What its job printed."""
    known = set(shop.repository.runs)
    shop.ask("POST", "/actions/workflows/back.yml/dispatches", {"ref": "main"})
    [run] = [run for number, run in shop.repository.runs.items() if number not in known]
    return shop.log(shop.finished(run), "deploy")


def test_what_was_taken_back_is_not_gone_back_to(shop: Shop) -> None:
    assert "Rolling production back from 1.2.0 to 1.1.0" in roll_back(shop)
    again = roll_back(shop)
    assert "refuse  rollback.not_proven: No other version is known to have run well" in again
    assert "Rolling production back" not in again


@pytest.mark.parametrize(
    ("asked", "status"), [("dry_run: true", "dry run"), ("phase: check", "checked")], ids=["dry run", "check"]
)
def test_what_was_not_begun_is_no_deployment(shop: Shop, asked: str, status: str) -> None:
    only_asked = WORKFLOW.replace(
        "environment: production\n          version",
        f"environment: production\n          {asked}\n          version",
    )
    files = {".github/workflows/deploy.yml": only_asked}
    shop.world.commit(SHOP, files, "Only show it", quiet=True)
    run = push(shop, "1.3.0")
    assert (run.conclusion, f"status {status}" in shop.log(run, "deploy")) == ("success", True), shop.story(
        run
    )
    assert "Rolling production back from 1.2.0 to 1.1.0" in roll_back(shop)


def test_a_rollback_that_failed_is_tried_again_to_the_same_version(shop: Shop) -> None:
    write(shop, POLICY.replace('echo "back to $PREVIOUS_VERSION"', "false"))
    assert "the rollback failed during rollback: previous version" in roll_back(shop)
    write(shop, POLICY)
    assert "Rolling production back from 1.2.0 to 1.1.0" in roll_back(shop)
