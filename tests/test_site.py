"""The pages of docs/ are built, agree with the code, and their examples are ones it takes."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from docs.facts_reference import facts_reference
from docs.generate import PARTS
from docs.policy_reference import policy_reference
from gateway.freezes import freezes_of
from protocol.document import parse_policy
from protocol.facts import Missing
from protocol.starting import Surroundings, drafts
from protocol.windows import Window
from tests.nodes import issue, listed
from tests.test_papers import FENCED_YAML, PAPERS, workflows

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))


def parts_of_a_policy() -> list[Any]:
    """Every YAML block of the pages that is no workflow, by where it stands."""
    return [
        pytest.param(text, id=f"{paper.name} block {number}")
        for paper in DOCS
        for number, text in enumerate(FENCED_YAML.findall(paper.read_text()), 1)
        if re.match(r"(notify|hotfix|environments|access|log):", text)
    ]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "index.html").exists()
    assert (tmp_path / "deploy.example.yml").exists()
    assert not list(tmp_path.rglob("*.py"))


def test_the_site_asks_for_nothing_outside(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    loaded = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?:[^\"]+)")
    assert {found for page in tmp_path.rglob("*.html") for found in loaded.findall(page.read_text())} == set()


def test_the_policys_reference_has_every_key_and_is_in_step() -> None:
    assert (ROOT / "docs" / "policy.md").read_text() == policy_reference(), "run: make docs"


def test_the_facts_reference_has_every_key_and_is_in_step() -> None:
    assert (ROOT / "docs" / "facts.md").read_text() == facts_reference(), "run: make docs"


@pytest.mark.parametrize("paper", PARTS)
def test_what_is_generated_in_a_paper_is_in_step(paper: str) -> None:
    text = (ROOT / paper).read_text()
    assert PARTS[paper](text) == text, "run: make docs"


@pytest.mark.parametrize("text", parts_of_a_policy())
def test_a_part_of_a_policy_in_the_pages_is_one_we_take(text: str) -> None:
    policy = yaml.safe_load(text)
    whole = {"version": 1, "environments": {"staging": {}, "production": {}}} | policy
    assert parse_policy(yaml.safe_dump(whole), "deploy.yml")


@pytest.mark.parametrize("text", workflows())
def test_a_workflow_in_the_papers_says_why_it_needs_a_permission(text: str) -> None:
    listed = re.search(r"^ *permissions:\n((?: +[a-z-]+: +\w+.*\n)+)", text, re.MULTILINE)
    assert listed is not None
    assert [line for line in listed[1].splitlines() if "#" not in line] == []


def test_what_init_writes_is_named_in_the_first_page() -> None:
    first_page = (ROOT / "docs" / "start.md").read_text()
    assert [draft.path for draft in drafts(Surroundings()) if f"`{draft.path}`" not in first_page] == []


def test_every_window_of_its_page_is_one_we_take() -> None:
    page = (ROOT / "docs" / "windows.md").read_text()
    table = page.partition("| Written |")[2].partition("\n\n")[0]
    written = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(written) == 10
    assert [Window.parse(text).text for text in written] == written


def test_the_lines_of_a_freeze_on_its_page_are_read() -> None:
    page = (ROOT / "docs" / "windows.md").read_text()
    [body] = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    berlin = ZoneInfo("Europe/Berlin")
    [freeze] = freezes_of(listed(issue(body, "deploy-freeze")), Missing("not asked"), berlin, frozenset())
    assert freeze.environments == {"production", "staging"}
    assert freeze.reason == "Stock is being counted"
    assert freeze.until == datetime(2027, 1, 4, 8, tzinfo=berlin)


def test_every_page_is_one_of_the_papers() -> None:
    assert set(DOCS) <= set(PAPERS)
