"""An organisation's policy, from its private `.github` repository to the gate of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving
from tests.waiting import HOME, PLAIN_POLICY, POLICY


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        served.shop.add_home(POLICY)
        yield served


def test_what_the_organisation_asks_holds_where_the_repository_asks_nothing(served: Served) -> None:
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    assert "team acme/release-managers" in served.summary()


def test_an_organisations_first_policy_is_seen_once_its_repository_is_covered(served: Served) -> None:
    """Reconcile asks what an installation covers; nothing else tells of a repository of its own."""
    [home] = (one for one in served.shop.installation.repositories if one.full_name == HOME)
    served.shop.installation.repositories.remove(home)
    served.reconcile(served.clients)
    served.shop.installation.repositories.append(home)
    served.reconcile(served.clients)
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []


def test_a_change_of_the_organisations_policy_is_felt_at_once(served: Served) -> None:
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    served.shop.world.commit(HOME, {".github/deploy.yml": PLAIN_POLICY}, "Ask nobody")
    served.settle()
    assert served.verdicts() == ["approved"]


def test_peers_7_an_organisations_policy_that_cannot_be_used_approves_nothing(served: Served) -> None:
    served.shop.world.commit(HOME, {".github/deploy.yml": "version: 9\n"}, "Wrong", quiet=True)
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    assert "policy.invalid" in served.summary()
