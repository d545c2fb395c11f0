"""A stranger's copy of a repository, and what may come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.forks import fork
from sandbox.state import PullRequest, Repository, WorkflowRun
from tests.runner import SHOP, Shop, shop_in

ON_PULLS = """
on: pull_request
permissions: {contents: write, deployments: write}
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: 'echo "the secret is <${{ secrets.KEY }}>"'}]
"""
QUERY = """{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) {
    isCrossRepository headRefName headRef { target { oid } }
    headRepository { nameWithOwner isFork } headRepositoryOwner { login } } } }"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with shop_in(tmp_path) as shop:
        shop.world.add_user("mallory")
        yield shop


def forked(shop: Shop) -> Repository:
    return fork(shop.world, shop.repository, shop.world.user("mallory"))


def pull_from(shop: Shop, copy: Repository) -> PullRequest:
    """A pull request of mallory's branch `better`."""
    commit_to(shop, copy)
    opened = {"title": "Better", "head": "mallory:better", "base": "main"}
    number = shop.ask("POST", "/pulls", opened, by="mallory")["number"]
    pull = shop.repository.issues[number].pull
    assert pull is not None
    return pull


def commit_to(shop: Shop, copy: Repository, text: str = "better\n") -> str:
    author = shop.world.user("mallory")
    return shop.world.commit(copy.full_name, {"better.txt": text}, "Better", branch="better", author=author)


def run_of(shop: Shop, pull: PullRequest) -> WorkflowRun:
    (run,) = (run for run in shop.repository.runs.values() if run.head_sha == pull.head_sha)
    return shop.finished(run)


def test_a_fork_has_the_branches_and_names_its_parent(shop: Shop) -> None:
    shop.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="next")
    made = shop.ask("POST", "/forks", {}, by="mallory")
    assert (made["full_name"], made["fork"], made["parent"]["full_name"]) == ("mallory/shop", True, SHOP)
    heads = [shop.world.git(one).refs("refs/heads") for one in shop.world.repositories.values()]
    assert heads[0] == heads[1]
    assert [one["full_name"] for one in shop.ask("GET", "/forks")] == ["mallory/shop"]
    assert shop.ask("GET", "")["forks_count"] == 1
    assert shop.ask("POST", "/forks", {}, by="mallory")["id"] == made["id"]
    shop.ask("POST", "/forks", {"organization": "acme"}, status=403)


def test_its_owner_writes_to_it_and_not_to_its_parent(shop: Shop) -> None:
    forked(shop)
    mallory, world = shop.world.user("mallory"), shop.world
    assert (world.role(mallory, world.repository("mallory/shop")), world.role(mallory, shop.repository)) == (
        "admin",
        "read",
    )


def test_a_pull_request_names_the_fork_its_head_is_in(shop: Shop) -> None:
    pull = pull_from(shop, forked(shop))
    shown = shop.ask("GET", f"/pulls/{pull.number}")
    head, base = shown["head"], shown["base"]
    assert (head["label"], head["repo"]["full_name"], head["repo"]["fork"]) == (
        "mallory:better",
        "mallory/shop",
        True,
    )
    assert (base["label"], base["repo"]["full_name"]) == ("acme:main", SHOP)
    assert [one["number"] for one in shop.ask("GET", "/pulls?head=mallory:better")] == [pull.number]
    assert shop.ask("GET", "/pulls?head=acme:better") == []


def test_graphql_says_so_as_well(shop: Shop) -> None:
    pull = pull_from(shop, forked(shop))
    headers = {"Authorization": f"Bearer {shop.token('ada')}"}
    answer = requests.post(f"{shop.world.url}/graphql", json={"query": QUERY}, headers=headers, timeout=10)
    assert answer.json()["data"]["repository"]["pullRequest"] == {
        "isCrossRepository": True,
        "headRefName": "better",
        "headRef": {"target": {"oid": pull.head_sha}},
        "headRepository": {"nameWithOwner": "mallory/shop", "isFork": True},
        "headRepositoryOwner": {"login": "mallory"},
    }


def test_what_is_pushed_to_the_fork_is_told_of_its_pull_request_only(shop: Shop) -> None:
    copy = forked(shop)
    pull = pull_from(shop, copy)
    shop.world.commit(SHOP, {"x.txt": "x\n"}, "A branch of the same name", branch="better")
    before, after = pull.head_sha, commit_to(shop, copy, "best\n")
    assert (pull.head_sha, shop.told("pull_request")) == (after, ["opened", "synchronize"])
    told = [event for event in shop.events if event.name == "pull_request"][-1]
    assert (told.repository, told.payload["before"]) == (shop.repository, before)
    assert shop.world.git(shop.repository).ref(f"refs/pull/{pull.number}/head") == after


def test_a_merged_fork_is_in_its_parent(shop: Shop) -> None:
    pull = pull_from(shop, forked(shop))
    merged = shop.ask("PUT", f"/pulls/{pull.number}/merge", {})["sha"]
    git = shop.world.git(shop.repository)
    assert (git.tip("main"), git.contains(pull.head_sha, merged)) == (merged, True)


NOT_THERE = {
    "a branch the fork has not": "mallory:worse",
    "somebody without a fork": "grace:better",
    "what has no new commits": "mallory:main",
}


@pytest.mark.parametrize("head", NOT_THERE.values(), ids=NOT_THERE)
def test_a_pull_request_of_nothing_is_refused(shop: Shop, head: str) -> None:
    forked(shop)
    refused = shop.ask(
        "POST", "/pulls", {"title": "Better", "head": head, "base": "main"}, by="mallory", status=422
    )
    assert (refused["message"], shop.ask("GET", "/pulls")) == ("Validation Failed", [])


def test_a_run_for_a_fork_reads_and_gets_no_secrets(shop: Shop) -> None:
    shop.repository.secrets["KEY"] = "open sesame"
    shop.add(ON_PULLS)
    run = run_of(shop, pull_from(shop, forked(shop)))
    assert (run.conclusion, shop.job(run, "build").permissions) == (
        "success",
        {"contents": "read", "deployments": "read"},
    )
    assert "the secret is <>" in shop.log(run)


def test_a_run_for_a_branch_of_its_own_gets_both(shop: Shop) -> None:
    shop.repository.secrets["KEY"] = "open sesame"
    shop.add(ON_PULLS)
    shop.world.commit(SHOP, {"x.txt": "x\n"}, "X", branch="own")
    opened = shop.ask("POST", "/pulls", {"title": "Own", "head": "own", "base": "main"})
    pull = shop.repository.issues[opened["number"]].pull
    assert pull is not None
    run = run_of(shop, pull)
    assert shop.job(run, "build").permissions["contents"] == "write"
    assert "the secret is <***>" in shop.log(run)


def test_a_run_for_a_fork_names_where_its_head_is_and_no_pull_request(shop: Shop) -> None:
    shop.add(ON_PULLS)
    run = run_of(shop, pull_from(shop, forked(shop)))
    shown = shop.ask("GET", f"/actions/runs/{run.id}")
    assert shown["repository"]["full_name"] == SHOP
    assert shown["head_repository"]["full_name"] == "mallory/shop"
    assert shown["pull_requests"] == []
    assert shop.ask("GET", f"/check-suites/{run.suite.id}")["head_branch"] is None
