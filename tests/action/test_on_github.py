"""A push travels through the sandbox: the real runner, the real gateway, real processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from protocol.entry import entries_in
from sandbox.actions import LocalAction
from sandbox.http import requests_made
from sandbox.state import WorkflowRun
from tests.runner import SHOP, Shop, made_by_jobs, shop_in

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, "-m", "action")
POLICY = """
version: 1
log: {releases: always}
environments:
  production:
    steps:
      verify: {run: 'echo 1.0.0'}
      deploy: {run: 'echo "deploy $VERSION over $PREVIOUS_VERSION" && echo x >> ../deployed'}
      smoke: [{name: The shop answers, run: 'test "$VERSION" != 2.0.0'}]
    rollback: {run: 'echo "back to $PREVIOUS_VERSION"'}
"""
WORKFLOW = """
on: push
permissions:
  checks: read
  contents: write
  deployments: write
  issues: write
  pull-requests: read
  actions: read
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - id: read
        run: echo "version=$(cat version)" >> "$GITHUB_OUTPUT"
      - id: deploy
        uses: acme/deployment-protocol@v1
        with:
          environment: production
          version: ${{ steps.read.outputs.version }}
      - if: always()
        run: echo "verdict is ${{ steps.deploy.outputs.verdict }}, status ${{ steps.deploy.outputs.status }}"
"""

HALVES = WORKFLOW.replace(
    """        uses: acme/deployment-protocol@v1
        with:
          environment: production
          version: ${{ steps.read.outputs.version }}
""",
    """        uses: acme/deployment-protocol@v1
        with:
          environment: production
          phase: start
          version: ${{ steps.read.outputs.version }}
      - run: |
          echo "own steps over ${{ steps.deploy.outputs.previous_version }}"
          test "$(cat version)" != 3.0.0
      - if: always() && steps.deploy.outputs.status == 'started'
        uses: acme/deployment-protocol@v1
        with:
          environment: production
          phase: finish
          job_status: ${{ job.status }}
