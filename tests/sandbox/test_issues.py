from __future__ import annotations

import pytest
from github import GithubException
from github.NamedUser import NamedUser

from tests.sandbox_fixture import SHOP, Sandbox


def test_an_issue_is_opened_labelled_closed_and_reopened(sandbox: Sandbox) -> None:
    issue = (
        sandbox.github("grace").get_repo(SHOP).create_issue("Freeze", body="why", labels=["deploy-freeze"])
    )
    assert [label.name for label in issue.labels] == ["deploy-freeze"]
    issue.edit(state="closed", state_reason="completed")
    assert (issue.state, issue.state_reason) == ("closed", "completed")
    assert issue.closed_by is not None
    assert issue.closed_by.login == "grace"
    issue.edit(state="open")
    reopened = sandbox.client_as("bo").get(f"/repos/{SHOP}/issues/1").json()
    assert (reopened["state"], reopened["closed_at"], reopened["closed_by"]) == ("open", None, None)


def test_lists_are_filtered_by_state_label_and_author(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    ada = sandbox.github("ada").get_user("ada")
    assert isinstance(ada, NamedUser)
    repository.create_issue("One", labels=["a"])
    repository.create_issue("Two", labels=["a", "b"])
    repository.create_issue("Three").edit(state="closed")
    assert [one.title for one in repository.get_issues()] == ["Two", "One"]
    assert [one.title for one in repository.get_issues(labels=["a", "b"])] == ["Two"]
    assert [one.title for one in repository.get_issues(state="closed")] == ["Three"]
    assert [one.title for one in repository.get_issues(creator=ada)] == []


def test_a_strangers_labels_are_dropped(sandbox: Sandbox) -> None:
    created = sandbox.client_as("bo").post(
        f"/repos/{SHOP}/issues", {"title": "Hm", "labels": ["deploy-freeze"]}
    )
    assert (created.status_code, created.json()["labels"]) == (201, [])


def test_a_stranger_neither_labels_nor_closes(sandbox: Sandbox) -> None:
    sandbox.github("ada").get_repo(SHOP).create_issue("Freeze")
    bo = sandbox.client_as("bo")
    assert bo.post(f"/repos/{SHOP}/issues/1/labels", {"labels": ["x"]}).status_code == 403
    assert bo.patch(f"/repos/{SHOP}/issues/1", {"state": "closed"}).status_code == 403


def test_labels_are_added_replaced_and_removed(sandbox: Sandbox) -> None:
    issue = sandbox.github("grace").get_repo(SHOP).create_issue("Labels")
    issue.add_to_labels("a", "b")
    issue.remove_from_labels("a")
    assert [label.name for label in issue.get_labels()] == ["b"]
    issue.set_labels("c")
    assert [label.name for label in issue.get_labels()] == ["c"]
    with pytest.raises(GithubException) as error:
        issue.remove_from_labels("nope")
    assert error.value.status == 404


def test_comments_are_made_edited_and_deleted_by_their_author(sandbox: Sandbox) -> None:
    issue = sandbox.github("ada").get_repo(SHOP).create_issue("Talk")
    comment = sandbox.github("bo").get_repo(SHOP).get_issue(1).create_comment("first")
    comment.edit("second")
    assert [one.body for one in issue.get_comments()] == ["second"]
    comment.delete()
    assert list(issue.get_comments()) == []


def test_another_persons_comment_is_not_a_strangers_to_edit(sandbox: Sandbox) -> None:
    issue = sandbox.github("ada").get_repo(SHOP).create_issue("Talk")
    comment = issue.create_comment("mine")
    edited = sandbox.client_as("bo").patch(f"/repos/{SHOP}/issues/comments/{comment.id}", {"body": "yours"})
    assert edited.status_code == 403


def test_a_body_longer_than_github_keeps_is_refused(sandbox: Sandbox) -> None:
    refused = sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"title": "Long", "body": "x" * 65_537})
    assert refused.status_code == 422
    assert "maximum is 65536" in refused.text


