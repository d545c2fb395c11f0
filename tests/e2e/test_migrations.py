from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from action.run import run
from action.stop import Stop
from protocol.facts import Changes
from tests.jobs import Desk, GitHubInMemory, make_desk, policy_of
from tests.shops import OPS

POLICY = """
steps:
  migrate: {{run: '"$PYTHON" "$OPS/migrate.py" up', undo: '"$PYTHON" "$OPS/migrate.py" down',
            lint: 'migrations/*.up.sql'}}
  deploy: {{run: 'echo "deploy $VERSION" >> story'}}
  smoke: [{{name: The shop greets, run: '{smoke}'}}]
rollback: {{run: 'echo "deploy $PREVIOUS_VERSION" >> story'}}
"""
UP = """SET lock_timeout = '1s';
SET statement_timeout = '10s';
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
"""
DOWN = "ALTER TABLE orders DROP COLUMN note;\n"


@pytest.fixture
def orders(postgres: str) -> Iterator[psycopg.Connection[Any]]:
    """A table with an order in it."""
    with psycopg.connect(postgres, autocommit=True) as database:
        database.execute("DROP TABLE IF EXISTS orders")
        database.execute("CREATE TABLE orders (id bigint PRIMARY KEY)")
        database.execute("INSERT INTO orders VALUES (1)")
        yield database


@pytest.fixture
def desk(tmp_path: Path, postgres: str) -> Iterator[Desk]:
    with Stop() as stop:
        environ = {"OPS": str(OPS), "PYTHON": sys.executable, "DATABASE_URL": postgres}
        desk = make_desk(tmp_path, stop=stop, environ=environ)
        directory = desk.workspace / "migrations"
        directory.mkdir()
        (directory / "001.up.sql").write_text(UP, encoding="utf-8")
        (directory / "001.down.sql").write_text(DOWN, encoding="utf-8")
        yield desk
        desk.job.journal.close()


def deploy(desk: Desk, smoke: str) -> str:
    changes = Changes(paths=("migrations/001.up.sql",), lines=3)
    github = GitHubInMemory(policies=[policy_of(POLICY.format(smoke=smoke))], facts={"changes": changes})
    return run(desk.job, github).status


def columns_of(orders: psycopg.Connection[Any]) -> list[str]:
    rows = orders.execute("SELECT * FROM orders")
    return [column.name for column in rows.description or ()]


def test_a_migration_goes_up_on_a_real_database(desk: Desk, orders: psycopg.Connection[Any]) -> None:
    assert deploy(desk, "true") == "success"
    assert columns_of(orders) == ["id", "note"]
    assert "001.up.sql done" in desk.log


def test_a_release_that_fails_takes_its_migration_down_and_leaves_the_data(
    desk: Desk, orders: psycopg.Connection[Any]
) -> None:
    assert deploy(desk, "exit 1") == "rollback"
    assert columns_of(orders) == ["id"]
    assert orders.execute("SELECT count(*) FROM orders").fetchone() == (1,)
    assert desk.file("story") == "deploy 1.1.0\ndeploy 1.0.0\n"


def test_a_migration_that_fails_half_way_stops_and_asks_a_person(
    desk: Desk, orders: psycopg.Connection[Any]
) -> None:
    (desk.workspace / "migrations" / "002.up.sql").write_text("SELECT 1 / 0;\n", encoding="utf-8")
    assert deploy(desk, "true") == "failed"
    assert columns_of(orders) == ["id"]
    assert "how far the migration got is not known" in desk.log
    assert desk.file("story") == ""
