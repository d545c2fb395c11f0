"""A pull request as a gate would find it, in few requests, by the default branch's policy."""

from __future__ import annotations

import pytest

from gateway.previews import Preview, Sticky
from gateway.text import STICKY
from protocol.errors import PolicyError
from protocol.facts import Missing, Relation
from protocol.policy import Policy
from tests.waiting import PLAIN_POLICY, POLICY, SHOP, WaitingShop, now


def opened(shop: WaitingShop, policy: str | None = POLICY, **files: str) -> int:
    """A pull request by ada on a repository with this policy."""
    if policy is not None:
        shop.world.commit(SHOP, {".github/deploy.yml": policy}, "Policy", quiet=True)
    content = {name.replace("__", "/"): text for name, text in files.items()} or {"shop.py": "print()\n"}
    shop.world.commit(SHOP, content, "Sell", branch="sell", author=shop.world.user("ada"))
    return int(shop.ask("POST", "/pulls", {"title": "Sell", "head": "sell", "base": "main"})["number"])


def previewed(shop: WaitingShop, number: int) -> Preview:
    return shop.github().preview(number, now())


def test_a_pull_request_is_asked_about_in_two_requests_and_its_teams(shop: WaitingShop) -> None:
    number, github = opened(shop), shop.github()
    github.preview(number, now())
    shop.responses.clear()
    github.preview(number, now())
    asked = [(response.verb, response.path.rpartition("/")[2]) for response in shop.responses]
    assert asked == [("GET", str(number)), ("POST", "graphql")]


def test_its_facts_are_those_of_its_head_and_nobodys_deployment(shop: WaitingShop) -> None:
    number = opened(shop)
    seen = previewed(shop, number)
    facts = seen.facts["production"]
    pull = facts.pull_request
    assert pull is not None
    assert not isinstance(pull, Missing)
    assert (seen.state, seen.sha, pull.number) == (
        "open",
        shop.world.git(shop.repository).tip("sell"),
        number,
    )
    assert (facts.sha, facts.branch, facts.deployer) == (seen.sha, "main", "")
    assert facts.relations["production"] is Relation.NOTHING_DEPLOYED


def test_after_the_merge_its_facts_are_those_of_the_merge(shop: WaitingShop) -> None:
    number = opened(shop)
    merged = shop.ask("PUT", f"/pulls/{number}/merge", {}, by="grace")["sha"]
    seen = previewed(shop, number)
    assert (seen.state, seen.sha, seen.facts["production"].sha) == ("merged", merged, merged)


def test_of_two_pull_requests_with_one_head_each_is_itself(shop: WaitingShop) -> None:
    first = opened(shop)
    shop.world.commit(SHOP, {"other.py": ""}, "Other", branch="other", quiet=True)
    second = shop.ask("POST", "/pulls", {"title": "Too", "head": "sell", "base": "other"})["number"]
    for number in (first, second):
        pull = previewed(shop, number).facts["production"].pull_request
        assert pull is not None
        assert not isinstance(pull, Missing)
        assert pull.number == number


def test_peers_14_the_policy_a_pull_request_proposes_decides_nothing(shop: WaitingShop) -> None:
    number = opened(shop, POLICY)
    shop.world.commit(SHOP, {".github/deploy.yml": PLAIN_POLICY}, "Ask nobody", branch="sell", quiet=True)
    seen = previewed(shop, number)
    (policy,) = seen.policies
    assert isinstance(policy, Policy)
    assert policy.environments["production"].approvals
    assert seen.changes_policy
    assert shop.github().proposed_policy(seen.head_sha) == PLAIN_POLICY


@pytest.mark.parametrize(
    ("policy", "has_policy", "environments"),
    [
        pytest.param(None, False, [], id="none at all"),
        pytest.param("version: 2\n", True, [], id="an invalid one"),
        pytest.param(PLAIN_POLICY, True, ["production"], id="a good one"),
    ],
)
def test_only_a_readable_policy_names_environments(
    shop: WaitingShop, policy: str | None, has_policy: bool, environments: list[str]
) -> None:
    seen = previewed(shop, opened(shop, policy))
    assert (seen.has_policy, list(seen.facts), seen.changes_policy) == (has_policy, environments, False)
    assert isinstance(seen.policies[-1], Policy | PolicyError | Missing)


def test_a_commit_without_the_file_proposes_none(shop: WaitingShop) -> None:
    seen = previewed(shop, opened(shop, None))
    assert shop.github().proposed_policy(seen.head_sha) is None


def test_our_comment_is_found_again(shop: WaitingShop) -> None:
    number, github = opened(shop), shop.github()
    assert github.preview(number, now()).sticky is None
    shop.ask("POST", f"/issues/{number}/comments", {"body": f"{STICKY}\nNot ours"}, by="bo")
    github.say(number, f"{STICKY}\nOurs")
    sticky = github.preview(number, now()).sticky
    assert isinstance(sticky, Sticky)
    assert sticky.body == f"{STICKY}\nOurs"


def test_a_comment_that_changed_meanwhile_is_left_as_it_is(shop: WaitingShop) -> None:
    number, github = opened(shop), shop.github()
    github.say(number, f"{STICKY}\nOurs")
    sticky = github.preview(number, now()).sticky
    assert isinstance(sticky, Sticky)
    shop.ask("PATCH", f"/issues/comments/{sticky.id}", {"body": "Changed"}, by="ada")
    assert not github.rewrite_comment(sticky.id, sticky.body, "Lost")
    assert github.rewrite_comment(sticky.id, "Changed", "Written")
    assert [one.body for one in shop.repository.issues[number].comments] == ["Written"]
