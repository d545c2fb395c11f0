"""Who is logged in, and what GitHub showed them: kept for minutes, and never with a token."""

from __future__ import annotations

import hashlib
import json
import secrets

from sqlalchemy import Engine, delete, insert, select

from gateway.viewer import Viewer
from service.tables import sessions


class Sessions:
    """A cookie holds a session's name, the database its digest: who reads either cannot make the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, viewer: Viewer, *, now: float, until: float) -> str:
        """Returns the new session's name. Those that are over are forgotten."""
        name = secrets.token_urlsafe(32)
        row = {
            "key": _key(name),
            "login": viewer.login,
            "repositories": json.dumps(dict(viewer.repositories)),
            "until": until,
        }
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.until <= now))
            connection.execute(insert(sessions).values(row))
        return name

    def viewer(self, name: str, now: float) -> Viewer | None:
        """None where there is no such session, or it is over."""
        query = select(sessions).where(sessions.c.key == _key(name), sessions.c.until > now)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Viewer(login=row.login, repositories=json.loads(row.repositories))

    def end(self, name: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.key == _key(name)))


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
