from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from action.errors import StepFailed
from action.migrations import lint_migrations
from action.run import run
from protocol.facts import Changes
from protocol.plan import Lint
from protocol.policy import Access, EmergencyAccess
from protocol.principals import Principal
from protocol.windows import Schedule, Window
from tests.jobs import GitHubInMemory, policy_of

RISKY = "ALTER TABLE users ADD COLUMN email text NOT NULL;\n"
NIGHT = Schedule((Window.parse("22:00-06:00"),), (), ZoneInfo("UTC"))
ANY_TIME = Lint("migrations/*.sql", Schedule((), (), ZoneInfo("UTC")))
AT_NIGHT = Lint("migrations/*.sql", NIGHT)
NOON, MIDNIGHT = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)


def write(desk: Any, name: str, text: str) -> None:
    path = desk.workspace / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_risky_migration_is_marked_where_it_stands(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", "-- first\n\n" + RISKY)
    issues = lint_migrations(ANY_TIME, desk.job, ("migrations/001.sql", "src/app.py"))
    assert issues
    assert all(issue.startswith("migrations/001.sql:3: ") for issue in issues)
    assert "::warning file=migrations/001.sql,line=3,title=" in desk.log


def test_sql_that_cannot_be_read_stops_the_deployment(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/002.sql", "SELECT 1;\nALTER TABEL users;\n")
    with pytest.raises(StepFailed, match=r"migrations/002\.sql:2: "):
        lint_migrations(ANY_TIME, desk.job, ("migrations/002.sql",))
    assert "::error file=migrations/002.sql,line=2,title=syntax-error" in desk.log


def test_sql_that_is_not_utf_8_is_named_with_its_line(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", "SELECT 1;\n")
    (desk.workspace / "migrations/002.sql").write_bytes(b"SELECT 1;\n-- Stra\xdfe\n")
    said = r"^migrations/002\.sql:2: this is not UTF-8; save the file as UTF-8$"
    with pytest.raises(StepFailed, match=said):
        lint_migrations(ANY_TIME, desk.job, None)


def test_only_what_changed_is_read(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", RISKY)
    write(desk, "migrations/002.sql", "SELECT 1;\n")
    assert lint_migrations(ANY_TIME, desk.job, ("migrations/002.sql", "migrations/gone.sql")) == []
    assert lint_migrations(ANY_TIME, desk.job, ()) == []
    assert "no migration changed" in desk.log


@pytest.mark.parametrize("pattern", ["migrations/*.sql", "/migrations/*.sql", "migr**.sql", "**/*.sql"])
def test_where_the_changes_are_not_known_every_migration_is_read(desk_of: Any, pattern: str) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", RISKY)
    assert lint_migrations(replace(ANY_TIME, paths=pattern), desk.job, None)


def test_findings_beyond_counting_are_all_read(desk_of: Any) -> None:
    desk = desk_of()
    write(desk, "migrations/001.sql", RISKY * 500)
    issues = lint_migrations(ANY_TIME, desk.job, ("migrations/001.sql",))
    assert issues[-1].startswith("migrations/001.sql:500: ")


LOCKING = [
    pytest.param(RISKY, id="a required column"),
    pytest.param("CREATE INDEX i ON users (email);\n", id="an index"),
    pytest.param("ALTER TABLE users ALTER COLUMN email TYPE varchar(10);\n", id="another type"),
    pytest.param("LOCK TABLE users;\n", id="a lock"),
    pytest.param("VACUUM FULL users;\n", id="a table written anew"),
]


@pytest.mark.parametrize("sql", LOCKING)
def test_a_table_is_not_locked_at_peak_hours(desk_of: Any, sql: str) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", "SELECT 1;\n" + sql)
    with pytest.raises(StepFailed) as refused:
        lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql",))
    said = str(refused.value)
    assert said.startswith("migrations/001.sql:2 locks a table")
    assert "wait until it opens Mon 23 Nov 2026 22:00 UTC" in said
    assert "mark the file with `-- deploy-protocol: safe REASON`" in said


def test_the_policys_windows_are_the_quiet_hours_even_of_an_emergency(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON, emergency_reason="The shop is down")
    write(desk, "migrations/001.sql", RISKY)
    text = """
windows: {open: ["22:00-06:00"]}
steps:
  migrate: {run: 'echo up >> story', lint: 'migrations/*.sql'}
"""
    access = Access(emergency=EmergencyAccess(who=(Principal("user", "ada"),)))
    policy = policy_of(text).model_copy(update={"access": access})
    changes = Changes(paths=("migrations/001.sql",), lines=1)
    result = run(desk.job, GitHubInMemory(policies=[policy], facts={"changes": changes}))
    assert result.status == "failed"
    assert result.issues[0].startswith("lint migrations: migrations/001.sql:1 locks a table")
    assert desk.file("story") == ""


@pytest.mark.parametrize("sql", LOCKING)
def test_at_quiet_hours_it_may_be(desk_of: Any, sql: str) -> None:
    desk = desk_of(clock=lambda: MIDNIGHT)
    write(desk, "migrations/001.sql", sql)
    assert lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql",))


def test_a_policy_without_windows_has_no_peak_hours(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", RISKY)
    assert lint_migrations(ANY_TIME, desk.job, ("migrations/001.sql",))


def test_what_locks_nothing_runs_at_any_hour(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", "CREATE TABLE IF NOT EXISTS orders (id bigint);\n")
    assert lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql",)) == []


def test_a_file_marked_safe_with_a_reason_may_lock_at_peak_hours(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", "-- deploy-protocol: safe users has four rows\n" + RISKY)
    assert lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql",))
    assert "migrations/001.sql may lock at peak hours; it is marked safe: users has four rows" in desk.log


def test_safe_without_a_reason_is_not_safe(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", "-- deploy-protocol: safe\n" + RISKY)
    with pytest.raises(StepFailed, match="write a reason after its `-- deploy-protocol: safe REASON`"):
        lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql",))


def test_one_file_marked_safe_does_not_speak_for_another(desk_of: Any) -> None:
    desk = desk_of(clock=lambda: NOON)
    write(desk, "migrations/001.sql", "-- deploy-protocol: safe users has four rows\n" + RISKY)
    write(desk, "migrations/002.sql", RISKY)
    with pytest.raises(StepFailed, match=r"^migrations/002\.sql:1 locks"):
        lint_migrations(AT_NIGHT, desk.job, ("migrations/001.sql", "migrations/002.sql"))


def test_after_a_migration_that_cannot_be_reversed_nothing_is_rolled_back_and_a_person_is_paged(
    desk_of: Any,
) -> None:
    desk = desk_of()
    text = """
steps:
  migrate: {run: 'echo up >> story', undo: 'echo down >> story', reversible: false}
  deploy: {run: 'echo "deploy $VERSION" >> story'}
  smoke: [{run: 'exit 1'}]
notify: {rollback: [pager]}
rollback: {run: 'echo "deploy $PREVIOUS_VERSION" >> story'}
"""
    result = run(desk.job, github := GitHubInMemory(policies=[policy_of(text)]))
    assert result.status == "failed"
    assert desk.file("story") == "up\ndeploy 1.1.0\n"
    assert any("the migration cannot be reversed" in issue for issue in result.issues)
    assert "a person is needed" in desk.log
    assert "NOTIFY_PAGER is not set" in desk.log  # the pager was called, and could not be reached
    assert [issue.title for issue in github.issues] == ["production: 1.1.0 failed"]
