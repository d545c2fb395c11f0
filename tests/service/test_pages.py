"""Pages say what is open, what waits and why, what runs, and what the log holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving
from tests.visiting import Visitor
from tests.waiting import POLICY, SHOP


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def visitor(served: Served) -> Iterator[Visitor]:
    with Visitor(url=served.settings.public_url) as visitor:
        visitor.log_in("grace")
        yield visitor


def test_a_gate_is_shown_with_every_finding_in_the_words_of_its_check_run(
    served: Served, visitor: Visitor
) -> None:
    served.shop.push(POLICY)
    served.settle()
    page = visitor.go(f"/{SHOP}").text
    assert "approval by team:acme/release-managers" in page
    assert "production" in visitor.go(f"/{SHOP}/schedule/production").text
