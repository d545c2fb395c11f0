"""What GitHub said remains of its limits, kept where every process of the service can tell it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, delete, insert, select

from service.tables import quotas

FRESH = 3600.0  # seconds; GitHub counts by the hour


class Quotas:
    """By installation and resource (core, graphql)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, remaining: Mapping[tuple[str, str], int], now: float) -> None:
        """Store the newest numbers; those of an hour ago mean nothing any more."""
        rows = [
            {"name": " ".join(key), "remaining": count, "seen_at": now} for key, count in remaining.items()
        ]
        if not rows:
            return
        with self._engine.begin() as connection:
            names = [row["name"] for row in rows]
            connection.execute(
                delete(quotas).where(quotas.c.name.in_(names) | (quotas.c.seen_at < now - FRESH))
            )
            connection.execute(insert(quotas), rows)

    def all(self) -> dict[tuple[str, str], int]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(quotas.c.name, quotas.c.remaining)).all()
        return {(name.split()[0], name.split()[1]): remaining for name, remaining in rows}
