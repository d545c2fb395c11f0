"""How many requests a whole successful run takes: a job's token has a thousand an hour."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.actions import LocalAction
from tests.runner import SHOP, Shop, made_by_jobs, shop_in

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, "-m", "action")
POLICY = """
version: 1
log: {releases: always}
environments:
  production:
    approvals: [{name: Anybody, count: 1, from: [anyone], when: {labels: [risky]}}]
    steps: {verify: {run: 'echo 1'}, deploy: {run: 'true'}}
"""
WORKFLOW = """
on: {push: {branches: [live]}}
permissions:
  {actions: read, checks: read, contents: write, deployments: write, issues: write, pull-requests: write}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: acme/deployment-protocol@v1
        with: {environment: production}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path, {"acme/deployment-protocol": action}) as shop:
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW}
        shop.world.commit(SHOP, files, "The protocol", quiet=True)
        yield shop


def merge(shop: Shop, how_many: int) -> None:
    """So many pull requests, each with a commit."""
    for at in range(how_many):
        branch = f"topic-{at}"
        shop.world.commit(SHOP, {f"{branch}.py": "1\n"}, f"Part {at}", branch=branch, quiet=True)
        pull = shop.ask("POST", "/pulls", {"title": f"Part {at}", "head": branch, "base": "main"})
        shop.ask("PUT", f"/pulls/{pull['number']}/merge", {}, by="grace")


def deploy(shop: Shop) -> None:
    """What main holds now, from the branch `live`."""
    head = shop.ask("GET", "/git/ref/heads/main")["object"]["sha"]
    if "live" in {branch["name"] for branch in shop.ask("GET", "/branches")}:
        shop.ask("PATCH", "/git/refs/heads/live", {"sha": head})
    else:
        shop.ask("POST", "/git/refs", {"ref": "refs/heads/live", "sha": head})
    run = shop.finished(shop.repository.runs[max(shop.repository.runs)])
    assert run.conclusion == "success", shop.story(run)


def test_counted_a_run_that_brings_twenty_pull_requests_takes_ten_requests_and_one_with_one_nine(
    shop: Shop,
) -> None:
    """One more, since several are compared: which files they change together, only REST can say."""
    deploy(shop)
    for pulls, most in ((1, 9), (20, 10)):
        merge(shop, pulls)
        shop.world.exchanges.clear()
        deploy(shop)
        assert len(made_by_jobs(shop.world)) == most
        lines = [issue.comments for issue in shop.repository.issues.values()]
        assert [len(comments) for comments in lines] == [1] * pulls
        shop.repository.issues.clear()
