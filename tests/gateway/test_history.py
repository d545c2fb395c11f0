"""How commits stand to one another, and what an environment runs."""

from __future__ import annotations

import pytest

from gateway.deployments import deployments
from gateway.history import follows, parents_of, relation, running
from protocol.facts import Relation
from tests.nodes import deployment, history

# root ← a ← b ← merge (of b and side) ← tip; side ← a
SEEN = parents_of(
    [
        history(
            ("tip", ("merge",)),
            ("merge", ("b", "side")),
            ("b", ("a",)),
            ("side", ("a",)),
            ("a", ("root",)),
            ("root", ()),
        )
    ]
)
SHORT = parents_of([history(("tip", ("merge",)), ("merge", ("b", "side")))])


@pytest.mark.parametrize(
    ("sha", "runs", "stands"),
    [
        pytest.param("tip", "tip", Relation.IDENTICAL, id="the same"),
        pytest.param("tip", "a", Relation.AHEAD, id="a descendant"),
        pytest.param("tip", "side", Relation.AHEAD, id="through a merge"),
        pytest.param("a", "tip", Relation.BEHIND, id="an ancestor"),
        pytest.param("b", "side", Relation.DIVERGED, id="neither"),
    ],
)
def test_a_commit_stands_to_what_runs(sha: str, runs: str, stands: Relation) -> None:
    assert relation(sha, runs, SEEN) is stands


def test_too_short_a_history_tells_nothing_wrong() -> None:
    assert relation("tip", "side", SHORT) is Relation.AHEAD
    assert relation("tip", "a", SHORT) is None
    assert relation("elsewhere", "tip", SHORT) is None


def test_a_merge_brings_all_since_its_first_parent() -> None:
    assert follows("merge", "b", 1, SEEN)
    assert not follows("merge", "a", 5, SEEN)


def test_commits_in_a_row_bring_all_since_what_is_before_them() -> None:
    assert follows("b", "root", 2, SEEN)
    assert not follows("b", "root", 1, SEEN)


def test_an_environment_runs_its_newest_success() -> None:
    found = deployments(
        [
            deployment(3, "three", "FAILURE", "FAILURE"),
            deployment(1, "one", "ACTIVE", "SUCCESS"),
            deployment(2, "two", "ACTIVE", "SUCCESS"),
            deployment(4, "four", "ACTIVE", "SUCCESS", environment="staging"),
        ]
    )
    assert [one.id for one in found] == [4, 3, 2, 1]
    runs = running(found, "Production")
    assert runs is not None
    assert runs.sha == "two"


def test_what_was_replaced_runs_only_where_nothing_is_active() -> None:
    replaced = deployment(2, "two", "INACTIVE", "INACTIVE", "SUCCESS")
    (only,) = deployments([replaced])
    assert running([only], "production") == only
    assert only.succeeded
    active = deployments([replaced, deployment(1, "one", "ACTIVE", "SUCCESS")])
    runs = running(active, "production")
    assert runs is not None
    assert runs.sha == "one"


def test_nothing_that_never_succeeded_runs() -> None:
    assert running(deployments([deployment(2, "two", "INACTIVE", "INACTIVE")]), "production") is None
    assert running(deployments([deployment(2, "two", "WAITING")]), "production") is None


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        pytest.param({"payload": '{"version": "1.2.0"}'}, "1.2.0", id="our payload"),
        pytest.param({"payload": '"{\\"version\\": \\"1.2.0\\"}"'}, "1.2.0", id="text in text"),
        pytest.param(
            {"payload": "no JSON", "ref": {"prefix": "refs/tags/", "name": "v1.2.0"}}, "v1.2.0", id="the tag"
        ),
        pytest.param(
            {"payload": None, "ref": {"prefix": "refs/heads/", "name": "main"}}, "", id="a branch is none"
        ),
    ],
)
def test_a_deployments_version(changes: dict[str, object], version: str) -> None:
    (found,) = deployments([deployment(1, "one", "ACTIVE", "SUCCESS", **changes)])
    assert found.version == version
