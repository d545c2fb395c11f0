"""A hotfix travels on real git: from `hotfix start` to its back-port and its post-mortem."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy_protocol import main
from gateway.checkout import Checkout, NoCheckout
from sandbox.actions import LocalAction
from sandbox.state import WorkflowRun
from tests.runner import SHOP, Shop, made_by_jobs, shop_in

ROOT = Path(__file__).parents[1]
RUN = (sys.executable, "-m", "action")
POLICY = """
version: 1
environments: {production: {steps: {deploy: {run: 'cat app'}}}}
hotfix: {back_port: main}
"""
WORKFLOW = """
on: {push: {branches: [main, "hotfix/*"]}}
permissions:
  {actions: read, checks: read, contents: write, deployments: write, issues: write, pull-requests: write}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - uses: acme/deployment-protocol@v1
        with: {environment: production}
"""
LINES = "one\ntwo\nthree\nfour\nfive\nsix\n"


@dataclass(kw_only=True)
class Desk:
    """ada's clone, on a machine without a browser."""

    shop: Shop
    home: Path

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=ada", "-c", "user.email=ada@shop.test")
        command = ["git", "-C", str(self.home), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, text: str, message: str) -> str:
        (self.home / "app").write_text(text, encoding="utf-8")
        self.git("commit", "-qam", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> WorkflowRun:
        """Push what is checked out; the run it started, when it has ended."""
        known = set(self.shop.repository.runs)
        self.git("push", "-q", "origin", "HEAD")
        [run] = [run for number, run in self.shop.repository.runs.items() if number not in known]
        return self.shop.finished(run)

    def run_again(self, run: WorkflowRun) -> None:
        attempt = run.attempt + 1
        self.shop.ask("POST", f"/actions/runs/{run.id}/rerun")
        self.shop.wait(run, lambda: run.attempt == attempt and run.status == "completed")
        assert run.conclusion == "success", self.shop.story(run)

    def hotfix(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["hotfix", "start", *arguments])

    def pull(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["hotfix", "pull", *arguments])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path / "world", {"acme/deployment-protocol": action}) as shop:
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW, "app": LINES}
        shop.world.commit(SHOP, files, "The protocol", quiet=True)
        remote = shop.world.url.replace("http://", f"http://ada:{shop.token('ada')}@")
        subprocess.run(["git", "clone", "-q", f"{remote}/{SHOP}.git", str(tmp_path / "clone")], check=True)
        monkeypatch.chdir(tmp_path / "clone")
        monkeypatch.setenv("GITHUB_TOKEN", shop.token("ada"))
        monkeypatch.setenv("GITHUB_API_URL", shop.world.url)
        yield Desk(shop=shop, home=tmp_path / "clone")


def deployed_and_moved_on(desk: Desk, ahead: str) -> str:
    """What production runs, while main has gone on to hold `ahead`."""
    running = desk.commit(LINES.replace("one", "ONE"), "What production runs")
    assert desk.push().conclusion == "success"
    desk.shop.world.commit(SHOP, {"app": ahead}, "Later work", quiet=True)
    return running


def travel(desk: Desk, fixed: str) -> str:
    """Start, fix, push, be reviewed, deploy; the hotfix's commit."""
    assert desk.hotfix("login").exit_code == 0
    sha = desk.commit(fixed, "Fix the login")
    run = desk.push()
    assert "Hotfix: 0 of 1 approvals" in desk.shop.log(run, "deploy")
    assert desk.pull("login").exit_code == 0
    [number] = [pull.number for pull in desk.shop.repository.pulls if pull.head_ref == "hotfix/login"]
    desk.shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="grace")
    desk.shop.world.exchanges.clear()
    desk.run_again(run)
    return sha


def back_ports(desk: Desk) -> Any:
    pulls = desk.shop.ask("GET", "/pulls?state=all")
    return [pull for pull in pulls if pull["head"]["ref"].startswith("back-port/")]


def post_mortem(desk: Desk) -> Any:
    [issue] = desk.shop.ask("GET", "/issues?labels=post-mortem")
    return issue


def test_a_hotfix_without_conflict_comes_back_by_a_pull_request_that_only_has_to_be_merged(
    desk: Desk,
) -> None:
    ahead = LINES.replace("one", "ONE").replace("six", "six\nseven")
    running = deployed_and_moved_on(desk, ahead)
    sha = travel(desk, LINES.replace("one", "ONE").replace("three", "three, fixed"))
    assert len(made_by_jobs(desk.shop.world)) == 8 + 7  # brought back, with a post-mortem
    assert desk.git("rev-parse", f"{sha}^") == running
    [pull] = back_ports(desk)
    assert (pull["base"]["ref"], pull["head"]["ref"]) == ("main", f"back-port/hotfix-login-{sha[:7]}")
    desk.shop.ask("PUT", f"/pulls/{pull['number']}/merge")
    desk.git("fetch", "-q", "origin")
    assert desk.git("show", "origin/main:app") == ahead.replace("three", "three, fixed").strip()
    issue = post_mortem(desk)
    assert issue["title"] == "Post-mortem: hotfix hotfix/login"
    assert pull["html_url"] in issue["body"]
    assert "### Why it was not caught" in issue["body"]


