"""What a stranger's fork wants to deploy, and what the App says to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.gate import Gate
from tests.serving import Served, serving
from tests.strangers import commit, offer, trusting


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        trusting(served.shop)
        yield served


def leave(_served: Served, _number: int) -> None:
    """The pull request stays as it is."""


def close(served: Served, number: int) -> None:
    served.shop.ask("PATCH", f"/pulls/{number}", {"state": "closed"}, by="mallory")


def move_on(served: Served, _number: int) -> None:
    commit(served.shop, "print('other')\n")


@pytest.mark.parametrize("then", [leave, close, move_on])
def test_peers_18_a_fork_is_refused_whatever_its_author_does_next(
    served: Served, then: Callable[[Served, int], None]
) -> None:
    number, gate = offer(served.shop)
    then(served, number)
    served.settle()
    assert set(served.verdicts()) == {"rejected"}
    assert conclusion(served, gate) == "failure"
    assert "forks are never deployed" in served.summary()


def conclusion(served: Served, gate: Gate) -> str | None:
    return served.shop.repository.runs[gate.run_id].conclusion
