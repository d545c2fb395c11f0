"""Deliveries, committed before they are acknowledged and handled at least once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.tables import deliveries

OFFERED = 10.0  # seconds the queue has to bring a delivery to a worker before the sweep does
LEASE = 60.0  # seconds a worker has for one delivery before it is handed to another
ATTEMPTS = 8  # then the delivery is dead: listed, and replayed by a person
BACKOFF = (5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)  # seconds after each failed attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    guid: str
    event: str
    action: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A delivery as it lies in the inbox. `state` is new, done or dead."""

    guid: str
    event: str
    action: str
    body: bytes
    state: str
    attempts: int
    received_at: float
    error: str


class Inbox:
    """May hand a delivery out twice, never lose one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[engine.dialect.name]
        unless_there = dialect.insert(deliveries).on_conflict_do_nothing()
        self._store = unless_there.returning(deliveries.c.guid)

    def commit(self, delivery: Delivery, now: float) -> bool:
        """Store durably. True when it is to be handled: new, or a redelivery of one that is not done."""
        return delivery.guid in self.commit_all([delivery], now)

    def commit_all(self, arrived: Sequence[Delivery], now: float) -> frozenset[str]:
        """Store all durably, or none. The ids of those that are to be handled."""
        with self._engine.begin() as connection:
            rows = [_row(delivery, now) for delivery in arrived]
            new = frozenset(connection.execute(self._store, rows).scalars())
            known = {delivery.guid for delivery in arrived} - new
            return new | {guid for guid in known if _revive(connection, guid, now)}

    def claim(self, guid: str, now: float) -> Delivery | None:
        """Take a delivery to handle it; None when it is done, dead, unknown, or in other hands."""
        free = or_(deliveries.c.attempts == 0, deliveries.c.due_at <= now)
        with self._engine.begin() as connection:
            row = connection.execute(
                update(deliveries)
                .where(deliveries.c.guid == guid, deliveries.c.state == "new", free)
                .values(attempts=deliveries.c.attempts + 1, due_at=now + LEASE)
                .returning(*deliveries.c)
            ).first()
            if row is not None and row.attempts > ATTEMPTS:
                _bury(connection, guid)
                return None
        return Delivery(guid=row.guid, event=row.event, action=row.action, body=row.body) if row else None

    def done(self, guid: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.guid == guid)
                .values(state="done", error="", body=b"")  # the id alone says that it was handled
            )

    def failed(self, guid: str, error: str, now: float) -> None:
        """Try again later, or give up after ATTEMPTS and keep it for a person to replay.

        One that another worker has finished meanwhile is done: nothing of it is left to be tried.
        """
        with self._engine.begin() as connection:
            attempts = connection.execute(
                select(deliveries.c.attempts).where(deliveries.c.guid == guid)
            ).scalar_one()
            state = "dead" if attempts >= ATTEMPTS else "new"
            wait = BACKOFF[min(attempts, len(BACKOFF)) - 1]
            connection.execute(
                update(deliveries)
                .where(deliveries.c.guid == guid, deliveries.c.state == "new")
                .values(state=state, error=error[:2000], due_at=now + wait)
            )

    def due(self, now: float, limit: int = 500) -> list[tuple[str, float]]:
        """Deliveries that nobody finished in time: (guid, due at), oldest first."""
        query = (
            select(deliveries.c.guid, deliveries.c.due_at)
            .where(deliveries.c.state == "new", deliveries.c.due_at <= now)
            .order_by(deliveries.c.due_at)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [(row.guid, row.due_at) for row in connection.execute(query)]

    def listed(self, state: str, limit: int = 1000) -> list[Kept]:
        """Deliveries in one state, oldest first."""
        query = (
            select(*_KEPT).where(deliveries.c.state == state).order_by(deliveries.c.received_at).limit(limit)
        )
        with self._engine.connect() as connection:
            return [Kept(**row) for row in connection.execute(query).mappings()]

    def found(self, guid: str) -> Kept | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(*_KEPT).where(deliveries.c.guid == guid)).mappings().first()
        return Kept(**row) if row else None

    def replay(self, guid: str, now: float) -> bool:
        """Have it handled again, its attempts forgotten. False when it is done, or not there."""
        with self._engine.begin() as connection:
            return _revive(connection, guid, now)

    def forget_done(self, before: float) -> None:
        """GitHub redelivers for three days; what was done long before never comes again."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(deliveries).where(deliveries.c.state == "done", deliveries.c.received_at < before)
            )

    def counts(self) -> Mapping[str, int]:
        """How many deliveries are in each state."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _row(delivery: Delivery, now: float) -> dict[str, Any]:
    return {
        "guid": delivery.guid,
        "event": delivery.event,
        "action": delivery.action,
        "body": delivery.body,
        "state": "new",
        "attempts": 0,
        "received_at": now,
        "due_at": now + OFFERED,
        "error": "",
    }


def _bury(connection: Connection, guid: str) -> None:
    """What ends its worker each time would go on doing so, and nobody would be told by `failed`."""
    error = f"taken up {ATTEMPTS} times and never finished: each time its worker was stopped or ended"
    buried = update(deliveries).where(deliveries.c.guid == guid)
    connection.execute(buried.values(state="dead", attempts=ATTEMPTS, error=error))


def _revive(connection: Connection, guid: str, now: float) -> bool:
    alive = update(deliveries).where(deliveries.c.guid == guid, deliveries.c.state != "done")
    return connection.execute(alive.values(state="new", attempts=0, due_at=now)).rowcount == 1


_KEPT = tuple(deliveries.c[name] for name in Kept.__dataclass_fields__)
