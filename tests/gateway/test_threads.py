"""Comments and pull requests as GitHub tells them."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from gateway.github import GitHub
from gateway.threads import find_ours, pull_that_brought, read_comment, read_pull
from tests.scripted import SHOP

PULL: dict[str, Any] = {
    "number": 7,
    "merged_at": None,
    "merge_commit_sha": "c" * 40,
    "user": {"login": "Ada", "type": "User"},
    "head": {"ref": "sell", "sha": "a" * 40, "repo": {"id": 1}},
    "base": {"ref": "main", "repo": {"id": 1}},
}
MERGED = PULL | {"merged_at": "2026-11-23T10:00:00Z", "merged_by": {"login": "grace", "type": "User"}}
SAID = {
    "id": 5,
    "issue_url": f"{SHOP}/issues/7",
    "body": "Hello",
    "created_at": "2026-11-23T10:00:00Z",
    "updated_at": "2026-11-23T10:00:00Z",
    "user": {"login": "gate[bot]", "type": "Bot"},
}


@pytest.mark.parametrize(
    ("repo", "from_fork"),
    [
        pytest.param({"id": 1}, False, id="own"),
        pytest.param({"id": 2}, True, id="fork"),
        pytest.param(None, True, id="fork that was deleted"),
    ],
)
def test_peers_18_a_fork_is_known_by_its_repository(
    played: responses.RequestsMock, github: GitHub, repo: dict[str, int] | None, *, from_fork: bool
) -> None:
    head = PULL["head"] | {"repo": repo}
    played.get(f"{SHOP}/pulls/7", json=PULL | {"head": head})
    assert read_pull(github, 7).from_fork is from_fork


def test_an_open_pull_request_has_no_merge_yet(played: responses.RequestsMock, github: GitHub) -> None:
    """GitHub shows the trial merge of an open one, which is no commit of the branch."""
    played.get(f"{SHOP}/pulls/7", json=PULL)
    pull = read_pull(github, 7)
    assert (pull.merge_sha, pull.sha, pull.merged_at) == ("", "a" * 40, None)


def test_the_pull_request_whose_merge_a_commit_is_comes_first(
    played: responses.RequestsMock, github: GitHub
) -> None:
    other = PULL | {"number": 8, "head": PULL["head"] | {"sha": "c" * 40}}
    played.get(f"{SHOP}/commits/{'c' * 40}/pulls", json=[other, MERGED])
    pull = pull_that_brought(github, "c" * 40)
    assert pull is not None
    assert (pull.number, pull.author) == (7, "ada")


def test_a_comment_is_edited_when_it_was_changed_since(
    played: responses.RequestsMock, github: GitHub
) -> None:
    played.get(f"{SHOP}/issues/comments/5", json=SAID | {"updated_at": "2026-11-23T10:00:01Z"})
    comment = read_comment(github, 5)
    assert (comment.edited, comment.thread, comment.author) == (True, 7, "gate[bot]")


def test_a_line_of_ours_counts_only_by_us(played: responses.RequestsMock, github: GitHub) -> None:
    theirs = SAID | {"id": 4, "user": {"login": "bo", "type": "User"}}
    played.get(f"{SHOP}/issues/7/comments", json=[theirs, SAID])
    found = find_ours(github, 7, "Hello", us="gate[bot]")
    assert found is not None
    assert found.id == 5