def test_pages_are_linked(sandbox: Sandbox) -> None:
    repository = sandbox.github("ada").get_repo(SHOP)
    for number in range(5):
        repository.create_issue(f"Issue {number}")
    page = sandbox.client_as("ada").get(f"/repos/{SHOP}/issues?per_page=2&page=2")
    assert [one["title"] for one in page.json()] == ["Issue 2", "Issue 1"]
    assert set(page.links) == {"prev", "next", "last", "first"}
    following = sandbox.client_as("ada").session.get(page.links["next"]["url"]).json()
    assert [one["title"] for one in following] == ["Issue 0"]


def test_a_label_that_is_deleted_falls_off_its_issues(sandbox: Sandbox) -> None:
    repository = sandbox.github("grace").get_repo(SHOP)
    issue = repository.create_issue("Freeze", labels=["deploy-freeze"])
    repository.get_label("deploy-freeze").delete()
    assert list(issue.get_labels()) == []
    assert list(repository.get_labels()) == []


def test_one_reaction_of_a_kind_from_each_person(sandbox: Sandbox) -> None:
    comment = sandbox.github("ada").get_repo(SHOP).create_issue("Hi").create_comment("Hello")
    path = f"/repos/{SHOP}/issues/comments/{comment.id}/reactions"
    grace, ada = sandbox.client_as("grace"), sandbox.client_as("ada")
    first = grace.post(path, {"content": "eyes"})
    assert (first.status_code, grace.post(path, {"content": "eyes"}).status_code) == (201, 200)
    ada.post(path, {"content": "eyes"})
    assert ada.get(f"/repos/{SHOP}/issues/comments/{comment.id}").json()["reactions"]["eyes"] == 2
    assert grace.delete(f"{path}/{first.json()['id']}").status_code == 204
    assert [one["user"]["login"] for one in ada.get(path).json()] == ["ada"]
    assert ada.post(path, {"content": "shrug"}).status_code == 422


def test_a_comment_on_an_issue_does_not_edit_it(sandbox: Sandbox) -> None:
    issue = sandbox.github("ada").get_repo(SHOP).create_issue("Hi", body="Hello")
    issue.create_comment("Well?")
    assert sandbox.world.repository(SHOP).issues[1].edited_at is None
    issue.edit(body="Bye")
    assert sandbox.world.repository(SHOP).issues[1].edited_at is not None


def test_whoever_may_triage_labels_and_whoever_may_only_read_does_not(sandbox: Sandbox) -> None:
    sandbox.github("grace").get_repo(SHOP).create_issue("Freeze")
    wanted = {"labels": ["bug"]}
    assert sandbox.client_as("bo").post(f"/repos/{SHOP}/issues/1/labels", wanted).status_code == 403
    sandbox.world.add_collaborator(SHOP, "bo", "triage")
    assert sandbox.client_as("bo").post(f"/repos/{SHOP}/issues/1/labels", wanted).status_code == 200


def test_a_timeline_tells_who_set_which_label(sandbox: Sandbox) -> None:
    issue = sandbox.github("grace").get_repo(SHOP).create_issue("Freeze", labels=["deploy-freeze"])
    sandbox.github("ada").get_repo(SHOP).get_issue(issue.number).add_to_labels("bug", "deploy-freeze")
    sandbox.github("ada").get_repo(SHOP).get_issue(issue.number).remove_from_labels("deploy-freeze")
    asked = """{ repository(owner: "acme", name: "shop") { issue(number: 1) {
      timelineItems(last: 2, itemTypes: [LABELED_EVENT]) { pageInfo { hasPreviousPage } nodes {
        ... on LabeledEvent { id actor { login } label { name } labelable { __typename } }
      } }
    } } }"""
    answer = sandbox.client_as("ada").post("/graphql", {"query": asked}).json()["data"]
    told = answer["repository"]["issue"]["timelineItems"]
    assert [(one["actor"]["login"], one["label"]["name"]) for one in told["nodes"]] == [
        ("grace", "deploy-freeze"),
        ("ada", "bug"),
    ]
    assert (told["pageInfo"], told["nodes"][0]["labelable"]) == (
        {"hasPreviousPage": False},
        {"__typename": "Issue"},
    )
    node = {
        "query": "query($id: ID!) { node(id: $id) { __typename } }",
        "variables": {"id": told["nodes"][0]["id"]},
    }
    found = sandbox.client_as("ada").post("/graphql", node).json()["data"]["node"]
    assert found == {"__typename": "LabeledEvent"}
