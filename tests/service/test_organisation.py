"""An organisation's policy, from its private `.github` repository to the gate of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.organisations import KEPT
from sandbox.faults import Fault
from tests.serving import Served, serving
from tests.waiting import PLAIN_POLICY, POLICY, SHOP

HOME = "acme/.github"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        world = served.shop.world
        home = world.add_repository(HOME, files={".github/deploy.yml": POLICY}, private=True)
        served.shop.installation.repositories.append(home)
        yield served


def test_what_the_organisation_asks_holds_where_the_repository_asks_nothing(served: Served) -> None:
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    assert "team:acme/release-managers" in served.summary()


def test_a_change_of_the_organisations_policy_is_felt_within_its_minute(served: Served) -> None:
    served.shop.push(PLAIN_POLICY)
    served.settle()
    served.shop.world.commit(HOME, {".github/deploy.yml": PLAIN_POLICY}, "Ask nobody")
    served.settle()
    assert served.verdicts() == []
    served.clock.later += KEPT.total_seconds() + 1
    served.settle()
    assert served.verdicts() == ["approved"]


def test_peers_7_an_organisations_policy_that_cannot_be_read_approves_nothing(served: Served) -> None:
    served.clients.tokens.token(served.shop.installation.id, SHOP)  # the repository's own is had already
    served.shop.world.faults.add(Fault(kind="status", status=500, path="access_tokens", times=None))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    assert "policy.missing" in served.summary()
