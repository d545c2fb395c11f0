"""Facts of a gate, asked of the sandbox: what is true there is what we read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.facts import Missing
from tests.waiting import POLICY, WaitingShop, now, waiting_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path) as shop:
        yield shop


def test_a_merge_brings_its_pull_request(shop: WaitingShop) -> None:
    number, gate = shop.merged(policy=POLICY)
    policies, facts = shop.github().facts_for(gate, now())
    for r in shop.responses:
    assert facts.deployer == "grace"
