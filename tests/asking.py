"""A waiting shop whose people write comments and press buttons, for tests of what the App does about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.state import Comment, Issue, WorkflowRun
from service.asks import Comment as Asked
from service.asks import Merge, attend
from service.clicks import Click
from tests.waiting import SHOP, WaitingShop, now

WORKFLOW = """\
on:
  workflow_dispatch:
    inputs:
      environment: {required: true}
      version: {required: false}
      phase: {required: false}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: ${{ inputs.environment }}
    steps:
      - run: echo out it goes
"""
POLICY = """\
version: 1
timezone: Europe/Berlin
access:
  emergency: {who: ["user:grace"], contact: "https://acme.example/on-call"}
environments:
  staging: {deploy: manual, workflow: deploy.yml}
  production:
    deploy: manual
    workflow: deploy.yml
    approvals:
      - {name: Release manager, count: 1, from: ["team:acme/release-managers"]}
hotfix: {branches: ["hotfix/*"], from: production}
"""


class Asking:
    """People before the App, which hears of what they do at once."""

    def __init__(self, shop: WaitingShop, policy: str = POLICY, workflow: str = WORKFLOW) -> None:
        self.shop = shop
        self.world = shop.world
        self.github = shop.github()
        self.write(policy, workflow)
        self.world.add_environment(SHOP, "staging", custom=(shop.played,))

    def write(self, policy: str, workflow: str = WORKFLOW) -> None:
        """Another policy on the default branch."""
        files = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": workflow}
        self.world.commit(SHOP, files, "Policy", quiet=True)

    @property
    def issues(self) -> dict[int, Issue]:
        return self.shop.repository.issues

    @property
    def runs(self) -> list[WorkflowRun]:
        return list(self.shop.repository.runs.values())

    def issue(self, by: str = "ada") -> int:
        return int(self.shop.ask("POST", "/issues", {"title": "Talk"}, by=by)["number"])

    def pull(self, branch: str = "sell", *, by: str = "ada") -> int:
        """An open pull request."""
        self.world.commit(SHOP, {f"{branch}.py": "1\n"}, "Sell", branch=branch, author=self.world.user(by))
        fields = {"title": "Sell more", "head": branch, "base": "main", "body": ""}
        return int(self.shop.ask("POST", "/pulls", fields, by=by)["number"])

    def merge(self, number: int, by: str = "grace") -> str:
        return str(self.shop.ask("PUT", f"/pulls/{number}/merge", {}, by=by)["sha"])

    def hear_of_merge(self, number: int) -> None:
        attend(self.github, Merge(number=number), now)

    def merged(self, branch: str = "sell") -> int:
        number = self.pull(branch)
        self.merge(number)
        return number

    def say(self, number: int, body: str, *, by: str = "ada") -> int:
        """A comment, and what the App does about it. Returns the comment's id."""
        comment_id = self.write_comment(number, body, by=by)
        self.hear(comment_id)
        return comment_id

    def write_comment(self, number: int, body: str, *, by: str = "ada") -> int:
        return int(self.shop.ask("POST", f"/issues/{number}/comments", {"body": body}, by=by)["id"])

    def hear(self, comment_id: int) -> None:
        attend(self.github, Asked(comment_id=comment_id), now)

    def press(
        self,
        check_run_id: int,
        identifier: str,
        *,
        by: str,
        delivery: str = "",
        clock: Callable[[], datetime] = now,
    ) -> None:
        click = Click(check_run_id=check_run_id, identifier=identifier, by=by, delivery=delivery)
        attend(self.github, click, clock)

    def comment(self, comment_id: int) -> Comment:
        return next(one for issue in self.issues.values() for one in issue.comments if one.id == comment_id)

    def reactions(self, comment_id: int) -> list[str]:
        return [one.content for one in self.comment(comment_id).reactions]

    def replies(self, comment_id: int) -> list[str]:
        """What the App answered to a comment, without its hidden lines."""
        marker = f"<!-- deploy-protocol:reply to={comment_id} -->"
        everything = (one.body for issue in self.issues.values() for one in issue.comments)
        return ["\n".join(body.splitlines()[2:]) for body in everything if body.startswith(marker)]

    def reply(self, comment_id: int) -> str:
        (only,) = self.replies(comment_id)
        return only

    def labelled(self, label: str) -> list[Issue]:
        return [issue for issue in self.issues.values() if label in {one.name for one in issue.labels}]

    def records(self) -> list[str]:
        """What the App wrote down of whom it started runs for."""
        checks = self.shop.repository.check_runs.values()
        return [one.external_id for one in checks if one.external_id.startswith("deploy-protocol:start:")]

    def started(self) -> list[tuple[str, dict[str, Any]]]:
        """The runs started by hand or by us: actor and inputs."""
        by_hand = (run for run in self.runs if run.event == "workflow_dispatch")
        return [(run.actor.login, dict(run.payload.get("inputs") or {})) for run in by_hand]
