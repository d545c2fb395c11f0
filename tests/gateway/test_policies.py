"""An organisation's policy holds for every repository as well; where it cannot be read everything waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.errors import Rejected
from gateway.policies import policies_in
from gateway.reading import Reading
from gateway.tokens import TO_LOOK, InstallationTokens
from protocol.decision import decide
from protocol.errors import PolicyError
from protocol.facts import Missing
from protocol.policy import Policy
from protocol.verdict import Verdict
from tests.waiting import HOME, PLAIN_POLICY, POLICY, SHOP, WaitingShop, now

TWO = POLICY.replace("count: 1", "count: 2")


def test_a_private_policy_is_read_beside_the_repositorys_own(shop: WaitingShop) -> None:
    shop.add_home(POLICY)
    (shared, own), _ = shop.looking().facts_for(shop.push(PLAIN_POLICY), now())
    assert isinstance(shared, Policy)
    assert isinstance(own, Policy)
    assert shared.environments["production"].approvals
    assert not own.environments["production"].approvals


NO_POLICY: Mapping[str, Mapping[str, Any] | None] = {
    "no repository": None,
    "a private one the App is not installed on": {"policy": POLICY, "ours": False},
    "one without the file": {"policy": None},
}


@pytest.mark.parametrize("home", NO_POLICY.values(), ids=NO_POLICY)
def test_without_a_policy_there_is_none(shop: WaitingShop, home: Mapping[str, Any] | None) -> None:
    if home is not None:
        shop.add_home(**home)
    policies, _ = shop.looking().facts_for(shop.push(PLAIN_POLICY), now())
    assert len(policies) == 1


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({".github/deploy.yml/one.yml": POLICY}, Missing, id="a folder of that name"),
        pytest.param({".github/deploy.yml": "version: 9\n"}, PolicyError, id="not a policy"),
    ],
)
def test_a_policy_that_cannot_be_used_lets_everything_wait(
    shop: WaitingShop, files: dict[str, str], found: type
) -> None:
    shop.add_home(None)
    shop.world.commit(HOME, files, "Another", quiet=True)
    policies, facts = shop.looking().facts_for(shop.push(PLAIN_POLICY), now())
    assert isinstance(policies[0], found)
    assert decide(policies, facts, now()).verdict is Verdict.WAIT


@pytest.mark.parametrize(
    ("kind", "path", "count"),
    [
        pytest.param("FORBIDDEN", ["organisation"], 2, id="not allowed"),
        pytest.param("INTERNAL", ["organisation", "policy"], 2, id="GitHub's own trouble"),
        pytest.param("NOT_FOUND", ["organisation"], 1, id="no such repository"),
    ],
)
def test_only_a_repository_that_is_not_there_has_no_policy(
    shop: WaitingShop, kind: str, path: list[str], count: int
) -> None:
    """Each part of an answer fails by itself, and null alone says nothing."""
    error = {"type": kind, "path": path, "message": "Something went wrong"}
    reading = Reading({"repository": {"policy": None}, "organisation": None}, [error])
    policies = policies_in(shop.looking(), reading, now())
    assert [type(policy) for policy in policies] == [Missing] * count


def test_a_change_of_it_holds_from_the_next_look_on(shop: WaitingShop) -> None:
    shop.add_home(POLICY)
    github, gate = shop.looking(), shop.push(PLAIN_POLICY)
    github.facts_for(gate, now())
    shop.world.commit(HOME, {".github/deploy.yml": TWO}, "Two", quiet=True)
    (shared, _), _ = github.facts_for(gate, now())
    assert isinstance(shared, Policy)
    assert shared.environments["production"].approvals[0].count == 2


def test_a_repository_can_tighten_and_never_loosen(shop: WaitingShop) -> None:
    shop.add_home(POLICY)
    lax = "version: 1\naccess: {deployers: [anyone]}\nenvironments:\n  production: {deploy: manual}\n"
    github = shop.looking()
    for policy, needed in ((lax, {"0 of 1"}), (TWO, {"0 of 1", "0 of 2"})):
        gate = shop.push(policy)
        policies, facts = github.facts_for(gate, now())
        decision = decide(policies, facts, now())
        said = {one.why.split(": ")[1][:6] for one in decision.findings if one.code == "approvals.missing"}
        assert (decision.verdict, said) == (Verdict.WAIT, needed)


def test_a_repository_that_is_not_covered_any_more_hides_no_policy_from_the_others(shop: WaitingShop) -> None:
    """GitHub refuses both names at once, and does not say which of them."""
    shop.add_home(POLICY)
    tokens = InstallationTokens(shop.app(), permissions=TO_LOOK, beside=".github")
    with pytest.raises(Rejected, match="not accessible"):
        tokens.token(shop.installation.id, "acme/gone")
    token = shop.world.tokens[tokens.token(shop.installation.id, SHOP)]
    assert {one.full_name for one in token.repositories or ()} == {SHOP, HOME}


def test_peers_12_what_sees_the_organisations_policy_writes_verdicts_alone(shop: WaitingShop) -> None:
    shop.add_home(POLICY)
    shop.installation.repositories.append(shop.world.add_repository("acme/secret", private=True))
    github, gate = shop.looking(), shop.push(PLAIN_POLICY)
    github.facts_for(gate, now())
    github.post_verdict(gate, approved=True, comment="Go")
    github.open_issue("One", "text")
    looks, writes = (token for token in shop.world.tokens.values() if token.installation is shop.installation)
    assert {name for name, level in looks.permissions.items() if level == "write"} == {"deployments"}
    assert {one.full_name for one in looks.repositories or ()} == {shop.repository.full_name, HOME}
    assert writes.repositories == [shop.repository]
