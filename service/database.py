"""Bringing the database to this version's tables, once, whoever starts first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from service.settings import SettingsError

_ADVISORY_LOCK = 7_355_608  # any number, the same in every process


def migrate(engine: Engine, data_dir: Path) -> None:
    """Run the Alembic migrations under a lock, so that several processes may start at once.

    Raises SettingsError where that cannot be: who starts the service can see to all of it.
    """
    try:
        _migrate(engine, data_dir)
    except OSError as error:
        cure = "make it for the service's user, or set DATA_DIR to another directory"
        raise SettingsError(
            (f"DATA_DIR is {data_dir}, which cannot be written ({error}): {cure}.",)
        ) from error
    except DatabaseError as error:
        said = str(error.orig).partition("\n")[0]
        cure = "see that the database runs and that its user may make tables"
        raise SettingsError(
            (f"DATABASE_URL leads to no database that can be used now ({said}): {cure}.",)
        ) from error
    except CommandError as error:
        cure = "start that one again, or delete the database, which is only an inbox and a cache"
        newer = "DATABASE_URL leads to a database that a newer version has made"
        raise SettingsError((f"{newer} ({error}): {cure}.",)) from error


def _migrate(engine: Engine, data_dir: Path) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    _make_file(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _alone(engine, data_dir), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _make_file(engine: Engine) -> None:
    """Nothing but a start makes a database: one that vanishes under us is trouble, not a new beginning."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        path = Path(engine.url.database.removeprefix("file:"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@contextmanager
def _alone(engine: Engine, data_dir: Path) -> Iterator[None]:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
        return
    with (data_dir / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
