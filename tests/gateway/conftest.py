"""A served shop that waits at its gate, and a GitHub whose answers a test writes itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import responses

from gateway.github import GitHub
from tests.scripted import API
from tests.waiting import WaitingShop, waiting_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path) as shop:
        yield shop


@pytest.fixture
def played() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def github() -> Iterator[GitHub]:
    github = GitHub("acme/shop", lambda: "t", api_url=API, clock=lambda: datetime.now(UTC))
    yield github
    github.close()
