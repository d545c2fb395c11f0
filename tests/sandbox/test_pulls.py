from __future__ import annotations

from typing import Any

import pytest
from github import GithubException
from github.PullRequest import PullRequest

from tests.sandbox_fixture import SHOP, Sandbox


def open_pull(
    sandbox: Sandbox, login: str = "ada", branch: str = "fix", path: str = "new.txt"
) -> PullRequest:
    sandbox.world.commit(SHOP, {path: "new\n"}, "Change it", branch=branch, author=sandbox.world.user(login))
    return sandbox.github(login).get_repo(SHOP).create_pull(base="main", head=branch, title="Fix", body="Why")


def refusal(error: pytest.ExceptionInfo[GithubException]) -> str:
    return str(error.value.data)


def test_a_pull_request_knows_its_files_commits_and_that_it_merges(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    assert (pull.number, pull.mergeable, pull.commits, pull.additions) == (1, True, 1, 1)
    assert [file.filename for file in pull.get_files()] == ["new.txt"]
    assert [commit.commit.message for commit in pull.get_commits()] == ["Change it"]


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_merging_moves_the_base_and_closes_the_pull_request(
    sandbox: Sandbox, method: str, parents: int
) -> None:
    pull = open_pull(sandbox)
    sha = pull.merge(merge_method=method).sha
    repository = sandbox.github("ada").get_repo(SHOP)
    assert repository.get_branch("main").commit.sha == sha
    assert len(repository.get_commit(sha).parents) == parents
    merged = repository.get_pull(1)
    assert (merged.state, merged.merged, merged.merge_commit_sha) == ("closed", True, sha)


def test_a_conflicting_pull_request_does_not_merge(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox, path="README.md")
    sandbox.world.commit(SHOP, {"README.md": "other\n"}, "Meanwhile")
    assert sandbox.github("ada").get_repo(SHOP).get_pull(1).mergeable is False
    with pytest.raises(GithubException) as error:
        pull.merge()
    assert error.value.status == 405


def test_a_merge_of_another_head_than_asked_is_refused(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    stale = pull.head.sha
    sandbox.world.commit(SHOP, {"more.txt": "more\n"}, "More", branch="fix")
    with pytest.raises(GithubException) as error:
        pull.merge(sha=stale)
    assert error.value.status == 409


def test_a_push_to_its_branch_moves_the_head(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    after = sandbox.world.commit(SHOP, {"more.txt": "more\n"}, "More", branch="fix")
    pull.update()
    assert pull.head.sha == after


def test_a_base_that_got_the_head_by_a_push_merged_the_pull_request(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    ada = sandbox.client_as("ada")
    moved = ada.patch(f"/repos/{SHOP}/git/refs/heads/main", {"sha": pull.head.sha})
    assert moved.status_code == 200
    assert ada.get(f"/repos/{SHOP}/pulls/1").json()["merged"] is True


def test_nobody_approves_their_own_pull_request(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    with pytest.raises(GithubException) as error:
        pull.create_review(event="APPROVE")
    assert "Can not approve your own pull request" in refusal(error)


def test_a_review_is_bound_to_the_head_and_can_be_dismissed(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    review = sandbox.github("grace").get_repo(SHOP).get_pull(1).create_review(event="APPROVE", body="Good")
    assert (review.state, review.commit_id) == ("APPROVED", pull.head.sha)
    sandbox.github("ada").get_repo(SHOP).get_pull(1).get_review(review.id).dismiss("Too soon")
    assert [one.state for one in pull.get_reviews()] == ["DISMISSED"]


def test_a_timeline_tells_who_dismissed_a_review_and_what_that_had_said(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    review = sandbox.github("grace").get_repo(SHOP).get_pull(1).create_review(event="APPROVE", body="Good")
    sandbox.github("ada").get_repo(SHOP).get_pull(pull.number).get_review(review.id).dismiss("Too soon")
    asked = """{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) {
      timelineItems(first: 1, itemTypes: [REVIEW_DISMISSED_EVENT]) { nodes { ... on ReviewDismissedEvent {
        id actor { login } previousReviewState dismissalMessage review { databaseId state author { login } }
      } } }
      labels: timelineItems(first: 1, itemTypes: [LABELED_EVENT]) { nodes { __typename } }
    } } }"""
    answer = sandbox.client_as("ada").post("/graphql", {"query": asked}).json()["data"]
    told = answer["repository"]["pullRequest"]
    (event,) = told["timelineItems"]["nodes"]
    assert (event["actor"], event["previousReviewState"]) == ({"login": "ada"}, "APPROVED")
    assert event["review"] == {"databaseId": review.id, "state": "DISMISSED", "author": {"login": "grace"}}
    assert (event["dismissalMessage"], told["labels"]["nodes"]) == ("Too soon", [])
    found = sandbox.client_as("ada").post(
        "/graphql",
        {"query": "query($id: ID!) { node(id: $id) { __typename } }", "variables": {"id": event["id"]}},
    )
    assert found.json()["data"]["node"] == {"__typename": "ReviewDismissedEvent"}


@pytest.mark.parametrize(
    ("head", "base", "said"),
    [("nowhere", "main", "head"), ("fix", "nowhere", "base"), ("main", "main", "No commits between")],
    ids=["unknown head", "unknown base", "nothing to pull"],
)
def test_a_senseless_pull_request_is_refused(sandbox: Sandbox, head: str, base: str, said: str) -> None:
    sandbox.world.commit(SHOP, {"new.txt": "new\n"}, "Change it", branch="fix")
    with pytest.raises(GithubException) as error:
        sandbox.github("ada").get_repo(SHOP).create_pull(base=base, head=head, title="Fix")
    assert error.value.status == 422
    assert said in refusal(error)


def test_a_second_pull_request_for_a_branch_is_refused(sandbox: Sandbox) -> None:
    open_pull(sandbox)
    with pytest.raises(GithubException) as error:
        sandbox.github("ada").get_repo(SHOP).create_pull(base="main", head="fix", title="Again")
    assert "A pull request already exists for acme:fix." in refusal(error)


def test_lists_are_filtered_by_state_head_and_base(sandbox: Sandbox) -> None:
    open_pull(sandbox, branch="one", path="one.txt").merge()
    open_pull(sandbox, branch="two", path="two.txt")
    repository = sandbox.github("ada").get_repo(SHOP)
    assert [pull.number for pull in repository.get_pulls()] == [2]
    assert [pull.number for pull in repository.get_pulls(state="all")] == [2, 1]
    assert [pull.number for pull in repository.get_pulls(state="closed", head="acme:one")] == [1]
    assert [pull.number for pull in repository.get_pulls(base="other")] == []


def test_a_commit_leads_to_the_pull_request_that_brought_it(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    merge = pull.merge().sha
    found = sandbox.client_as("ada").get(f"/repos/{SHOP}/commits/{merge}/pulls").json()
    assert [one["number"] for one in found] == [1]


def test_a_pull_request_is_edited_closed_and_reopened_by_its_author_or_a_writer(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    sandbox.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="release")
    pull.edit(title="Better", body="Because", base="release")
    pull.edit(state="closed")
    pull.edit(state="open")
    assert (pull.title, pull.body, pull.base.ref, pull.state) == ("Better", "Because", "release", "open")
    refused = sandbox.client_as("bo").patch(f"/repos/{SHOP}/pulls/1", {"title": "Mine"})
    assert refused.status_code == 403


def test_what_has_merged_is_never_reopened(sandbox: Sandbox) -> None:
    pull = open_pull(sandbox)
    pull.merge()
    assert pull.is_merged()
    with pytest.raises(GithubException) as error:
        pull.edit(state="open")
    assert error.value.status == 422


def test_a_deleted_branch_closes_its_pull_request(sandbox: Sandbox) -> None:
    open_pull(sandbox)
    ada = sandbox.client_as("ada")
    assert ada.delete(f"/repos/{SHOP}/git/refs/heads/fix").status_code == 204
    assert ada.get(f"/repos/{SHOP}/issues/1").json()["state"] == "closed"


MERGE_STATES = {
    "nothing against it": ({}, "CLEAN"),
    "a draft": ({"draft": True}, "DRAFT"),
    "a conflict": ({"conflict": True}, "DIRTY"),
    "a failed check": ({"check": "failure"}, "UNSTABLE"),
    "a failed check that must pass": ({"check": "failure", "required": True}, "BLOCKED"),
    "a required check that is not there": ({"required": True}, "BLOCKED"),
    "a review that must be": ({"protected": True}, "BLOCKED"),
}


@pytest.mark.parametrize(("about", "state"), MERGE_STATES.values(), ids=MERGE_STATES)
def test_a_pull_request_says_what_stands_before_its_merge(
    sandbox: Sandbox, about: dict[str, Any], state: str
) -> None:
    world, grace = sandbox.world, sandbox.client_as("grace")
    head = world.commit(SHOP, {"README.md": "# New\n"}, "New", branch="new")
    opened = {"title": "New", "head": "new", "base": "main", "draft": about.get("draft", False)}
    grace.post(f"/repos/{SHOP}/pulls", opened)
    if about.get("conflict"):
        world.commit(SHOP, {"README.md": "# Other\n"}, "Other")
    if "check" in about:
        grace.post(f"/repos/{SHOP}/statuses/{head}", {"state": about["check"], "context": "test"})
    repository = world.repository(SHOP)
    repository.required_checks["main"] = ("test",) if about.get("required") else ()
    repository.protected_branches |= {"main"} if about.get("protected") else set()
    query = '{ repository(owner:"acme", name:"shop") { pullRequest(number:1) { mergeStateStatus } } }'
    data = grace.post("/graphql", {"query": query}).json()["data"]
    assert data["repository"]["pullRequest"]["mergeStateStatus"] == state
