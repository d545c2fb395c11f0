from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.tags import tag_of

SHA = "a" * 40


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        pytest.param("v1.2.3", "v1.2.3", id="a version"),
        pytest.param("1.2.3+build.7", "1.2.3+build.7", id="with its build"),
        pytest.param("2026/11 beta~1", "2026-11-beta-1", id="what git does not take"),
        pytest.param("..1..2.lock.lock", "1.2", id="dots and locks"),
        pytest.param("ünïcode-版", "ünïcode-版", id="letters of any language"),
        pytest.param(SHA, "deployed-aaaaaaaaaaaa", id="a commit"),
        pytest.param("***", "deployed-aaaaaaaaaaaa", id="nothing left"),
    ],
)
def test_a_version_names_its_tag(version: str, tag: str) -> None:
    assert tag_of(version, SHA) == tag


@settings(max_examples=60, deadline=None)
@given(version=st.text(st.characters(exclude_categories=["Cs"])))
def test_git_takes_every_name(version: str) -> None:
    tag = tag_of(version, SHA)
    assert not subprocess.run(["git", "check-ref-format", f"refs/tags/{tag}"], check=False).returncode, tag
