"""Which migrations keep others out of a table while they run, and which a person has called safe."""

from __future__ import annotations

import re
from collections.abc import Iterator

# squawk's rules about statements that block reads or writes, or scan a table while they do:
# https://squawkhq.com/docs/rules
LOCKING_RULES = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-required-field",
        "adding-serial-primary-key-field",
        "ban-alter-domain-with-add-constraint",
        "ban-truncate-cascade",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "prefer-repack",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-partition-detach",
        "require-concurrent-reindex",
    }
)
_SAFE = re.compile(r"^\s*--\s*deploy-protocol:\s*safe\b[ \t]*(?P<reason>.*)$", re.IGNORECASE | re.MULTILINE)
_STATEMENT = re.compile(
    r"^(?:[^'-]*;)?\s*(?P<words>LOCK\b|CLUSTER\b|TRUNCATE\b"  # first on its line, or behind another
    r"|VACUUM\s+(?:\([^)]*\bFULL\b[^)]*\)|FULL\b)"
    r"|REFRESH\s+MATERIALIZED\s+VIEW\b(?!\s+CONCURRENTLY\b)"
    r"|ALTER\s+TABLE\b[^;']*\bSET\s+(?:LOGGED|UNLOGGED|TABLESPACE)\b)",
    re.IGNORECASE,
)


def said_safe(sql: str) -> str | None:
    """The reason of `-- deploy-protocol: safe REASON`; empty without one, None without the comment."""
    found = _SAFE.search(sql)
    return found["reason"].strip() if found else None


def locking_statements(sql: str) -> Iterator[tuple[int, str]]:
    """Statements that squawk does not mind: line from 0, and the words."""
    for number, line in enumerate(sql.splitlines()):
        if found := _STATEMENT.match(line):
            yield number, " ".join(found["words"].upper().split())
