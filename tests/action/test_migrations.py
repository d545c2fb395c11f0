from __future__ import annotations

from typing import Any

import pytest

from action.errors import StepFailed
from action.migrations import lint_migrations

RISKY = "ALTER TABLE users ADD COLUMN email text NOT NULL;\n"


def write(desk: Any, name: str, text: str) -> None:
    path = desk.workspace / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_risky_migration_is_marked_where_it_stands(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", "-- first\n\n" + RISKY)
    issues = lint_migrations("migrations/*.sql", desk.job, ("migrations/001.sql", "src/app.py"))
    assert issues
    assert all(issue.startswith("migrations/001.sql:3: ") for issue in issues)
    assert "::warning file=migrations/001.sql,line=3,title=" in desk.log


def test_sql_that_cannot_be_read_stops_the_deployment(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/002.sql", "ALTER TABEL users;\n")
    with pytest.raises(StepFailed, match=r"migrations/002\.sql:1: "):
        lint_migrations("migrations/*.sql", desk.job, ("migrations/002.sql",))


def test_only_what_changed_is_read(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", RISKY)
    write(desk, "migrations/002.sql", "SELECT 1;\n")
    assert lint_migrations("migrations/*.sql", desk.job, ("migrations/002.sql", "migrations/gone.sql")) == []
    assert lint_migrations("migrations/*.sql", desk.job, ()) == []
    assert "no migration changed" in desk.log


def test_where_the_changes_are_not_known_every_migration_is_read(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", RISKY)
    assert lint_migrations("migrations/*.sql", desk.job, None)
