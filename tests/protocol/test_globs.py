from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("a**c", "a/b/c"),
        ("**x*y", "ax/bxy"),
        ("a**/**/c", "ax/b/c"),
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


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("**/**/**/*a*a*b", "a/" * 40 + "a" * 200, id="stars on stars"),
        pytest.param("*a" * 30 + "b", "a" * 4000, id="a name"),
        pytest.param("**/a/" * 30 + "b", "a/" * 2000 + "c", id="directories"),
        pytest.param("**/*a*a/" * 10 + "b", "aaaa/" * 500 + "c", id="both"),
    ],
)
def test_a_hostile_path_does_not_take_long(pattern: str, text: str) -> None:
    began = time.process_time()
    assert not matches_any((pattern,), text)
    assert time.process_time() - began < 1


NAMES = st.text("ab", min_size=1, max_size=4)
PATTERNS = st.sampled_from(["**", "**", "*", "a", "b*", "*a*", "?*b", "*a*b*a"])


@settings(deadline=None)
@given(pattern=st.lists(PATTERNS, min_size=1, max_size=6), names=st.lists(NAMES, min_size=1, max_size=5))
def test_a_pattern_matches_what_trying_everything_finds(pattern: list[str], names: list[str]) -> None:
    assert matches_any(("/".join(pattern),), "/".join(names)) is tried(pattern, names)


def tried(pattern: list[str], names: list[str]) -> bool:
    """Every way to share the names out; a `**` at the end stands for one name at least."""
    if not pattern:
        return not names
    first, *others = pattern
    if first == "**" and not others:
        return bool(names)
    if first == "**":
        return any(tried(others, names[taken:]) for taken in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], first) and tried(others, names[1:])
