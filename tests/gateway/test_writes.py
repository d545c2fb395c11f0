"""What we write to GitHub, and what the sandbox holds afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import GatewayError, NotFound, RefMoved, Rejected
from gateway.starts import start_run
from protocol.entry import entries_in
from protocol.facts import Permission
from tests.entries import make_entry
from tests.waiting import SHOP, WaitingShop


def test_an_approved_gate_opens(shop: WaitingShop) -> None:
    gate = shop.push()
    assert shop.github().post_verdict(gate, approved=True, comment="All is well.")
    shop.wait(lambda: shop.repository.runs[gate.run_id].conclusion == "success")


def test_a_gate_that_no_longer_waits_is_no_error(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    assert github.post_verdict(gate, approved=False, comment="No.")
    shop.wait(lambda: shop.repository.runs[gate.run_id].status == "completed")
    assert not github.post_verdict(gate, approved=True, comment="Or yes.")
    assert not github.report_status(gate, "Still waiting.")


def test_a_verdict_github_refuses_while_the_gate_waits_is_an_error(shop: WaitingShop) -> None:
    gate = shop.push()
    github = shop.github()
    assert all(github.report_status(gate, f"Still waiting, {at}") for at in range(10))
    with pytest.raises(Rejected):
        github.report_status(gate, "GitHub takes ten reports, and this is one more.")


def test_a_gate_waits_however_its_environment_is_written(shop: WaitingShop) -> None:
    gate = shop.push()
    assert shop.github().is_waiting(replace(gate, environment="PRODUCTION"))
    assert not shop.github().is_waiting(replace(gate, environment="staging"))


def test_a_report_is_cut_to_what_github_takes(shop: WaitingShop) -> None:
    gate = shop.push()
    assert shop.github().report_status(gate, "x" * 2000)
    (pending,) = shop.repository.runs[gate.run_id].pending
    assert [len(report) for report in pending.reports] == [1024]


def test_peers_5_waiting_gates_are_found_again(shop: WaitingShop) -> None:
    gate = shop.push()
    assert shop.github().waiting_gates() == (replace(gate, installation_id=0, ref="main"),)


def test_issues_are_opened_found_by_their_marker_and_closed(shop: WaitingShop) -> None:
    github = shop.github()
    marker = "<!-- post-mortem 7 -->"
    issue = github.open_issue("What went wrong", f"{marker}\nThe smoke test failed.", ["post-mortem"])
    assert [found.number for found in github.find_issues(marker, labels=["post-mortem"])] == [issue.number]
    github.close_issue(issue.number, "Understood.")
    assert github.find_issues(marker) == ()
    assert [found.number for found in github.find_issues(marker, state="closed")] == [issue.number]


def test_an_issue_in_which_our_marker_only_stands_somewhere_is_not_found_by_it(shop: WaitingShop) -> None:
    github, marker = shop.github(), "<!-- post-mortem 7 -->"
    github.open_issue("Talk", f"Somebody said {marker}")
    assert github.find_issues(marker) == ()


def test_a_persons_issue_with_our_marker_is_theirs_and_is_ours_where_they_ask(shop: WaitingShop) -> None:
    marker = "<!-- post-mortem 7 -->"
    number = shop.ask("POST", "/issues", {"title": "Theirs", "body": f"{marker}\nHa"}, by="grace")["number"]
    assert shop.github().find_issues(marker) == ()
    by_hand = shop.github_with(shop.world.token_for("grace"))
    assert [(one.number, one.author) for one in by_hand.find_issues(marker)] == [(number, "grace")]


def test_peers_16_a_deployment_is_of_the_commit_and_its_statuses_are_ours(shop: WaitingShop) -> None:
    sha = shop.push().sha
    github = shop.github()
    made = github.create_deployment(
        sha=sha, ref="refs/heads/main", environment="staging", payload={"version": "1.2.0"}
    )
    github.post_deployment_status(
        made, state="success", description="d" * 200, log_url="https://ci.example/1"
    )
    (deployment,) = github.deployments("staging")
    assert (deployment.id, deployment.sha, deployment.version) == (made, sha, "1.2.0")
    assert (deployment.state, deployment.succeeded) == ("success", True)
    (status,) = shop.repository.deployments[made].statuses
    assert (len(status.description), status.log_url) == (140, "https://ci.example/1")


def test_peers_16_a_branch_that_moved_is_not_deployed(shop: WaitingShop) -> None:
    sha = shop.push().sha
    shop.world.commit(SHOP, {"new.py": "1\n"}, "Newer", quiet=True)
    with pytest.raises(RefMoved, match="Start a new run"):
        shop.github().create_deployment(sha=sha, ref="refs/heads/main", environment="staging")
    assert not [one for one in shop.repository.deployments.values() if one.environment == "staging"]


def test_a_job_knows_the_deployment_github_made_for_it(shop: WaitingShop) -> None:
    gate = shop.push()
    (job,) = shop.repository.runs[gate.run_id].jobs
    found = shop.github().deployment_of_check(job.check_run.id)
    assert found is not None
    assert (found.id, found.environment) == (gate.deployment_id, "production")


def test_two_entries_share_a_release_and_one_written_again_is_changed(shop: WaitingShop) -> None:
    shop.push()
    sha = shop.push(two_dot_py="2\n").sha  # a release of a commit that touches workflows needs more rights
    github = shop.github()
    entries = [
        make_entry(sha=sha, deployment_id=1, environment="staging"),
        make_entry(sha=sha, deployment_id=2),
        make_entry(sha=sha, deployment_id=1, environment="staging", status="rollback"),
    ]
    for entry in entries:
        assert github.write_log(entry, tag="v1.2.0").release_url
    release = github.release_for("v1.2.0")
    assert release is not None
    assert set(entries_in(release.body)) == set(entries[1:])


@pytest.mark.parametrize(
    ("login", "permission"),
    [
        ("ada", Permission.ADMIN),
        ("grace", Permission.WRITE),
        ("bo", Permission.READ),
        ("nobody", Permission.NONE),
    ],
)
def test_permissions_are_known_one_by_one(shop: WaitingShop, login: str, permission: Permission) -> None:
    assert shop.github().permission_of(login) is permission


def test_a_workflow_is_started(shop: WaitingShop) -> None:
    shop.push()
    workflow = "on: workflow_dispatch\njobs: {hello: {runs-on: ubuntu-latest, steps: [{run: echo hello}]}}\n"
    shop.world.commit(SHOP, {".github/workflows/hello.yml": workflow}, "Hello", quiet=True)
    start_run(shop.github(), "hello.yml", "main", {})
    runs = shop.repository.runs.values()
    shop.wait(lambda: any(run.event == "workflow_dispatch" for run in runs))
    (started,) = [run for run in runs if run.event == "workflow_dispatch"]
    assert (started.workflow.path, started.actor.login) == (".github/workflows/hello.yml", "gate[bot]")


def test_what_is_not_there_is_not_found(shop: WaitingShop) -> None:
    with pytest.raises(NotFound) as error:
        shop.github().run(1)
    assert isinstance(error.value, GatewayError)
    assert str(error.value).startswith(
        "GET /repos/acme/shop/actions/runs/1: GitHub answered 404, 'Not Found'."
    )
