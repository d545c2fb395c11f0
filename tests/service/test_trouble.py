"""A database that is locked, full or gone: nothing is acknowledged, operators see it, and it passes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, text
from werkzeug.test import Client, TestResponse

from sandbox.webhooks import sign
from service.app import create_app
from service.database import migrate
from service.inbox import Inbox
from service.queue import Queue, open_queue
from service.settings import Settings
from service.tables import open_database
from service.workers import Workers

SECRET = "between the two of us"
NOW = 1_800_000_000.0


class Door:
    """The whole web part over one engine."""

    def __init__(self, engine: Engine, url: str) -> None:
        settings = Settings(app_id=1, private_key="", webhook_secrets=(SECRET,), database_url=url)
        self.queue = Queue(open_queue(settings))
        self.client = Client(create_app(settings, engine, self.queue, lambda: NOW))
        Workers(engine).give_sign(NOW)

    def send(self, payload: Any = None) -> TestResponse:
        body = json.dumps(payload or {"action": "closed", "repository": {"full_name": "acme/shop"}}).encode()
        headers = {
            "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": str(uuid4()),
            "X-Hub-Signature-256": sign(SECRET, body),
        }
        return self.client.post("/webhook", data=body, headers=headers)

    @property
    def codes(self) -> tuple[int, int]:
        """What a delivery and `/readyz` are answered."""
        return self.send().status_code, self.client.get("/readyz").status_code


@pytest.fixture
def door(engine: Engine, database_url: str) -> Iterator[Door]:
    door = Door(engine, database_url)
    yield door
    door.queue.huey.storage.close()


def only(kind: str) -> Callable[[Any], Any]:
    return pytest.mark.parametrize("database_url", [kind], indirect=True)


def test_a_sound_database_takes_in(door: Door) -> None:
    assert door.codes == (202, 200)


@only("sqlite")
def test_peers_23_a_locked_database_refuses_and_recovers(door: Door, engine: Engine, tmp_path: Path) -> None:
    wait_briefly(engine)
    with closing(sqlite3.connect(tmp_path / "service.sqlite3")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert door.codes == (503, 503)
        other.rollback()
    assert door.codes == (202, 200)


@only("sqlite")
def test_peers_23_a_full_database_refuses_and_recovers(door: Door, engine: Engine) -> None:
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    engine.dispose()

    def fill(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(engine, "connect", fill)
    assert door.send({"action": "closed", "pad": "x" * 100_000}).status_code == 503
    event.remove(engine, "connect", fill)
    engine.dispose()
    assert door.codes == (202, 200)


@only("sqlite")
def test_peers_23_a_database_that_is_gone_refuses_until_a_new_start(
    door: Door, engine: Engine, tmp_path: Path
) -> None:
    for file in tmp_path.glob("service.sqlite3*"):
        file.unlink()
    assert door.codes == (503, 503)
    assert door.client.get("/metrics").status_code == 503
    assert not (tmp_path / "service.sqlite3").exists()
    migrate(engine, tmp_path)
    Workers(engine).give_sign(NOW)
    assert door.codes == (202, 200)


@only("postgres")
def test_peers_23_a_server_that_takes_no_connections_refuses_and_recovers(
    door: Door, engine: Engine, postgres_server: str
) -> None:
    name = str(engine.url.database)
    admin = open_database(postgres_server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        assert door.codes == (503, 503)
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    admin.dispose()
    assert door.codes == (202, 200)


@only("sqlite")
def test_what_the_queue_does_not_take_is_acknowledged_and_swept_up(door: Door, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE task"))  # the queue's own
    assert door.send().status_code == 202
    assert len(Inbox(engine).due(NOW + 60)) == 1


def wait_briefly(engine: Engine) -> None:
    """Five seconds for a lock are too long for a test."""
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=100"))
