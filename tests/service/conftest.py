"""A migrated database of each kind, real both times, and what works on one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from service.tables import open_database
from tests.asking import Asking
from tests.migrated import migrated
from tests.serving import Served, serving
from tests.waiting import waiting_shop


@pytest.fixture(scope="session")
def postgres_server(postgres: str) -> str:
    return postgres.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'service.sqlite3'}"
    server: str = request.getfixturevalue("postgres_server")
    name = f"t{uuid4().hex}"
    admin = open_database(server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = migrated(database_url, tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    """People who write commands, and the App that answers them."""
    with waiting_shop(tmp_path) as shop:
        yield Asking(shop)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The whole App, one step at a time."""
    with serving(tmp_path) as served:
        yield served