def test_a_hotfix_with_a_conflict_comes_back_by_a_pull_request_a_person_can_finish(desk: Desk) -> None:
    deployed_and_moved_on(desk, LINES.replace("three", "three, otherwise"))
    sha = travel(desk, LINES.replace("one", "ONE").replace("three", "three, fixed"))
    [pull] = back_ports(desk)
    name = pull["head"]["ref"]
    assert pull["head"]["sha"] == sha
    assert "**conflicts**" in pull["body"]
    assert "conflicts to be settled" in post_mortem(desk)["body"]
    commands = [line for line in pull["body"].splitlines() if line.startswith("git ")]
    assert commands[0] == f"git fetch origin && git switch {name}"
    desk.git("fetch", "-q", "origin")
    desk.git("switch", "-q", name)
    with pytest.raises(subprocess.CalledProcessError):
        desk.git("merge", "origin/main")
    settled = LINES.replace("one", "ONE").replace("three", "three, otherwise and fixed")
    desk.commit(settled, "Settled")
    desk.git("push", "-q", "origin", name)
    desk.shop.ask("PUT", f"/pulls/{pull['number']}/merge")
    desk.git("fetch", "-q", "origin")
    assert desk.git("show", "origin/main:app") == settled.strip()


def test_a_hotfix_deployed_again_is_brought_back_once(desk: Desk) -> None:
    deployed_and_moved_on(desk, LINES)
    travel(desk, LINES.replace("one", "ONE").replace("three", "three, fixed"))
    desk.run_again(max(desk.shop.repository.runs.values(), key=lambda run: run.id))
    assert len(back_ports(desk)) == 1
    assert post_mortem(desk)


def test_each_hotfix_deployed_from_a_terminal_has_a_post_mortem_of_its_own(desk: Desk) -> None:
    deployed_and_moved_on(desk, LINES)
    travel(desk, LINES.replace("one", "ONE").replace("three", "three, fixed"))
    deploy = [sys.executable, str(ROOT / "deploy_protocol.py"), "run", "--environment", "production"]
    for version in ("1.0.1", "1.0.2"):
        subprocess.run([*deploy, "--version", version], cwd=desk.home, check=True)
    assert len(desk.shop.ask("GET", "/issues?labels=post-mortem")) == 1 + 2
    assert len(back_ports(desk)) == 1


def test_a_hotfix_begun_twice_is_told_where_to_go_on(desk: Desk) -> None:
    deployed_and_moved_on(desk, LINES)
    assert desk.hotfix("login").exit_code == 0
    again = desk.hotfix("login")
    assert (again.exit_code, "Go on with `git switch hotfix/login`" in again.stderr) == (2, True), (
        again.stderr
    )


def test_a_hotfixs_pull_request_has_its_label_its_rules_and_a_warning_when_it_is_large(desk: Desk) -> None:
    policy = POLICY.replace("{back_port: main}", "{max_lines: 3}")
    (desk.home / ".github" / "deploy.yml").write_text(policy, encoding="utf-8")
    refused = desk.pull("login")
    assert (refused.exit_code, "git push -u origin hotfix/login" in refused.stderr) == (2, True)
    desk.git("switch", "-qc", "hotfix/login")
    desk.commit("all\nanew\n", "Fix the login")
    desk.git("push", "-q", "origin", "hotfix/login")
    for _ in range(2):  # open already, it is found
        opened = desk.pull("login", "--title", "The login answers again")
        assert opened.exit_code == 0, opened.stderr
    [pull] = desk.shop.ask("GET", "/pulls")
    assert (pull["title"], pull["base"]["ref"]) == ("The login answers again", "main")
    assert [label["name"] for label in pull["labels"]] == ["hotfix"]
    assert "does not wait for windows, freezes and after. It needs 1 approval" in pull["body"]
    assert f"{pull['html_url']} brings hotfix/login to main: 10 lines changed." in opened.stdout
    assert "That is much for a hotfix" in opened.stderr


def test_what_was_not_committed_comes_along_and_that_is_said(desk: Desk) -> None:
    deployed_and_moved_on(desk, LINES)
    (desk.home / ".github" / "deploy.yml").write_text(f"{POLICY}# half a thought\n", encoding="utf-8")
    begun = desk.hotfix("login")
    assert (begun.exit_code, "had not committed came along" in begun.stderr) == (0, True), begun.stderr
    desk.git("stash", "--quiet")
    assert "came along" not in desk.hotfix("cart").stderr


REFUSED = {
    "no name for a branch": (["../x"], POLICY, "cannot be the name of a branch"),
    "nothing deployed": (["login"], POLICY, "Nothing was ever deployed to production"),
    "no hotfix in the policy": (["login"], POLICY.partition("hotfix:")[0], "The policy has no `hotfix:`"),
}


@pytest.mark.parametrize(("arguments", "policy", "why"), REFUSED.values(), ids=REFUSED)
def test_a_hotfix_that_cannot_begin_says_why_and_makes_no_branch(
    desk: Desk, arguments: list[str], policy: str, why: str
) -> None:
    (desk.home / ".github" / "deploy.yml").write_text(policy, encoding="utf-8")
    ended = desk.hotfix(*arguments)
    assert (ended.exit_code, why in ended.stderr) == (2, True), ended.stderr
    assert desk.git("branch", "--format=%(refname:short)") == "main"


def test_without_hotfix_in_the_policy_the_lines_that_are_shown_are_those_to_add(desk: Desk) -> None:
    file = desk.home / ".github" / "deploy.yml"
    bare = POLICY.partition("hotfix:")[0].replace("production", "live")
    file.write_text(bare, encoding="utf-8")
    _, _, lines = desk.hotfix("login").stderr.partition(":\n\n")
    file.write_text(f"{bare}\n{lines}", encoding="utf-8")
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    assert "Nothing was ever deployed to live" in desk.hotfix("login").stderr


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCheckout, match="git is not installed here"):
        Checkout(tmp_path).git("status")


def test_what_git_complains_of_is_its_reason_and_not_its_advice(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(NoCheckout, match="git fetch: fatal: 'origin' does not appear to be a git repository"):
        Checkout(tmp_path).git("fetch", "origin")
