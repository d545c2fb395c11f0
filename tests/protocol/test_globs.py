from __future__ import annotations

import pytest

from protocol.globs import first_match, matches_any


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("migrations/**", "migrations/1.sql"),
        ("migrations/**", "migrations/2026/11/1.sql"),
        ("**/migrations/*.sql", "migrations/1.sql"),
        ("**/migrations/*.sql", "shop/db/migrations/1.sql"),
        ("migrations/*.sql", "migrations/1.sql"),
        ("**/*.sql", "1.sql"),
        ("**", "a/b/c"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
        ("hotfix/*", "hotfix/basket"),
        ("release-?", "release-7"),
        ("v[0-9].[0-9]", "v1.2"),
        ("[!v]*", "main"),
        ("/docs/*", "docs/index.md"),
        ("a+b(c).d", "a+b(c).d"),
        ("[", "["),
        ("[z-a]", "[z-a]"),
        ("line\nbreak", "line\nbreak"),
    ],
)
def test_a_pattern_matches(pattern: str, text: str) -> None:
    assert matches_any((pattern,), text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("migrations/*.sql", "migrations/2026/1.sql"),
        ("migrations/**", "migrations"),
        ("migrations/**", "old-migrations/1.sql"),
        ("*.sql", "db/1.sql"),
        ("hotfix/*", "hotfix/a/b"),
        ("hotfix/*", "my-hotfix/a"),
        ("release-?", "release-/"),
        ("[!v]x", "/x"),
        ("a.c", "abc"),
        ("main", "main2"),
        ("main", "Main"),
        ("main", "main\n"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert not matches_any((pattern,), text)


def test_no_pattern_matches_nothing() -> None:
    assert not matches_any((), "main")


def test_the_first_text_that_any_pattern_matches_is_found() -> None:
    assert first_match(("docs/**", "*.md"), ("a.py", "README.md", "docs/x")) == "README.md"


def test_without_a_match_there_is_none() -> None:
    assert first_match(("docs/**",), ("a.py",)) is None


def test_a_hostile_path_does_not_take_long() -> None:
    assert not matches_any(("**/**/**/*a*a*b",), "a/" * 40 + "a" * 200)
