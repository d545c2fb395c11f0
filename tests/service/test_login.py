"""Logging in: what a person may see is what GitHub shows both to them and to the App."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving
from tests.visiting import Visitor


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def visitor(served: Served) -> Iterator[Visitor]:
    visitor = Visitor(url=served.settings.public_url)
    yield visitor
    visitor.session.close()


def test_a_person_logs_in_and_sees_their_repository(served: Served, visitor: Visitor) -> None:
    assert "Log in with GitHub" in visitor.go("/").text
    page = visitor.log_in("grace")
    assert page.status_code == 200
    assert "acme/shop" in page.text
