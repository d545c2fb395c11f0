"""A session ends when it is said to, and those that are over are forgotten."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from gateway.viewer import Viewer
from service.sessions import Sessions
from service.tables import sessions

ADA = Viewer(login="ada", repositories={"acme/shop": 7, "acme/öl": 8})
NOW = 1_800_000_000.0


def test_a_session_holds_until_its_end(engine: Engine) -> None:
    kept = Sessions(engine)
    name = kept.begin(ADA, now=NOW, until=NOW + 900)
    assert kept.viewer(name, NOW + 899) == ADA
    assert kept.viewer(name, NOW + 900) is None
    assert kept.viewer(f"{name}x", NOW) is None


def test_a_session_that_was_ended_is_gone(engine: Engine) -> None:
    kept = Sessions(engine)
    first, other = (kept.begin(ADA, now=NOW, until=NOW + 900) for _ in range(2))
    kept.end(first)
    assert (kept.viewer(first, NOW), kept.viewer(other, NOW)) == (None, ADA)


def test_sessions_that_are_over_are_not_kept(engine: Engine) -> None:
    kept = Sessions(engine)
    for later in (0.0, 1000.0, 2000.0):
        kept.begin(ADA, now=NOW + later, until=NOW + later + 900)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 1
