"""A job whose runner was lost tells nothing itself; the App tells its story when GitHub ends its run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.connection import Response
from gateway.errors import GatewayError
from gateway.github import GitHub
from protocol.deployed_lines import MARKER
from protocol.entry import Entry, entries_in, one_line
from protocol.incident import incident_body, incident_mark
from sandbox.faults import Fault
from sandbox.state import Deployment, Issue, WorkflowRun
from service.entries import Entries
from service.lost_jobs import EndedRun, end_what_was_left
from tests.entries import make_entry
from tests.serving import Served
from tests.waiting import SHOP, WaitingShop, now, waiting_shop

WORKFLOW = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps: [{run: 'while test -e HELD; do sleep 0.02; done; exit 1'}]
"""
POLICY = """\
version: 1
timezone: Asia/Tokyo
log: {releases: always}
environments: {production: {deploy: manual}}
"""
WHY = "its job ended without a word: look, then use `phase: rollback`"
UNKNOWN = "what its steps did, how long they took and what was measured is not known"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path) as shop:
        yield shop


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A run that fails, and the Deployment that its job has begun."""

    shop: WaitingShop
    run: WorkflowRun
    deployment: Deployment

    @property
    def github(self) -> GitHub:
        return self.shop.github()

    @property
    def url(self) -> str:
        return f"{self.shop.server.url}/{SHOP}/actions/runs/{self.run.id}"

    def ends(self) -> None:
        self.shop.wait(lambda: self.run.status == "completed")

    def look(self) -> None:
        end_what_was_left(self.github, EndedRun(run_id=self.run.id), now)

    def says(self, line: str, state: Any = "in_progress") -> None:
        """As the action does."""
        self.github.post_deployment_status(
            self.deployment.id, state=state, description=line, log_url=self.url
        )

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(one.state, one.description) for one in self.deployment.statuses]

    @property
    def entries(self) -> list[Entry]:
        releases = self.shop.repository.releases.values()
        return [entry for one in releases for entry in entries_in(one.body or "")]

    @property
    def issues(self) -> list[Issue]:
        return [one for one in self.shop.repository.issues.values() if one.pull is None]

    @property
    def remarks(self) -> list[str]:
        """What stands of deployments on the pull request."""
        [pull] = self.shop.repository.pulls
        return [one.body for one in pull.issue.comments if one.body.startswith(MARKER)]

    def assert_told_once(self, status: str) -> None:
        """In each place, and nothing else there."""
        [entry], [issue], [remark] = self.entries, self.issues, self.remarks
        assert (entry.status, entry.document_url.rpartition("/")[2]) == (status, str(issue.number))
        assert (issue.body or "").startswith(incident_mark(entry))
        assert f"- production: {status.capitalize()} - 1.2.0" in remark
        assert remark.count("- production: ") == 1
        assert [line for _, line in self.said if line] == [one_line(entry)]


def ran(shop: WaitingShop, sha: str, version: str) -> None:
    """As the action leaves a deployment that went well."""
    payload = {"version": version, "workflow_run_id": 1}
    made = shop.github().create_deployment(sha=sha, ref="", environment="production", payload=payload)
    line = one_line(make_entry(version=version))
    shop.github().post_deployment_status(made, state="success", description=line)


def begun(
    shop: WaitingShop,
    *,
    policy: str = POLICY,
    workflow: str = WORKFLOW,
    held: Path = Path("/nowhere"),
    of: str = "",
) -> Lost:
    """The run of a pull request that brings 1.2.0 has begun to deploy that, or `of` an older commit.

    It is over, unless it is `held` by a file.
    """
    ada = shop.world.user("ada")
    files = {".github/workflows/deploy.yml": workflow.replace("HELD", str(held))}
    shop.world.commit(SHOP, {".github/deploy.yml": policy, **files}, "Begin", author=ada, quiet=True)
    ran(shop, shop.world.commit(SHOP, {"shop.py": "0\n"}, "Open", author=ada, quiet=True), "1.1.0")
    shop.world.commit(SHOP, {"shop.py": "1\n"}, "Sell", branch="sell", author=ada, quiet=True)
    number = shop.ask("POST", "/pulls", {"title": "Sell more", "head": "sell", "base": "main"})["number"]
    shop.ask("PUT", f"/pulls/{number}/merge", {}, by="grace")
    [run] = shop.repository.runs.values()
    lost = Lost(shop=shop, run=run, deployment=made_by_action(shop, run, sha=of))
    if not held.exists():
        lost.ends()
    return lost


def made_by_action(
    shop: WaitingShop, run: WorkflowRun, *, sha: str = "", version: str = "1.2.0"
) -> Deployment:
    payload = {"version": version, "workflow_run_id": run.id}
    github = shop.github()
    made = github.create_deployment(
        sha=sha or run.head_sha, ref="", environment="production", payload=payload
    )
    github.post_deployment_status(made, state="in_progress")
    return shop.repository.deployments[made]


def test_a_lost_job_has_its_entry_its_issue_its_line_and_its_copy(served: Served) -> None:
    lost = begun(served.shop)
    served.settle()
    lost.assert_told_once("stopped")
    [entry] = lost.entries
    assert (entry.version, entry.previous_version, entry.deployer) == ("1.2.0", "1.1.0", "grace")
    assert (entry.issues, entry.seconds, entry.metrics) == ((WHY, UNKNOWN), None, ())
    assert [part.title for part in entry.included] == ["Sell more"]
    assert entry.at.isoformat().endswith("+09:00")
    assert lost.said[-1][0] == "error"
    assert Entries(served.engine).one(SHOP, entry.key) == entry


@pytest.mark.parametrize("may_fail", [False, True], ids=["an event that never came", "a run that went well"])
def test_a_lost_job_that_no_event_tells_of_is_found_by_reconcile(served: Served, *, may_fail: bool) -> None:
    workflow = (
        WORKFLOW.replace("    steps:", "    continue-on-error: true\n    steps:") if may_fail else WORKFLOW
    )
    lost = begun(served.shop, workflow=workflow)
    assert lost.run.conclusion == ("success" if may_fail else "failure")
    if may_fail:
        served.settle()
    assert len(lost.said) == 1
    served.reconcile()
    lost.assert_told_once("stopped")


def test_reconcile_leaves_a_job_alone_that_is_only_slow(served: Served, tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    lost = begun(served.shop, held=held)
    served.reconcile()
    assert (lost.entries, lost.issues, lost.said) == ([], [], [("in_progress", "")])
    held.unlink()
    lost.ends()


def test_its_issue_says_that_nobody_saw_how_far_it_came(shop: WaitingShop) -> None:
    lost = begun(shop)
    lost.look()
    [issue] = lost.issues
    body = issue.body or ""
    assert (issue.title, [one.name for one in issue.labels]) == (
        "production: 1.2.0 was stopped",
        ["deploy-failed"],
    )
    assert "**Look at what production runs: how far the deployment got is not known.**" in body
    assert "with no approval that GitHub still shows." in body
    assert f"- {UNKNOWN}" in body
    assert "went back" not in body


def test_many_who_look_at_once_and_again_tell_it_once(shop: WaitingShop) -> None:
    lost = begun(shop)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: lost.look(), range(3)))
    lost.look()
    lost.assert_told_once("stopped")


@pytest.mark.parametrize("after_effect", [False, True], ids=["before GitHub does", "after GitHub did"])
def test_an_app_that_dies_at_each_of_its_writes_is_followed_by_one_that_tells_it_once(
    shop: WaitingShop, *, after_effect: bool
) -> None:
    lost = begun(shop)
    for path in ("/issues$", "/releases$", "/statuses$"):
        shop.world.faults.add(Fault(kind="cut", method="POST", path=path, after_effect=after_effect))
        with suppress(GatewayError):
            lost.look()
    lost.look()
    assert shop.world.faults.active == []
    lost.assert_told_once("stopped")


def test_what_github_will_never_take_does_not_keep_the_deployment_open(shop: WaitingShop) -> None:
    lost = begun(shop)
    for path in ("/issues$", "/releases$"):
        shop.world.faults.add(Fault(kind="status", status=403, method="POST", path=path, times=None))
    lost.look()
    assert (lost.entries, lost.issues, lost.said[-1][0]) == ([], [], "error")


LINE = "Failed - 1.2.0 in 3m: It sells: exit code 1"


def test_a_job_lost_between_its_line_and_its_log_has_the_rest_told_from_the_line(
    served: Served, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    held.touch()
    lost = begun(served.shop, held=held)
    lost.says(LINE, "failure")
    served.settle()
    held.unlink()
    lost.ends()
    served.settle()
    [entry], [issue] = lost.entries, lost.issues
    body = issue.body or ""
    assert (entry.status, entry.seconds, entry.previous_version) == ("failed", 180.0, "1.1.0")
    assert entry.issues == ("It sells: exit code 1", UNKNOWN)
    assert issue.title == "production: 1.2.0 failed"
    assert "nothing went back by itself" in body
    assert lost.said[-1] == ("failure", LINE)
    assert Entries(served.engine).one(SHOP, entry.key) == entry


@pytest.mark.parametrize("releases", ["always", "tags"])
def test_a_job_that_told_all_is_left_alone(shop: WaitingShop, releases: str) -> None:
    lost = begun(shop, policy=POLICY.replace("always", releases))
    entry = make_entry(
        sha=lost.run.head_sha,
        status="failed",
        version="1.2.0",
        deployment_id=lost.deployment.id,
        run_url=lost.url,
    )
    lost.says(one_line(entry), "failure")
    lost.github.open_issue("Ours", incident_body(entry), ["deploy-failed"])
    lost.github.write_log(entry, tag="1.2.0" if releases == "always" else None)
    before = writes(lost)
    lost.look()
    assert writes(lost) == before


def test_an_entry_that_its_job_wrote_stands_though_its_line_never_arrived(shop: WaitingShop) -> None:
    lost = begun(shop)
    [part] = lost.github.changes(head=lost.run.head_sha, base="", version="").parts
    entry = make_entry(
        sha=lost.run.head_sha, version="1.2.0", deployment_id=lost.deployment.id, included=(part,)
    )
    lost.github.write_log(entry, tag="1.2.0")
    lost.look()
    assert lost.entries == [entry]
    assert "- production: Success - 1.2.0" in lost.remarks[0]
    assert [(state, line.partition(" ")[0]) for state, line in lost.said[1:]] == [("error", "Stopped")]


def writes(lost: Lost) -> list[str]:
    made = (one for one in lost.shop.world.exchanges if one.method != "GET" and one.who.startswith("inst"))
    return [one.path for one in made if not one.path.endswith("/graphql")]


def test_a_version_without_a_release_has_its_issue_and_its_line_all_the_same(shop: WaitingShop) -> None:
    lost = begun(shop, policy=POLICY.replace("always", "tags"))
    lost.look()
    assert lost.entries == []
    assert [one.title for one in lost.issues] == ["production: 1.2.0 was stopped"]
    assert "- production: Stopped - 1.2.0" in lost.remarks[0]


def test_a_lost_rollback_is_told_of_the_version_it_left(shop: WaitingShop) -> None:
    first = shop.world.commit(SHOP, {"one": "1\n"}, "One", quiet=True)
    ran(shop, first, "1.0.0")
    lost = begun(shop, of=first)
    lost.look()
    [entry] = lost.entries
    assert (entry.version, entry.previous_version, entry.status) == ("1.1.0", "1.0.0", "stopped")
    assert [one.tag for one in shop.repository.releases.values()] == ["1.1.0"]


def test_a_job_that_is_only_slow_is_not_lost_and_is_told_once_its_run_is_over(
    shop: WaitingShop, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    held.touch()
    lost = begun(shop, held=held)
    lost.look()
    assert (lost.entries, lost.issues, lost.said) == ([], [], [("in_progress", "")])
    held.unlink()
    lost.ends()
    lost.look()
    lost.assert_told_once("stopped")


def test_what_an_attempt_has_begun_that_starts_while_we_look_is_not_lost(
    shop: WaitingShop, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    lost, attempts = begun(shop, held=held), list[Deployment]()

    def run_again(response: Response) -> None:
        if "/actions/runs/" in response.path and not attempts:
            held.touch()
            shop.ask("POST", f"/actions/runs/{lost.run.id}/rerun", {})
            attempts.append(made_by_action(shop, lost.run))

    token = shop.world.token_for("ada")
    github = GitHub(SHOP, lambda: token, api_url=shop.server.url, on_response=run_again)
    end_what_was_left(github, EndedRun(run_id=lost.run.id), now)
    assert [one.state for one in attempts[0].statuses] == ["in_progress"]
    assert len(lost.said) == 1
    held.unlink()
    lost.ends()
    lost.look()
    assert [one.statuses[-1].state for one in (lost.deployment, *attempts)] == ["error", "error"]
    assert len(lost.issues) == 1


def test_a_version_of_several_words_is_told_once_too(shop: WaitingShop) -> None:
    lost = begun(shop)
    other = made_by_action(shop, lost.run, version="2.0 beta")
    lost.look()
    lost.look()
    assert [one.description for one in other.statuses if one.description] == [
        f"Stopped - 2.0 beta by grace: {WHY}"
    ]


OTHERS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "another tool's, with the run's number": ({"workflow_run_id": True}, "in_progress", ""),
    "another tool's, with words of its own": ({}, "in_progress", "Building"),
    "GitHub's own, of a job that went well": ({}, "success", "Told before: team"),
    "one that was not begun after all": ({}, "in_progress", "Not begun"),
}


def test_what_was_not_lost_is_left_alone(shop: WaitingShop) -> None:
    lost = begun(shop)
    lost.says(one_line(make_entry(status="success")), "success")
    sha, made = lost.run.head_sha, dict[str, int]()
    for name, (payload, state, line) in OTHERS.items():
        numbered = dict.fromkeys(payload, lost.run.id)
        made[name] = lost.github.create_deployment(sha=sha, ref="", environment=name, payload=numbered)
        lost.github.post_deployment_status(made[name], state=state, description=line, log_url=lost.url)
    lost.look()
    for name, (_, _, line) in OTHERS.items():
        assert [one.description for one in shop.repository.deployments[made[name]].statuses] == [line], name


def test_a_lost_job_costs_twenty_six_requests_and_one_that_is_told_three(shop: WaitingShop) -> None:
    lost = begun(shop)
    shop.responses.clear()
    lost.look()
    assert len(shop.responses) <= 26, [(one.verb, one.path) for one in shop.responses]
    shop.responses.clear()
    lost.look()
    assert len(shop.responses) <= 3, [(one.verb, one.path) for one in shop.responses]
