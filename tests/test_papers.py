"""What the papers promise is what the code does: inputs, commands, words, workflows and pins."""

from __future__ import annotations

import json
import re
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy_protocol import main
from docs.generate import with_commands, with_tables

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
FENCED_YAML = re.compile(r"^ *```ya?ml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def vendored_schema(name: str) -> Any:
    schemas = resources.files("check_jsonschema.builtin_schemas") / "vendor"
    return json.loads((schemas / f"{name}.json").read_text())


def workflows() -> list[Any]:
    """Every workflow in the papers and the examples, by where it stands."""
    found = [
        pytest.param(text, id=f"{paper.relative_to(ROOT)} block {number}")
        for paper in PAPERS
        for number, text in enumerate(FENCED_YAML.findall(paper.read_text()), 1)
        if re.search(r"^ *jobs:", text, re.MULTILINE)
    ]
    files = sorted(ROOT.glob("examples/**/.github/workflows/*.yml"))
    return found + [pytest.param(file.read_text(), id=str(file.relative_to(ROOT))) for file in files]


def test_readme_lists_the_inputs_and_outputs_of_action_yml() -> None:
    assert with_tables(README) == README, "run: make docs"


def test_the_page_of_commands_has_the_table_that_help_shows() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    assert with_commands(page) == page, "run: make docs"


def test_readme_lists_every_command() -> None:
    listed = set(re.findall(r"^\| `deploy-protocol (\w+)", README, re.MULTILINE))
    assert listed == set(main.commands)


@pytest.mark.parametrize("text", workflows())
def test_a_workflow_in_the_papers_is_one_github_takes(text: str) -> None:
    workflow, schema = yaml.load(text, yaml.BaseLoader), vendored_schema("github-workflows")
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(workflow)] == []


@pytest.mark.parametrize("text", workflows())
def test_peers_24_actions_are_pinned_by_commit(text: str) -> None:
    used = re.findall(r"^[ -]*uses: *(\S+)", text, re.MULTILINE)
    assert used
    assert [one for one in used if not re.search(r"@([0-9a-f]{40}|__\w+_SHA__)$", one)] == []


@pytest.mark.parametrize("text", workflows())
def test_a_workflow_in_the_papers_says_which_permissions_it_needs(text: str) -> None:
    workflow = yaml.safe_load(text)
    assert set(workflow["permissions"].values()) <= {"read", "write", "none"}


def test_every_line_of_the_security_checklist_has_a_test_named_after_it() -> None:
    lines = re.findall(r"^(\d+)\. ", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"^def test_peers_(\d+)_", tests, re.MULTILINE))
    assert lines == [str(number) for number in range(1, 25)]
    assert set(lines) == named


def test_every_test_that_the_page_of_security_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", page, re.MULTILINE)
    named = {f"test_peers_{line}_{name}" for line, names in rows for name in re.findall(r"`(\w+)`", names)}
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    assert named - set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE)) == set()
    assert sorted({int(line) for line, _ in rows}) == list(range(1, 25))


def test_action_yml_and_compose_yml_are_what_their_readers_take() -> None:
    compose = yaml.safe_load((ROOT / "compose.yml").read_text())
    for paper, name in ((ACTION, "github-actions"), (compose, "compose-spec")):
        schema = vendored_schema(name)
        validator = jsonschema.validators.validator_for(schema)(schema)
        assert [error.message for error in validator.iter_errors(paper)] == []


def test_papers_link_to_files_that_exist() -> None:
    broken = [
        f"{paper.relative_to(ROOT)}: {target}"
        for paper in PAPERS
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", paper.read_text())
        if not (paper.parent / target).exists()
    ]
    assert broken == []


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in sorted((ROOT / "locks").glob("*.txt")):
        text = lock.read_text()
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9][^\n]*==", text, re.MULTILINE | re.IGNORECASE)
        assert text.count("--hash=sha256:") >= len(pinned) > 0


def test_ci_runs_the_readmes_test_command() -> None:
    commands = (ROOT / ".ci" / "run").read_text()
    assert "$ make test" in README
    assert "make test" in commands
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


def test_the_commands_on_the_page_of_strategies_are_those_that_the_tests_run() -> None:
    page = (ROOT / "docs" / "strategies.md").read_text()
    run = (ROOT / "tests" / "e2e" / "ops" / "shop").read_text()
    shown = re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown
    assert [commands for commands in shown if commands not in run] == []
