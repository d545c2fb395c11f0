from __future__ import annotations

import pytest

from protocol.locks import locking_statements, said_safe


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("-- deploy-protocol: safe four rows\nLOCK users;", "four rows"),
        ("SELECT 1;\n  --deploy-protocol: SAFE four rows", "four rows"),
        ("-- deploy-protocol: safe\nLOCK users;", ""),
        ("SELECT '-- deploy-protocol: safe four rows';", None),
        ("-- deploy-protocol: safely", None),
        ("", None),
    ],
    ids=["first", "anywhere", "without a reason", "in a text", "another word", "nothing"],
)
def test_a_comment_of_its_own_says_that_a_migration_is_safe(sql: str, reason: str | None) -> None:
    assert said_safe(sql) == reason


def test_statements_that_lock_are_found_where_they_begin() -> None:
    sql = "SELECT 1;\nlock  table users;\nVACUUM (VERBOSE, FULL) users;\nVACUUM users;\n-- LOCK\nTRUNCATE a;"
    assert list(locking_statements(sql)) == [(1, "LOCK"), (2, "VACUUM (VERBOSE, FULL)"), (5, "TRUNCATE")]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("BEGIN; LOCK TABLE users; SELECT 1;", ["LOCK"]),
        ("REFRESH MATERIALIZED VIEW sales;", ["REFRESH MATERIALIZED VIEW"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY sales;", []),
        ("alter table t set logged;", ["ALTER TABLE T SET LOGGED"]),
        ("ALTER TABLE t SET TABLESPACE fast;", ["ALTER TABLE T SET TABLESPACE"]),
        ("ALTER TABLE t SET SCHEMA old;", []),
        ("SELECT 1; -- then; LOCK users;", []),
        ("SELECT 'x; LOCK users;';", []),
    ],
    ids=[
        "second",
        "view",
        "view at leisure",
        "written anew",
        "moved",
        "renamed",
        "in a comment",
        "in a text",
    ],
)
def test_a_line_locks_or_does_not(sql: str, found: list[str]) -> None:
    assert [words for _, words in locking_statements(sql)] == found
