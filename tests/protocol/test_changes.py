from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.changes import (
    MOST_SHOWN,
    Commit,
    Part,
    Pull,
    change_lines,
    grouped,
    headline,
    new_commits,
    section_of,
    span,
)

CHANGELOG = """\
# Changelog

## Unreleased

- Something

## [v1.10.0] - 2026-11-20

### Added

- Search

## 1.1.0

- Older
"""
FASTER = Pull(number=7, title="Faster search", author="ada", url="https://x.test/7")


def test_commits_are_grouped_by_the_pull_request_that_brought_them() -> None:
    commits = [
        Commit(sha="a", title="Merge", number=7),
        Commit(sha="b", title="Fix the door", authors=("bo",), url="https://x.test/b"),
        Commit(sha="c", title="Index", authors=("grace", "ada"), number=7),
    ]
    assert grouped(commits, {7: FASTER}) == (
        Part(title="Faster search", authors=("ada", "grace"), url="https://x.test/7", number=7, commits=2),
        Part(title="Fix the door", authors=("bo",), url="https://x.test/b"),
    )


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        pytest.param((), "Nothing new", id="nothing"),
        pytest.param((Part(title="Fix"),), "Fix", id="a commit"),
        pytest.param((Part(title="Fix", number=3),), "Fix (#3)", id="a pull request"),
        pytest.param(
            (Part(title="Fix", number=3), Part(title="x"), Part(title="y")), "Fix (#3) and 2 more", id="3"
        ),
    ],
)
def test_a_headline_names_the_newest_and_counts_the_others(parts: tuple[Part, ...], words: str) -> None:
    assert headline(parts) == words


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    lines = list(change_lines([Part(title=f"Change {at}") for at in range(MOST_SHOWN + 3)]))
    assert lines[-1] == "- and 3 more"
    assert len(lines) == MOST_SHOWN + 1


@given(title=st.text(), author=st.text())
def test_a_part_stays_on_its_line_whatever_people_wrote(title: str, author: str) -> None:
    (line,) = change_lines([Part(title=title, authors=(author,), url="https://x.test/1", number=1)])
    assert len(line.splitlines()) == 1
    assert "<" not in line.replace("\\<", "")


@pytest.mark.parametrize(
    ("version", "section"),
    [
        pytest.param("1.10.0", "### Added\n\n- Search", id="without the v"),
        pytest.param("v1.1.0", "- Older", id="with a v the heading lacks"),
        pytest.param("1.10", "", id="the beginning of another"),
        pytest.param("0.0", "", id="the end of another"),
        pytest.param("", "", id="no version"),
    ],
)
def test_a_changelog_is_read_under_the_heading_of_the_version(version: str, section: str) -> None:
    assert section_of(CHANGELOG, version) == section


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("## 2.0.0\n\n### Upgrading from 1.9.0\n\n- Read\n\n## 1.9.0\n\n{}\n", id="below"),
        pytest.param("## 2.0.0 (not for 1.9.0)\n\nNew.\n\n## 1.9.0\n\n{}\n", id="beside"),
        pytest.param("## [1.9.0]\n\n{}\n\n## [1.8.0]\n\n- Old\n", id="its own"),
    ],
)
@pytest.mark.parametrize(
    "section",
    [
        pytest.param("- Search", id="a list"),
        pytest.param("```sh\n# install it again\n./install\n```\n\n- Search", id="a comment in code"),
        pytest.param("  ~~~\n## 1.9.0\n  ~~~", id="a heading in code"),
    ],
)
def test_a_versions_section_is_its_own_and_whole(written: str, section: str) -> None:
    assert section_of(written.format(section), "v1.9.0") == section.strip()


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        pytest.param("a" * 40, ("aaaaaaa...bbbbbbb", f"compare/{'a' * 40}...{'b' * 40}"), id="since another"),
        pytest.param("", ("bbbbbbb", f"commit/{'b' * 40}"), id="the first"),
    ],
)
def test_what_lies_between_two_commits_is_named_and_has_its_page(base: str, shown: tuple[str, str]) -> None:
    assert span(base, "b" * 40) == shown


def test_what_is_new_is_what_only_the_head_descends_from() -> None:
    parents = {"m": ("b", "t"), "t": ("a",), "b": ("a",), "a": ()}
    assert new_commits("m", "b", parents) == ({"m", "t"}, True)
    assert new_commits("b", "m", parents) == (set(), True)


def test_a_history_cut_short_says_that_there_may_be_more() -> None:
    found, complete = new_commits("m", "b", {"m": ("b", "t"), "t": ("s",), "b": ("a",)})
    assert (found, complete) == ({"m", "t"}, False)
