"""Who works: signs of life in the database, so that the web part can tell when nobody does."""

from __future__ import annotations

import os
import socket

from sqlalchemy import Engine, delete, func, insert, select, update

from service.tables import workers

HEARTBEAT = 5.0  # seconds between signs of life
WEB = "web:"  # begins the names of those who only take in
SILENT = 20.0  # seconds without a sign after which a worker counts as gone
FORGOTTEN = 3600.0  # seconds after which a worker that is gone is no longer listed


class Workers:
    """This process among all that work on the database. A `kind` other than "" is no worker."""

    def __init__(self, engine: Engine, kind: str = "") -> None:
        self._engine = engine
        self._is_web = kind == WEB
        self.name = f"{kind}{socket.gethostname()}:{os.getpid()}"
        self._seen_at = 0.0

    def seem_alive(self, now: float) -> None:
        """Give a sign when the last one is a while ago."""
        if now - self._seen_at >= HEARTBEAT:
            self.give_sign(now)

    def give_sign(self, now: float) -> None:
        """Raises SQLAlchemyError where the database cannot be written."""
        with self._engine.begin() as connection:
            seen = update(workers).where(workers.c.name == self.name).values(seen_at=now)
            if connection.execute(seen).rowcount == 0:
                connection.execute(insert(workers).values(name=self.name, seen_at=now))
            connection.execute(delete(workers).where(workers.c.seen_at < now - FORGOTTEN))
        self._seen_at = now

    def is_alone(self, now: float) -> bool:
        """Whether no other worker gave a sign of late."""
        return self.alive(now) == 1

    def alive(self, now: float) -> int:
        """How many of its kind gave a sign of late, this one in any case."""
        is_web = workers.c.name.startswith(WEB)
        others = select(func.count()).where(
            workers.c.name != self.name,
            is_web if self._is_web else ~is_web,
            workers.c.seen_at > now - SILENT,
        )
        with self._engine.connect() as connection:
            return 1 + int(connection.execute(others).scalar_one())

    def last_seen(self) -> float | None:
        """When any worker gave a sign."""
        newest = select(func.max(workers.c.seen_at)).where(~workers.c.name.startswith(WEB))
        with self._engine.connect() as connection:
            return connection.execute(newest).scalar()
