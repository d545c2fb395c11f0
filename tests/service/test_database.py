"""Migrations bring the tables the code speaks of, once, whoever starts first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import service.migrations
from service.database import migrate
from service.settings import SettingsError
from service.tables import entries, metadata, open_database


def test_the_migrations_make_exactly_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_several_processes_may_start_at_once(database_url: str, tmp_path: Path) -> None:
    def start(_: int) -> None:
        engine = open_database(database_url)
        migrate(engine, tmp_path)
        engine.dispose()

    with ThreadPoolExecutor(4) as starts:
        list(starts.map(start, range(4)))
    engine = open_database(database_url)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == newest_revision()
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone_and_said_to_be_one(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="DATABASE_URL leads to a database that a newer version has made"):
        migrate(engine, tmp_path)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    engine = open_database("postgresql+psycopg://us:hushhush@127.0.0.1:9/deploy")
    with pytest.raises(SettingsError, match="DATABASE_URL leads to no database that can be used now") as told:
        migrate(engine, tmp_path)
    assert "hushhush" not in str(told.value)
    engine.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Milk, bread, and something for the evening.\n" * 20)
    engine = open_database(f"sqlite:///{file}")
    with pytest.raises(SettingsError, match=r"DATABASE_URL leads to no database .*file is not a database"):
        migrate(engine, tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    engine = open_database(f"sqlite:///{in_the_way / 'data' / 'service.sqlite3'}")
    with pytest.raises(SettingsError, match=r"DATA_DIR is .*/file/data, which cannot be written"):
        migrate(engine, in_the_way / "data")


def newest_revision() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(Path(service.migrations.__file__).parent))
    return ScriptDirectory.from_config(config).get_current_head()


def test_a_copy_of_the_log_made_before_pages_tells_how_each_deployment_ended(
    database_url: str, tmp_path: Path
) -> None:
    """As an older version left it: the migration reads what the copy holds already."""
    migrate_to("0004", open_database(database_url), tmp_path)
    engine = open_database(database_url)
    kept = {"repository": "acme/shop", "key": "production/1", "environment": "production", "at": 1.0}
    with engine.begin() as connection:
        old = sa.table("entries", *map(sa.column, (*kept, "data")))
        connection.execute(sa.insert(old).values(**kept, data='{"status": "rollback"}'))
    migrate(engine, tmp_path)
    with engine.connect() as connection:
        assert list(connection.scalars(sa.select(entries.c.status))) == ["rollback"]
    engine.dispose()


def migrate_to(revision: str, engine: Engine, data_dir: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(service.migrations.__file__).parent))
    (data_dir / "service.sqlite3").touch()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
