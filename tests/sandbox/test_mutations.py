"""Several changes in one GraphQL request: each stands or falls alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox_fixture import SHOP, Sandbox

BOTH = """mutation($a: ID!, $b: ID!, $text: String!) {
  first: addComment(input: {subjectId: $a, body: $text, clientMutationId: "one"}) { clientMutationId }
  second: addComment(input: {subjectId: $b, body: $text}) { clientMutationId }
}"""
CHANGE = """mutation($id: ID!, $text: String!) {
  changed: updateIssueComment(input: {id: $id, body: $text}) { clientMutationId }
}"""


@pytest.fixture
def issue(sandbox: Sandbox) -> Any:
    return sandbox.client_as("ada").post(f"/repos/{SHOP}/issues", {"title": "Tills"}).json()


def asked(sandbox: Sandbox, login: str, query: str, **variables: str) -> Any:
    body = {"query": query, "variables": variables}
    return sandbox.client_as(login).post("/graphql", body).json()


def comments(sandbox: Sandbox) -> list[tuple[str, str]]:
    found = sandbox.client_as("ada").get(f"/repos/{SHOP}/issues/1/comments").json()
    return [(one["user"]["login"], one["body"]) for one in found]


def test_what_can_be_done_is_done_beside_what_cannot(sandbox: Sandbox, issue: Any) -> None:
    answer = asked(sandbox, "grace", BOTH, a=issue["node_id"], b="I_none", text="Mended")
    assert answer["data"] == {"first": {"clientMutationId": "one"}, "second": None}
    [error] = answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["second"])
    assert comments(sandbox) == [("grace", "Mended")]


def test_a_comment_is_changed_by_its_author_and_by_no_other_reader(sandbox: Sandbox, issue: Any) -> None:
    made = sandbox.client_as("grace").post(f"/repos/{SHOP}/issues/1/comments", {"body": "One"}).json()
    refused = asked(sandbox, "bo", CHANGE, id=made["node_id"], text="Mine now")
    assert (refused["data"], refused["errors"][0]["type"]) == ({"changed": None}, "FORBIDDEN")
    assert asked(sandbox, "grace", CHANGE, id=made["node_id"], text="Two")["data"]["changed"] is not None
    assert comments(sandbox) == [("grace", "Two")]


def test_a_comment_longer_than_github_keeps_is_refused(sandbox: Sandbox, issue: Any) -> None:
    answer = asked(sandbox, "ada", BOTH, a=issue["node_id"], b=issue["node_id"], text="x" * 65_537)
    assert [error["type"] for error in answer["errors"]] == ["UNPROCESSABLE", "UNPROCESSABLE"]
    assert comments(sandbox) == []


def test_a_token_without_the_permission_writes_nothing(sandbox: Sandbox, issue: Any) -> None:
    app = sandbox.world.add_app("gate", owner="acme", permissions={"contents": "write", "issues": "read"})
    token = sandbox.world.installation_token(sandbox.world.install(app, SHOP)).text
    variables = {"a": issue["node_id"], "b": issue["node_id"], "text": "Hello"}
    answer = sandbox.client(token).post("/graphql", {"query": BOTH, "variables": variables}).json()
    assert {error["type"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert comments(sandbox) == []


def test_a_comment_written_through_graphql_is_told_like_any_other(sandbox: Sandbox, issue: Any) -> None:
    told: list[Any] = []
    sandbox.world.on_event.append(told.append)
    asked(sandbox, "grace", BOTH, a=issue["node_id"], b=issue["node_id"], text="Mended")
    ours = [event for event in told if event.name == "issue_comment"]
    assert [(event.action, event.sender.login) for event in ours] == [("created", "grace")] * 2
