"""What decides is how things stand when the verdict is given, whatever was seen or told before."""

from __future__ import annotations

from tests.serving import Served
from tests.waiting import PLAIN_POLICY, POLICY, SHOP

FROZEN = PLAIN_POLICY.replace(
    "{deploy: manual}",
    "{freezes: [{from: 2020-01-01 00:00, until: 2099-01-01 00:00, reason: Stock-taking}]}",
)


def unheard(served: Served, policy: str) -> None:
    """The policy on the default branch changes, and no webhook tells of it."""
    served.shop.world.commit(SHOP, {".github/deploy.yml": policy}, "Another policy", quiet=True)


def looked_at(served: Served) -> None:
    """An event of no account, after which every waiting gate is looked at again."""
    served.shop.ask("POST", "/issues", {"title": "By the way"}, by="grace")
    served.settle()


def test_peers_8_a_policy_made_stricter_is_read_again_before_approved(served: Served) -> None:
    served.shop.push(FROZEN)
    served.settle()
    assert "freeze.active" in served.summary()
    unheard(served, POLICY)
    looked_at(served)
    assert served.verdicts() == []
    assert "approvals.missing" in served.summary()


def test_peers_8_the_last_thing_done_before_approved_is_to_read_all_again(served: Served) -> None:
    served.shop.push(FROZEN)
    served.settle()
    served.shop.world.exchanges.clear()
    unheard(served, PLAIN_POLICY)
    looked_at(served)
    ours = [one.template for one in served.asked("POST", "")]
    assert served.verdicts() == ["approved"]
    verdict = next(at for at, template in enumerate(ours) if template.endswith("deployment_protection_rule"))
    assert ours[verdict - 1] == "/graphql"
