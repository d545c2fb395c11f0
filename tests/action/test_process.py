from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from action.console import Console
from action.process import start
from action.terminal import run_from_terminal
from tests.sandbox_fixture import start_sandbox

ROOT = Path(__file__).parents[2]
COMMIT = "-c user.name=ada -c user.email=ada@shop.test commit -q --allow-empty -m Begin"
POLICY = """
version: 1
environments: {production: {steps: {deploy: {run: 'echo "deploying $VERSION"'}}}}
"""


def action(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "action", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_bad_input_is_one_line_without_a_traceback() -> None:
    ended = action(INPUT_GITHUB_TOKEN="t0ken-t0ken")
    assert ended.returncode == 2
    assert ended.stderr == ""
    sentence = "Input 'environment' is empty. Set it under `with:` in the workflow step."
    assert ended.stdout.splitlines() == ["::add-mask::t0ken-t0ken", f"::error title=Input::{sentence}"]


def test_an_unknown_argument_is_named() -> None:
    ended = action("before")
    assert (ended.returncode, ended.stdout) == (
        2,
        "Unknown argument 'before'. Use `python -m action` or `python -m action post`.\n",
    )


def test_the_end_of_a_job_that_never_deployed_has_nothing_to_tell(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert action("post").returncode == 0
    journal.write_text("", encoding="utf-8")
    environ = {"INPUT_ENVIRONMENT": "production", "INPUT_GITHUB_TOKEN": "t0ken-t0ken"}
    ended = action(
        "post", STATE_journal=str(journal), GITHUB_REPOSITORY="acme/shop", GITHUB_SHA="a" * 40, **environ
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_is_not_asked_for_is_not_imported() -> None:
    code = "import sys, action.process; print(*{'apprise', 'rich', 'click', 'github'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert ended.stdout.strip() == ""


def make_checkout(path: Path, origin: str = "git@github.test:acme/shop.git") -> Path:
    path.mkdir()
    for text in ("init -q -b main", f"remote add origin {origin}", COMMIT):
        subprocess.run(["git", "-C", str(path), *text.split()], check=True)
    return path


def test_a_terminal_takes_from_git_what_github_would_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with start_sandbox(tmp_path / "github") as sandbox:
        checkout = make_checkout(tmp_path / "checkout")
        sandbox.world.commit("acme/shop", {".github/deploy.yml": POLICY}, "A policy")
        head = sandbox.world.git(sandbox.world.repository("acme/shop")).tip("main")
        environ = {
            "PATH": os.environ["PATH"],
            "GITHUB_API_URL": sandbox.url,
            "GITHUB_SHA": head or "",
            "RUNNER_TEMP": str(tmp_path),
        }
        inputs = {"environment": "production", "github_token": sandbox.world.token_for("grace")}
        code = run_from_terminal(inputs, environ, directory=checkout)
    said = capsys.readouterr().out
    assert code == 0, said
    assert "grace may deploy to production" in said
    assert "No gate stands between a terminal and an environment" in said
    assert f"deploying {head}" in said
    assert "::" not in said


def test_links_lead_to_the_server_that_the_checkout_is_of_and_hold_no_token(tmp_path: Path) -> None:
    with start_sandbox(tmp_path / "github") as sandbox:
        token = sandbox.world.token_for("grace")
        origin = f"{sandbox.url.replace('://', f'://grace:{token}@')}/acme/shop.git"
        sandbox.world.commit("acme/shop", {".github/deploy.yml": POLICY}, "A policy")
        environ = {
            "PATH": os.environ["PATH"],
            "GITHUB_API_URL": sandbox.url,
            "GITHUB_SHA": sandbox.world.git(sandbox.world.repository("acme/shop")).tip("main") or "",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "RUNNER_TEMP": str(tmp_path),
        }
        inputs = {"environment": "production", "github_token": token}
        assert run_from_terminal(inputs, environ, directory=make_checkout(tmp_path / "shop", origin)) == 0
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    assert f"**Changes**: [A policy]({sandbox.url}/acme/shop/commit/" in summary
    assert token not in summary


def test_a_checkout_without_a_remote_says_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = {"environment": "production", "github_token": "t0ken-t0ken"}
    assert run_from_terminal(inputs, {"PATH": os.environ["PATH"]}, directory=tmp_path) == 2
    assert "GITHUB_REPOSITORY is not set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"environment": ""}, "--environment is empty. Name one of the policy's environments."),
        (
            {"phase": "begin"},
            "--phase is 'begin'. It is one of `run`, `check`, `start`, `finish`, `rollback`.",
        ),
        (
            {"phase": "finish"},
            "--job-status is ''. `--phase finish` needs to hear success, failure or cancelled.",
        ),
        ({"version": "1\n2"}, "--version has several lines. Write it on one."),
        (
            {"check_run_id": "x"},
            "--check-run-id is 'x', which is not a number. Leave it out where no job's check run is meant.",
        ),
    ],
    ids=["environment", "phase", "job_status", "version", "check_run_id"],
)
def test_at_a_terminal_a_bad_option_is_named_as_it_was_written_there(
    given: dict[str, str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = {"environment": "production", "github_token": "t0ken-t0ken", **given}
    assert run_from_terminal(inputs, {"PATH": os.environ["PATH"]}, directory=tmp_path) == 2
    said = capsys.readouterr().out
    assert sentence in said
    assert "with:" not in said


def test_a_phase_nobody_knows_is_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    environ = {"INPUT_ENVIRONMENT": "production", "INPUT_GITHUB_TOKEN": "t0ken", "INPUT_PHASE": "begin"}
    assert start(environ, console=Console(github=False)) == 2
    assert "Input 'phase' is 'begin'" in capsys.readouterr().out