""",
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path / "world", {"acme/deployment-protocol": action}) as shop:
        set_up(shop, WORKFLOW)
        yield shop


def set_up(shop: Shop, workflow: str) -> None:
    """The workflow comes with a commit of its own: GitHub lets no job release a commit that changes one."""
    files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": workflow}
    shop.world.commit(SHOP, files, "The protocol", quiet=True)


def change_policy(shop: Shop, policy: str) -> None:
    shop.world.commit(SHOP, {".github/deploy.yml": policy}, "Another policy", quiet=True)


def push(
    shop: Shop, version: str, *, branch: str = "main", files: dict[str, str] | None = None
) -> WorkflowRun:
    """Push a version; the run it started, when it has ended."""
    return shop.finished(start(shop, version, branch=branch, files=files))


def start(
    shop: Shop, version: str, *, branch: str = "main", files: dict[str, str] | None = None
) -> WorkflowRun:
    known = set(shop.repository.runs)
    shop.world.commit(SHOP, {"version": version, **(files or {})}, version, branch=branch)
    [run] = [run for number, run in shop.repository.runs.items() if number not in known]
    return run


def has_ended(shop: Shop, run: WorkflowRun, step: str) -> bool:
    return any(one.name == step and one.status == "completed" for one in shop.job(run, "deploy").steps)


def release_body(shop: Shop, tag: str) -> str:
    return str(shop.ask("GET", f"/releases/tags/{tag}")["body"])


def test_a_push_is_deployed_and_logged_in_at_most_ten_requests(shop: Shop) -> None:
    run = push(shop, "1.1.0")
    assert run.conclusion == "success", shop.story(run)
    made = list(shop.world.exchanges)
    log = shop.log(run, "deploy")
    assert "deploy 1.1.0 over 1.0.0" in log
    assert "verdict is allow, status success" in log
    assert requests_made(made) <= 10, [(one.who, one.method, one.path) for one in made]
    assert len(made_by_jobs(shop.world)) == 8
    [entry] = entries_in(release_body(shop, "1.1.0"))
    assert (entry.status, entry.deployer, entry.sha) == ("success", "ada", run.head_sha)


def test_the_next_version_knows_the_one_before(shop: Shop) -> None:
    push(shop, "1.1.0")
    run = push(shop, "1.2.0")
    [entry] = entries_in(release_body(shop, "1.2.0"))
    assert entry.previous_version == "1.0.0", shop.story(run)
    assert entry.changes_url.endswith(f"...{run.head_sha}")


def test_a_merged_pull_request_stands_in_the_log_and_hears_of_it_within_ten_requests(shop: Shop) -> None:
    push(shop, "1.1.0")
    known = set(shop.repository.runs)
    ada = shop.world.user("ada")
    shop.world.commit(SHOP, {"version": "1.2.0"}, "Search", branch="search", author=ada, quiet=True)
    pull = shop.ask("POST", "/pulls", {"title": "Faster *search*", "head": "search", "base": "main"})
    shop.world.exchanges.clear()
    shop.ask("PUT", f"/pulls/{pull['number']}/merge", {}, by="grace")
    [run] = [run for number, run in shop.repository.runs.items() if number not in known]
    shop.finished(run)
    made = [one for one in shop.world.exchanges if one.who.startswith("job:")]
    assert len(made) <= 10, [(one.method, one.path) for one in made]
    [entry] = entries_in(release_body(shop, "1.2.0"))
    assert [(part.number, part.authors) for part in entry.included] == [(pull["number"], ("ada",))]
    assert entry.changes == f"Faster *search* (#{pull['number']})"
    [comment] = shop.ask("GET", f"/issues/{pull['number']}/comments")
    assert "- production: Success - 1.2.0 in " in comment["body"]


def test_a_broken_version_is_rolled_back_and_documented(shop: Shop) -> None:
    run = push(shop, "2.0.0")
    assert run.conclusion == "failure"
    assert "back to 1.0.0" in shop.log(run, "deploy"), shop.story(run)
    [issue] = shop.ask("GET", "/issues")
    assert issue["title"] == "production: 2.0.0 was rolled back"
    assert [label["name"] for label in issue["labels"]] == ["deploy-rollback"]
    assert "### Timeline" in issue["body"]
    [entry] = entries_in(release_body(shop, "2.0.0"))
    assert (entry.status, entry.document_url) == ("rollback", issue["html_url"])
    assert f"[what went wrong]({issue['html_url']})" in release_body(shop, "2.0.0")


def test_a_job_without_an_environment_makes_its_own_deployment_and_ends_it(shop: Shop) -> None:
    set_up(shop, WORKFLOW.replace("    environment: production\n    steps", "    steps"))
    run = push(shop, "1.1.0")
    assert run.conclusion == "success", shop.story(run)
    [made] = shop.ask("GET", "/deployments")
    statuses = shop.ask("GET", f"/deployments/{made['id']}/statuses")
    assert [status["state"] for status in statuses] == ["success", "in_progress"]
    assert made["payload"]["version"] == "1.1.0"
    assert len(made_by_jobs(shop.world)) == 8 + 3


def test_a_killed_job_leaves_its_story(shop: Shop) -> None:
    change_policy(shop, POLICY.replace("echo x >> ../deployed", "kill -9 $PPID; sleep 5"))
    run = push(shop, "1.1.0")
    assert run.conclusion == "failure"
    [entry] = entries_in(release_body(shop, "1.1.0"))
    assert entry.status == "stopped", shop.story(run)
    assert entry.issues[0].startswith("the job ended during deploy; these had passed: verify.")
    [issue] = shop.ask("GET", "/issues")
    assert issue["title"] == "production: 1.1.0 was stopped"


def test_a_cancelled_job_ends_its_command_goes_back_and_tells_the_log(shop: Shop, tmp_path: Path) -> None:
    began = tmp_path / "began"
    change_policy(shop, POLICY.replace("echo x >> ../deployed", f"echo $$ > {began}; sleep 60"))
    run = start(shop, "1.1.0")
    shop.wait(run, lambda: began.exists() and bool(began.read_text()))
    cancelled = time.monotonic()
    shop.ask("POST", f"/actions/runs/{run.id}/cancel")
    shop.wait(run, lambda: has_ended(shop, run, "Run acme/deployment-protocol@v1"))
    assert time.monotonic() - cancelled < 9
    shop.finished(run)
    assert run.conclusion == "cancelled"
    assert not psutil.pid_exists(int(began.read_text()))
    [entry] = entries_in(release_body(shop, "1.1.0"))
    assert entry.status == "rollback", shop.story(run)
    assert entry.issues[0] == "the job was stopped (SIGINT) during deploy"
    assert "back to 1.0.0" in shop.log(run, "deploy")


def test_peers_14_a_policy_of_the_pushed_branch_is_not_the_policy(shop: Shop) -> None:
    mine = "version: 1\nenvironments: {production: {steps: {deploy: {run: echo mine}}}}\n"
    run = push(shop, "1.2.0", branch="topic", files={".github/deploy.yml": mine})
    log = shop.log(run, "deploy")
    assert "deploy 1.2.0 over 1.0.0" in log, shop.story(run)
    assert "mine" not in log


def test_start_and_finish_stand_around_the_jobs_own_steps_for_one_request_more(shop: Shop) -> None:
    set_up(shop, HALVES)
    run = push(shop, "1.1.0")
    assert run.conclusion == "success", shop.story(run)
    assert "own steps over 1.0.0" in shop.log(run, "deploy")
    made = list(shop.world.exchanges)
    assert requests_made(made) <= 11, [(one.who, one.method, one.path) for one in made]
    assert len(made_by_jobs(shop.world)) == 8 + 1
    [entry] = entries_in(release_body(shop, "1.1.0"))
    assert (entry.status, entry.previous_version) == ("success", "1.0.0")


def test_own_steps_that_fail_are_rolled_back_by_finish(shop: Shop) -> None:
    set_up(shop, HALVES)
    run = push(shop, "3.0.0")
    assert run.conclusion == "failure"
    assert "back to 1.0.0" in shop.log(run, "deploy"), shop.story(run)
    [entry] = entries_in(release_body(shop, "3.0.0"))
    assert (entry.status, entry.issues[0]) == ("rollback", "the job's own steps: ended as failure")
