"""The queue that makes it quick. The inbox and the gates are the truth: what it loses, the sweep finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from huey import Huey, PostgresHuey
from huey.storage import SqliteStorage

from service.settings import Settings

DELIVERY = "delivery"
GATE = "gate"
PULL = "pull"


def open_queue(settings: Settings) -> Huey:
    """Huey on the service's own database."""
    url = settings.database_url
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return Huey("deploy-protocol", storage_class=_Storage, filename=str(path), results=False)
    dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return PostgresHuey("deploy-protocol", dsn=dsn, results=False)


class _Storage(SqliteStorage):  # type: ignore[misc]  # huey has no types
    """Not synced at every commit: what the queue forgets when the power fails, the sweep finds."""

    def _create_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._create_connection()
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def peek_many(self, _keys: Iterable[str]) -> dict[str, bytes]:
        """Whether a task was revoked, which huey asks for each of them: none ever is."""
        return {}

    def delete_data(self, _key: str) -> bool:
        """The same once it is done."""
        return False

    def enqueue_all(self, tasks: Sequence[bytes]) -> None:
        """In one transaction: huey takes one for each, and SQLite's writers wait for each other."""
        rows = [(self.name, self.to_blob(task), 0) for task in tasks]
        with self.db(commit=True) as cursor:
            cursor.executemany("insert into task (queue, data, priority) values (?, ?, ?)", rows)


class Queue:
    """Kinds of work: a delivery to read, a gate or a pull request to look at."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self._work: dict[str, Callable[[str], None]] = {}
        self._offer = huey.task(name="offer")(self._do)

    def on(self, kind: str, work: Callable[[str], None]) -> None:
        self._work[kind] = work

    def put(self, kind: str, *keys: str) -> None:
        """Offer each of them to the workers."""
        storage, tasks = self.huey.storage, [self._offer.s(kind, key) for key in keys]
        if isinstance(storage, _Storage) and not self.huey.immediate:
            storage.enqueue_all([self.huey.serialize_task(task) for task in tasks])
            return
        for task in tasks:
            self.huey.enqueue(task)

    def _do(self, kind: str, key: str) -> None:
        self._work[kind](key)
