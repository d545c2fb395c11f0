"""Who asks GitHub of one installation shares its limits: workers by themselves, and pages apart from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import RateLimited
from gateway.pacing import Pace
from protocol.facts import Missing
from service.clients import Clients
from service.pages.standings import Standings
from service.settings import Settings
from tests.runner import private_key
from tests.waiting import SHOP

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        app_id=1,
        private_key=private_key(),
        webhook_secrets=("secret",),
        client_id="id",
        client_secret="secret",
        public_url="http://127.0.0.1",
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path}/service.sqlite3",
    )


def pace_of(clients: Clients) -> Pace:
    pace = clients.github_for(7, SHOP).connection.pace
    assert pace is not None
    return pace


def spend(pace: Pace) -> Iterator[int]:
    """One read after the other, as long as they may be asked."""
    while True:
        try:
            pace.before("GET", "/x")
        except RateLimited:
            return
        yield 1


def test_peers_21_pages_take_nothing_from_verdicts(settings: Settings) -> None:
    pages = pace_of(Clients(settings, lambda: NOON, pages=lambda: 1))
    workers = [Clients(settings, lambda: NOON) for _ in range(2)]
    for clients in workers:
        clients.workers = 2
    asked = [sum(spend(pace)) for pace in (pages, *map(pace_of, workers))]
    assert asked == [90, 405, 405]


def test_peers_21_where_nobody_logs_in_verdicts_have_all_of_it(settings: Settings) -> None:
    clients = Clients(replace(settings, client_id=""), lambda: NOON)
    assert sum(spend(pace_of(clients))) == 900


def test_peers_21_those_who_show_pages_share_their_part(settings: Settings) -> None:
    assert sum(spend(pace_of(Clients(settings, lambda: NOON, pages=lambda: 3)))) == 30


def test_a_page_says_so_when_its_part_is_used_up(settings: Settings) -> None:
    clients = Clients(settings, lambda: NOON, pages=lambda: 1_000_000)
    found = Standings(clients.github_for).of(7, SHOP, NOON)
    assert isinstance(found, Missing)
    assert "enough asked for now" in found.reason
