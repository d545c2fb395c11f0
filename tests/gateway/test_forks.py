"""What a stranger's fork brings to the gate is refused, whatever becomes of its pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.github import run_in
from protocol.decision import decide
from protocol.gate import Gate
from protocol.verdict import Verdict
from tests.strangers import commit, offer, trusting
from tests.waiting import SHOP, WaitingShop, now, waiting_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    """Whose pull requests deploy, and whose policy lets anybody."""
    with waiting_shop(tmp_path) as shop:
        trusting(shop)
        yield shop


def judged(shop: WaitingShop, gate: Gate) -> tuple[Verdict, list[str]]:
    policies, facts = shop.github().facts_for(gate, now())
    decision = decide(policies, facts, now())
    return decision.verdict, [finding.code for finding in decision.blocking]


REFUSED = (Verdict.REFUSE, ["access.fork"])


def test_peers_18_a_fork_is_refused_at_the_gate(shop: WaitingShop) -> None:
    _, gate = offer(shop)
    assert judged(shop, gate) == REFUSED


def test_peers_18_a_closed_pull_request_of_a_fork_is_refused_as_well(shop: WaitingShop) -> None:
    number, gate = offer(shop)
    shop.ask("PATCH", f"/pulls/{number}", {"state": "closed"}, by="mallory")
    assert judged(shop, gate) == REFUSED


def test_peers_18_so_is_one_whose_branch_has_moved_on(shop: WaitingShop) -> None:
    _, gate = offer(shop)
    commit(shop, "print('other')\n")
    assert judged(shop, gate) == REFUSED


def test_a_branch_of_the_repository_itself_is_not(shop: WaitingShop) -> None:
    sha = shop.world.commit(SHOP, {"shop.py": "print('ours')\n"}, "Better", branch="better")
    shop.ask("POST", "/pulls", {"title": "Better", "head": "better", "base": "main"})
    assert judged(shop, shop.gate_of(sha)) == (Verdict.ALLOW, [])


def test_peers_18_a_fork_that_was_deleted_meanwhile_is_still_one(shop: WaitingShop) -> None:
    _, gate = offer(shop)
    shown = shop.ask("GET", f"/actions/runs/{gate.run_id}")
    assert run_in(shown).from_fork
    assert run_in({**shown, "head_repository": None}).from_fork
