"""Whose word an issue with our mark is: the App and a job find each other's, and nobody else's hides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gateway.check_runs import OwnCheck, show_check
from gateway.github import GitHub
from gateway.text import asked_line, post_mortem_line
from protocol.entry import Entry, one_line
from protocol.gate import Gate
from protocol.incident import incident_body, incident_mark
from tests.entries import make_entry
from tests.waiting import SHOP, WaitingShop

JOB = dict.fromkeys(("contents", "deployments", "issues"), "write") | {
    "actions": "read",
    "checks": "read",
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A run that the App lets through, and everybody who may write an issue of it."""

    shop: WaitingShop
    gate: Gate

    @property
    def url(self) -> str:
        return f"{self.shop.server.url}/{SHOP}/actions/runs/{self.gate.run_id}"

    def app(self) -> GitHub:
        return self.shop.github()

    def job(self) -> GitHub:
        (job,) = self.shop.repository.runs[self.gate.run_id].jobs
        job.permissions = dict(JOB)
        return self.shop.github_with(self.shop.world.job_token(job, self.shop.repository))

    def other_app(self) -> GitHub:
        world = self.shop.world
        may = {
            "issues": "write",
            "contents": "read",
            "checks": "read",
            "deployments": "read",
            "metadata": "read",
        }
        other = world.add_app(f"linter-{len(world.apps)}", owner="acme", permissions=may)
        return self.shop.github_with(world.installation_token(world.install(other, SHOP)).text)

    def person(self) -> GitHub:
        return self.shop.github_with(self.shop.world.token_for("grace"))

    def notes(self, by: GitHub) -> None:
        """What is left on the Deployment by whoever deploys, or ends it."""
        assert self.gate.deployment_id is not None
        line = one_line(self.entry)
        by.post_deployment_status(
            self.gate.deployment_id, state="in_progress", description=line, log_url=self.url
        )

    def shows(self) -> None:
        """The App's check on the commit."""
        check = OwnCheck(
            sha=self.gate.sha,
            name="Production",
            conclusion="neutral",
            title="Open",
            summary="",
            external_id="gate",
        )
        show_check(self.app(), check)

    @property
    def entry(self) -> Entry:
        return make_entry(sha=self.gate.sha, status="failed", run_url=self.url)

    @property
    def incident(self) -> str:
        return incident_body(self.entry)


@pytest.fixture
def stage(shop: WaitingShop) -> Stage:
    return Stage(shop=shop, gate=shop.push())


def found(by: GitHub, mark: str) -> int:
    return len(by.find_issues(mark, state="all"))


def test_a_job_finds_the_post_mortem_that_the_app_opened_at_its_gate(stage: Stage) -> None:
    stage.shows()
    mark = post_mortem_line(stage.gate.run_id, "production")
    stage.app().open_issue("Post-mortem", f"{mark}\nLet through")
    assert (found(stage.job(), mark), found(stage.app(), mark)) == (1, 1)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        pytest.param(Stage.job, Stage.app, id="a job's, by the App"),
        pytest.param(Stage.person, Stage.app, id="that of a job with a person's token, by the App"),
        pytest.param(Stage.app, Stage.job, id="the App's, by a job that comes late"),
        pytest.param(Stage.app, Stage.person, id="the App's, by a late job with a person's token"),
        pytest.param(Stage.job, Stage.job, id="a job's, by its next attempt"),
    ],
)
def test_an_incident_is_found_whoever_was_first(
    stage: Stage, writer: Callable[[Stage], GitHub], reader: Callable[[Stage], GitHub]
) -> None:
    by = writer(stage)
    stage.notes(by)
    by.open_issue("Ours", stage.incident)
    assert found(reader(stage), incident_mark(stage.entry)) == 1


@pytest.mark.parametrize("reader", [Stage.app, Stage.job], ids=["the App", "a job"])
def test_a_mark_alone_stands_for_no_document_whoever_wrote_it(
    stage: Stage, reader: Callable[[Stage], GitHub]
) -> None:
    stage.shows()
    stage.notes(stage.job())
    for mark in (incident_mark(stage.entry), post_mortem_line(stage.gate.run_id, "production")):
        for forger in (stage.job(), stage.other_app(), stage.person()):
            forger.open_issue("Nothing to see", f"{mark}\nAll is well.")
        assert found(reader(stage), mark) == 0


def test_a_workflow_that_never_deployed_writes_no_document_of_a_run_for_the_app(stage: Stage) -> None:
    stage.job().open_issue("Nothing to see", stage.incident)
    assert found(stage.app(), incident_mark(stage.entry)) == 0


def test_nobody_but_the_app_opens_what_people_asked_it_for(stage: Stage) -> None:
    mark = asked_line(by="grace", comment=1)
    stage.notes(stage.job())
    stage.job().open_issue("Emergency", f"{mark}\n{stage.incident}")
    assert found(stage.app(), mark) == 0
    stage.app().open_issue("Emergency", mark)
    assert found(stage.app(), mark) == 1


def test_an_issue_without_our_mark_costs_no_further_request(stage: Stage) -> None:
    stage.app().open_issue("Talk", "Nothing")
    stage.shop.responses.clear()
    stage.app().find_issues(incident_mark(stage.entry))
    assert [one.verb for one in stage.shop.responses if "graphql" in one.path] == []
