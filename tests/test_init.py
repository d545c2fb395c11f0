"""`deploy-protocol init` in real checkouts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy_protocol import main
from protocol.starting import ACTION, POLICY, TEMPLATE, WORKFLOW


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*options: str, says: str = "") -> Result:
    return CliRunner().invoke(main, ["init", *options], input=says)


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def written(checkout: Path) -> set[str]:
    files = (file for file in checkout.rglob("*") if file.is_file())
    return {
        str(file.relative_to(checkout)) for file in files if ".git/" not in f"{file}/"[len(str(checkout)) :]
    }


def test_what_it_writes_is_fit_for_use(checkout: Path) -> None:
    assert init("--yes").exit_code == 0
    assert {POLICY, WORKFLOW, TEMPLATE} <= written(checkout)
    checked = CliRunner().invoke(main, ["check"])
    assert (checked.exit_code, checked.stdout) == (
        0,
        ".github/deploy.yml: fit for use, 2 environments, 0 tests passed\n",
    )


def test_it_looks_at_what_the_repository_has(checkout: Path) -> None:
    jobs = "{a: {environment: {name: live}}}"
    files = {
        "package.json": '{"scripts": {"deploy": "x"}}',
        "alembic.ini": "",
        ".github/workflows/ci.yml": f"on: pull_request\njobs: {jobs}",
    }
    put(checkout, files)
    said = init("--dry-run").stdout
    assert "default branch: trunk" in said
    assert "languages: JavaScript" in said
    assert "deploy command: npm run deploy" in said
    assert "environments: live" in said
    assert '+        run: "alembic upgrade head"' in said
    assert "+      - {item: All tests passing, checks: all}" in said


def test_nothing_is_written_without_a_yes(checkout: Path) -> None:
    assert init(says="n\n").exit_code == 1
    assert init("--dry-run").exit_code == 0
    assert written(checkout) == set()


def test_everything_is_shown_before_it_is_written(checkout: Path) -> None:
    said = init(says="y\n").stdout
    for path in (POLICY, WORKFLOW, TEMPLATE):
        text = (checkout / path).read_text(encoding="utf-8")
        assert all(f"+{line}\n" in said for line in text.splitlines())
        assert said.index(f"new: {path}") < said.index("[y/N]")


def test_a_file_that_is_there_is_never_changed(checkout: Path) -> None:
    (checkout / ".github").mkdir()
    (checkout / POLICY).write_text("mine", encoding="utf-8")
    (checkout / "PULL_REQUEST_TEMPLATE.md").write_text("mine", encoding="utf-8")
    said = init("--yes").stdout
    assert f"kept as it is: {POLICY}" in said
    assert "kept as it is: PULL_REQUEST_TEMPLATE.md" in said
    assert (checkout / POLICY).read_text(encoding="utf-8") == "mine"
    assert TEMPLATE not in written(checkout)
    assert "nothing is written" in init("--yes").stdout


def test_nothing_is_written_through_a_link_that_leads_out(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (checkout / ".github").symlink_to(outside)
    ended = init("--yes")
    assert (ended.exit_code, list(outside.iterdir())) == (2, [])
    assert "leads out of the repository" in ended.stderr


def test_without_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = init("--yes")
    assert (ended.exit_code, "run this there" in ended.stderr) == (2, True)


def test_the_action_s_address_is_asked_for_unless_it_was_given(checkout: Path) -> None:
    assert f"put our action's address and commit in place of {ACTION}" in init("--yes").stdout
    (checkout / WORKFLOW).unlink()
    given = f"acme/ours@{'a' * 40}"
    assert "in place of" not in init("--yes", "--action", given).stdout
    assert f"uses: {given}\n" in (checkout / WORKFLOW).read_text(encoding="utf-8")
