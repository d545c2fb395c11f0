"""A run that is run again on the sandbox: what its team was told is read back from GitHub's record."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.actions import LocalAction
from sandbox.state import WorkflowRun
from tests.chat import Chat, start_chat
from tests.runner import SHOP, Shop, made_by_jobs, shop_in

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, "-W", "ignore", "-m", "action")
POLICY = """
version: 1
environments:
  production:
    notify: {before: [team], during: [team], after: [team]}
    checklist: [{item: Team notified, notified: before}]
    steps: {deploy: {run: 'true'}}
"""
WORKFLOW = """
on: push
permissions:
  {actions: read, checks: read, contents: write, deployments: write, issues: write, pull-requests: read}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: acme/deployment-protocol@v1
        with: {environment: production, version: 1.1.0}
        env: {NOTIFY_TEAM: "CHANNEL"}
"""


@contextmanager
def shop_with(root: Path, chat: Chat, policy: str) -> Iterator[Shop]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(root, {"acme/deployment-protocol": action}) as shop:
        workflow = WORKFLOW.replace("CHANNEL", chat.channel)
        files = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": workflow}
        shop.world.commit(SHOP, files, "The protocol", quiet=True)
        yield shop


def push(shop: Shop) -> WorkflowRun:
    shop.world.commit(SHOP, {"version": "1.1.0"}, "1.1.0")
    [run] = shop.repository.runs.values()
    return shop.finished(run)


def test_a_killed_jobs_team_is_told_by_the_end_of_the_job(tmp_path: Path) -> None:
    with start_chat() as chat, shop_with(tmp_path, chat, POLICY.replace("true", "kill -9 $PPID")) as shop:
        run = push(shop)
        assert run.conclusion == "failure", shop.story(run)
    told = ["Deploying 1.1.0 to production", "1.1.0 was stopped in production"]
    assert chat.titles == told, shop.story(run)
    assert "What went wrong: the job ended during deploy" in chat.heard[-1].json["message"]


def test_a_run_that_is_run_again_tells_its_team_once(tmp_path: Path) -> None:
    with start_chat() as chat, shop_with(tmp_path, chat, POLICY) as shop:
        run = push(shop)
        assert run.conclusion == "success", shop.story(run)
        assert len(made_by_jobs(shop.world)) == 4 + 2  # a note before and a note during
        shop.ask("POST", f"/actions/runs/{run.id}/rerun")
        shop.wait(run, lambda: run.attempt == 2 and run.status == "completed")
        assert run.conclusion == "success", shop.story(run)
    assert chat.titles == [
        "Deploying 1.1.0 to production",
        "1.1.0 is out in production and being looked at",
        "1.1.0 is in production",
    ]
