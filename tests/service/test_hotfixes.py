"""A hotfix deployed behind the App's gate comes back by itself, whatever its job runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.state import Issue, PullRequest
from service.hotfixes import Success, bring_back
from tests.serving import Served, serving
from tests.waiting import SHOP, now

POLICY = """\
version: 1
environments: {production: {deploy: manual}}
hotfix: {branches: ["hotfix/*"], from: production, back_port: main}
"""
WORKFLOW = """\
on: {push: {branches: [main, "hotfix/*"]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: echo out it goes}]
"""
LINES = "one\ntwo\nthree\nfour\nfive\nsix\n"
FIXED = LINES.replace("three", "three, fixed")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW}
        served.shop.world.commit(SHOP, files, "The protocol", quiet=True)
        yield served


def pushed(served: Served, text: str, branch: str = "main", *, quiet: bool = False) -> str:
    ada = served.shop.world.user("ada")
    sha = served.shop.world.commit(SHOP, {"app": text}, "Work", branch=branch, author=ada, quiet=quiet)
    served.settle()
    return sha


def ended(served: Served, sha: str) -> None:
    """Its run went in, and the App has heard of it."""
    runs = served.shop.repository.runs.values()
    served.shop.wait(lambda: any(run.head_sha == sha and run.conclusion == "success" for run in runs))
    served.settle()


def hotfixed(served: Served, ahead: str) -> str:
    """Production runs LINES, main has gone on to `ahead`, and the fix is reviewed and deployed."""
    running = pushed(served, LINES)
    ended(served, running)
    assert back_ports(served) == []  # an ordinary deployment
    served.shop.ask("POST", "/git/refs", {"ref": "refs/heads/hotfix/login", "sha": running})
    served.settle()
    pushed(served, ahead, quiet=True)
    sha = pushed(served, FIXED, "hotfix/login")
    asked = {"title": "Fix the login", "head": "hotfix/login", "base": "main"}
    number = served.shop.ask("POST", "/pulls", asked)["number"]
    served.shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="grace")
    served.settle()
    ended(served, sha)
    return sha


def back_ports(served: Served) -> list[PullRequest]:
    return [pull for pull in served.shop.repository.pulls if pull.head_ref.startswith("back-port/")]


def post_mortem(served: Served) -> Issue:
    issues = served.shop.repository.issues.values()
    (issue,) = [one for one in issues if "post-mortem" in {label.name for label in one.labels}]
    return issue


def again(served: Served, **changes: Any) -> None:
    """The App hears of the newest deployment's success once more."""
    newest = max(served.shop.repository.deployments)
    run = max(served.shop.repository.runs)
    bring_back(served.shop.github(), Success(**{"deployment_id": newest, "run_id": run} | changes), now)


@pytest.mark.parametrize(
    ("ahead", "stands"),
    [
        pytest.param(LINES + "seven\n", "to be merged", id="without conflict"),
        pytest.param(
            LINES.replace("three", "three, otherwise"), "conflicts to be settled", id="with conflict"
        ),
    ],
)
def test_after_success_the_app_opens_the_back_port_once_and_the_post_mortem_leads_there(
    served: Served, ahead: str, stands: str
) -> None:
    sha = hotfixed(served, ahead)
    again(served)
    (pull,) = back_ports(served)
    assert (pull.head_ref, pull.base_ref) == (f"back-port/hotfix-login-{sha[:7]}", "main")
    told = [one.body for one in post_mortem(served).comments if "Back-port: " in one.body]
    assert len(told) == 1
    assert told[0].endswith(f"/pull/{pull.number}, {stands}")


def test_what_github_does_not_take_is_told_in_the_post_mortem(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="status", method="POST", path="/merges$", status=403, times=None))
    hotfixed(served, LINES + "seven\n")
    assert back_ports(served) == []
    told = [one.body for one in post_mortem(served).comments if "Back-port: " in one.body]
    assert "to be made by hand, since it failed (" in told[0]


def test_a_hotfix_that_was_replaced_since_is_not_brought_back(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="status", method="POST", path="/merges$", status=403, times=None))
    sha = hotfixed(served, LINES + "seven\n")
    hotfix, github = max(served.shop.repository.deployments), served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production")
    github.post_deployment_status(made, state="success")
    served.shop.world.faults.clear()
    again(served, deployment_id=hotfix)
    assert back_ports(served) == []
