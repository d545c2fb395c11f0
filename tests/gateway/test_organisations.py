"""An organisation's policy holds for every repository as well; where it cannot be read everything waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.github import GitHub
from gateway.organisations import KEPT, Organisation
from gateway.tokens import InstallationTokens
from protocol.decision import decide
from protocol.facts import Missing
from protocol.policy import Policy
from protocol.verdict import Verdict
from sandbox.faults import Fault
from tests.waiting import PLAIN_POLICY, POLICY, WaitingShop, now

HOME = "acme/.github"
TWO = POLICY.replace("count: 1", "count: 2")


def organisation(shop: WaitingShop) -> Organisation:
    tokens = InstallationTokens(shop.app(), permissions={"contents": "read", "metadata": "read"})
    source = tokens.source(shop.installation.id, HOME)
    return Organisation(GitHub(HOME, source, api_url=shop.server.url, on_response=shop.responses.append))


def add_home(shop: WaitingShop, policy: str | None = POLICY, *, ours: bool = True) -> None:
    """A private `.github`, which the App is installed on or not."""
    files = {"README.md": "Ours\n"} if policy is None else {".github/deploy.yml": policy}
    home = shop.world.add_repository(HOME, files=files, private=True)
    if ours:
        shop.installation.repositories.append(home)


def test_a_private_policy_is_read_with_a_token_of_its_own(shop: WaitingShop) -> None:
    add_home(shop)
    found = organisation(shop).policy(now())
    assert isinstance(found, Policy)
    assert found.environments["production"].approvals


@pytest.mark.parametrize(
    ("exists", "ours", "policy"),
    [
        pytest.param(False, False, None, id="no repository"),
        pytest.param(True, False, POLICY, id="one the App is not installed on"),
        pytest.param(True, True, None, id="one without the file"),
    ],
)
def test_without_a_policy_there_is_none(
    shop: WaitingShop, exists: bool, ours: bool, policy: str | None
) -> None:
    if exists:
        add_home(shop, policy, ours=ours)
    assert organisation(shop).policy(now()) is None


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(kind="status", status=500, path="graphql", times=None), id="no answer"),
        pytest.param(Fault(kind="status", status=500, path="access_tokens", times=None), id="no token"),
        pytest.param(Fault(kind="status", status=403, path="graphql", times=None), id="not allowed"),
    ],
)
def test_a_policy_that_cannot_be_read_is_missing_and_everything_waits(
    shop: WaitingShop, fault: Fault
) -> None:
    add_home(shop)
    gate = shop.push(PLAIN_POLICY)
    policies, facts = shop.github().facts_for(gate, now())
    ours = organisation(shop)
    shop.world.faults.add(fault)
    found = ours.policy(now())
    assert isinstance(found, Missing)
    assert decide([found, *policies], facts, now()).verdict is Verdict.WAIT
    shop.world.faults.clear()
    assert isinstance(ours.policy(now()), Policy)


def test_the_answer_is_remembered_for_a_minute(shop: WaitingShop) -> None:
    add_home(shop)
    ours, start = organisation(shop), now()
    ours.policy(start)
    shop.responses.clear()
    assert isinstance(ours.policy(start + KEPT - timedelta(seconds=1)), Policy)
    assert shop.responses == []
    shop.world.commit(HOME, {".github/deploy.yml": TWO}, "Two", quiet=True)
    changed = ours.policy(start + KEPT)
    assert isinstance(changed, Policy)
    assert changed.environments["production"].approvals[0].count == 2


def test_a_repository_can_tighten_and_never_loosen(shop: WaitingShop) -> None:
    add_home(shop)
    lax = "version: 1\naccess: {deployers: [anyone]}\nenvironments:\n  production: {deploy: manual}\n"
    github = shop.github()
    github.organisation = organisation(shop)
    for policy, needed in ((lax, {"0 of 1"}), (TWO, {"0 of 1", "0 of 2"})):
        gate = shop.push(policy)
        policies, facts = github.facts_for(gate, now())
        decision = decide(policies, facts, now())
        said = {one.why.split(": ")[1][:6] for one in decision.findings if one.code == "approvals.missing"}
        assert (decision.verdict, said) == (Verdict.WAIT, needed)
