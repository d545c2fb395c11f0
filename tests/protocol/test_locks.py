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
