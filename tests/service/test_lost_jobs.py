"""A job whose runner was lost tells nothing itself; the App ends its deployment when GitHub ends its run."""

from __future__ import annotations

from typing import Any

from gateway.record import log_entries
from protocol.entry import one_line
from service.lost_jobs import EndedRun, end_what_was_left
from tests.entries import make_entry
from tests.serving import Served
from tests.waiting import SHOP

FAILS = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps: [{run: 'sleep 0.3; exit 1'}]
"""


def begun(served: Served, *, version: str = "1.2.0") -> tuple[Any, int]:
    """A run that will fail, and the Deployment that its job has begun."""
    served.shop.world.commit(SHOP, {".github/workflows/deploy.yml": FAILS}, "Deploy")
    [run] = served.shop.repository.runs.values()
    github = served.shop.github()
    payload = {"version": version, "workflow_run_id": run.id}
    made = github.create_deployment(sha=run.head_sha, ref="", environment="production", payload=payload)
    github.post_deployment_status(made, state="in_progress", log_url=f"{served.shop.server.url}/run")
    return run, made


def ended(served: Served, run: Any) -> None:
    served.shop.wait(lambda: run.status == "completed")
    served.settle()


def said(served: Served, deployment_id: int) -> list[tuple[str, str]]:
    statuses = served.shop.repository.deployments[deployment_id].statuses
    return [(one.state, one.description) for one in statuses]


def test_a_deployment_left_under_way_ends_with_its_run_and_stands_in_the_log(served: Served) -> None:
    run, made = begun(served)
    ended(served, run)
    state, line = said(served, made)[-1]
    assert (state, line.startswith("Stopped - 1.2.0: its job ended without a word")) == ("error", True)
    [entry] = log_entries(served.shop.github())
    assert (entry.status, entry.version, entry.deployment_id) == ("stopped", "1.2.0", made)
    end_what_was_left(served.shop.github(), EndedRun(run_id=run.id))
    assert len(said(served, made)) == 2  # once is enough


def test_a_deployment_whose_end_was_told_is_left_alone(served: Served) -> None:
    run, made = begun(served)
    told = one_line(make_entry(status="rollback", version="1.2.0"))
    served.shop.github().post_deployment_status(made, state="failure", description=told)
    ended(served, run)
    assert said(served, made)[-1] == ("failure", told)


def test_a_job_githubs_own_deployment_was_made_for_is_known_by_what_it_noted(served: Served) -> None:
    run, _ = begun(served)
    github = served.shop.github()
    url = f"{served.shop.server.url}/{SHOP}/actions/runs/{run.id}"
    noted, other = (
        github.create_deployment(sha=run.head_sha, ref="", environment="staging") for _ in range(2)
    )
    github.post_deployment_status(noted, state="in_progress", description="Told before: team", log_url=url)
    github.post_deployment_status(other, state="in_progress", description="Building", log_url=url)
    ended(served, run)
    assert said(served, noted)[-1][0] == "error"
    assert said(served, other) == [("in_progress", "Building")]
