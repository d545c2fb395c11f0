"""A database with this version's tables for a test of what works on them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from service.database import migrate
from service.tables import open_database


def migrated(url: str, data_dir: Path) -> Engine:
    """Open and empty. SQLite's file is migrated once and then copied, a hundred times as quickly."""
    engine = open_database(url)
    if engine.dialect.name == "sqlite":
        Path(url.removeprefix("sqlite:///")).write_bytes(_file())
    else:
        migrate(engine, data_dir)
    return engine


@cache
def _file() -> bytes:
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "service.sqlite3")
        engine = open_database(f"sqlite:///{path}")
        migrate(engine, path.parent)
        engine.dispose()
        return path.read_bytes()
