"""The database: an inbox and a cache. Delete it, restart, and every waiting gate is found again."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError

# Moments are seconds since the epoch (UTC): they sort, compare and index alike in both databases.
metadata = MetaData()

deliveries = Table(
    "deliveries",
    metadata,
    Column("guid", String(64), primary_key=True),
    Column("event", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),  # new, done, dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("received_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),  # when the sweep takes it up, unless it is done by then
    Column("error", Text, nullable=False, default=""),
    Index("deliveries_due", "state", "due_at"),
)

gates = Table(
    "gates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("installation_id", BigInteger, nullable=False),
    Column("repository", String(256), nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("environment", String(255), nullable=False),
    Column("deployment_id", BigInteger, nullable=False),  # 0: GitHub made none
    Column("sha", String(64), nullable=False),
    Column("ref", Text, nullable=False),
    Column("requested_at", Float, nullable=False),
    Column("state", String(8), nullable=False),  # waiting, owing, allowed, refused, gone
    Column("recheck_at", Float, nullable=True),
    Column("looks_wanted", Integer, nullable=False, default=0),  # an event during a look asks for another
    Column("leased_until", Float, nullable=False, default=0.0),
    Column("failures", Integer, nullable=False, default=0),  # looks in a row that could not be finished
    Column("looked_at", Float, nullable=True),
    Column("lateness", Float, nullable=False, default=0.0),  # seconds the last look came after recheck_at
    Column("findings", Text, nullable=False, default="[]"),  # JSON, for pages
    Column("shown", String(64), nullable=False, default=""),  # digest of what the check run says
    Column("reported", String(64), nullable=False, default=""),  # digest of the last status report
    Column("reports", Integer, nullable=False, default=0),  # GitHub takes ten
    Column("check_run_id", BigInteger, nullable=True),
    Column("holder", String(200), nullable=False, default="", server_default=""),  # whose lease it is
    Column("owed", Text, nullable=False, default="", server_default=""),  # JSON: what is still to be shown
    Column("zone", String(64), nullable=False, default="", server_default=""),  # its policy's, for pages
    UniqueConstraint("repository", "run_id", "environment", "deployment_id", name="gates_key"),
    Index("gates_due", "state", "recheck_at"),
)

pulls = Table(
    "pulls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("installation_id", BigInteger, nullable=False),
    Column("repository", String(256), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),  # open, merged, closed
    Column("head_sha", String(64), nullable=False, default=""),
    Column("sha", String(64), nullable=False, default=""),  # the merge's once it is merged
    Column("recheck_at", Float, nullable=True),
    Column("looks_wanted", Integer, nullable=False, default=0),
    Column("leased_until", Float, nullable=False, default=0.0),
    Column("failures", Integer, nullable=False, default=0),
    Column("shown", Text, nullable=False, default="{}"),  # JSON: by check run's name its commit, id, digest
    UniqueConstraint("repository", "number", name="pulls_key"),
    Index("pulls_due", "recheck_at"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("repository", String(256), nullable=False),
    Column("key", String(255), nullable=False),  # one for each deployment
    Column("environment", String(255), nullable=False),
    Column("at", Float, nullable=False),
    Column("data", Text, nullable=False),  # JSON: the entry's machine form
    Column("status", String(16), nullable=False, default="", server_default=""),
    UniqueConstraint("repository", "key", name="entries_key"),
    Index("entries_newest", "repository", "at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", String(64), primary_key=True),  # a digest of what the cookie holds
    Column("login", String(255), nullable=False),
    Column("repositories", Text, nullable=False),  # JSON: those GitHub showed, with their installations
    Column("until", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("seen_at", Float, nullable=False),
)


quotas = Table(
    "quotas",
    metadata,
    Column("name", String(64), primary_key=True),  # installation:NUMBER core|graphql
    Column("remaining", Integer, nullable=False),
    Column("seen_at", Float, nullable=False),
)


def open_database(url: str, *, synced: bool = True) -> Engine:
    """Connect lazily. SQLite waits five seconds for a lock, and `synced` a commit lies on the disk.

    Otherwise the last ones may be undone when the power fails, in order and never in part. That is
    enough for a worker: what it forgets it does again, and a delivery counts as done after its looks.
    """
    if not url.startswith("sqlite:///"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, connect_args={"connect_timeout": 5})
    path = url.removeprefix("sqlite:///")
    engine = create_engine(f"sqlite:///file:{path}?mode=rw&uri=true", connect_args={"timeout": 5.0})
    event.listen(engine, "connect", partial(_prepare_sqlite, "FULL" if synced else "NORMAL"))
    event.listen(engine, "connect", partial(_remember_file, path))
    event.listen(engine, "checkout", partial(_require_same_file, path))
    return engine


def _prepare_sqlite(synchronous: str, connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("PRAGMA busy_timeout=5000")


def _remember_file(path: str, _connection: Any, record: Any) -> None:
    record.info["file"] = _file_at(path)


def _require_same_file(path: str, _connection: Any, record: Any, _proxy: Any) -> None:
    """SQLite would go on writing to a file that was deleted or replaced, and lose it all."""
    if record.info["file"] != _file_at(path):
        raise DisconnectionError(f"{path} is not the file it was")


def _file_at(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return None
