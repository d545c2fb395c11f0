"""What one incident leaves behind, however often its run is tried again."""

from __future__ import annotations

from typing import Any

from action.run import run
from gateway.github import JobDeployment
from tests.jobs import GitHubInMemory, policy_of

BROKEN = "{steps: {deploy: {run: 'true'}, smoke: [{run: 'echo shut; exit 1'}]}, rollback: {run: 'true'}}"


def test_a_run_that_fails_again_is_documented_in_the_same_issue_and_its_entries_lead_there(
    desk_of: Any,
) -> None:
    github = GitHubInMemory(policies=[policy_of(BROKEN)])
    addresses = []
    for attempt in (1, 2):
        github.job_deployment = JobDeployment(id=40 + attempt, environment="production")  # each has its own
        result = run(desk_of(attempt=attempt, tag="v1").job, github)
        addresses.append(result.issue_url)
    [issue] = github.issues
    assert addresses == [issue.url, issue.url]
    assert [entry.deployment_id for entry in github.releases["v1"]] == [41, 42]
    assert {entry.document_url for entry in github.releases["v1"]} == {issue.url}
