"""A deployment at a real terminal: the command line as a process, and what is read on the glass."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.sandbox_fixture import Sandbox, start_sandbox
from tests.terminals import AtTerminal, at_terminal

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t-value"
POLICY = """
version: 1
environments:
  staging:
    steps:
      verify: {{run: 'echo 1.0.0'}}
      deploy: {{run: '{deploy}'}}
      smoke: [{{name: Homepage loads, run: '{smoke}'}}]
    strategy: {{canary: {{weights: [5, 100], hold: {hold}, set: 'echo to "$WEIGHT"'}}}}
    rollback: {{run: '{back}'}}
"""
WATCHED = """
    monitor:
      for: 1s
      every: 1s
      source: {run: 'echo 0.25'}
      metrics: {errors: {query: '$TRACK', rollback_if: {above: 3}}}
"""
UNTIL_SEEN = "until test -e seen; do sleep 0.05; done"
Run: TypeAlias = Callable[..., AtTerminal]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path / "github") as sandbox:
        yield sandbox


@pytest.fixture
def deploying(sandbox: Sandbox, tmp_path: Path) -> Iterator[Run]:
    """`deploy-protocol run` of 1.1.0 to staging, at a terminal of this size."""
    with ExitStack() as terminals:

        def begin(
            *,
            deploy: str = "true",
            smoke: str = "true",
            back: str = "true",
            watched: bool = False,
            width: int = 100,
            height: int = 30,
            **environ: str,
        ) -> AtTerminal:
            policy = POLICY.format(deploy=deploy, smoke=smoke, back=back, hold="5s" if watched else "0s")
            policy += WATCHED if watched else ""
            sandbox.world.commit("acme/shop", {".github/deploy.yml": policy}, "A policy")
            head = sandbox.world.git(sandbox.world.repository("acme/shop")).tip("main")
            given = {
                "PYTHONPATH": str(ROOT),
                "GITHUB_API_URL": sandbox.url,
                "GITHUB_REPOSITORY": "acme/shop",
                "GITHUB_SHA": head or "",
                "GITHUB_TOKEN": sandbox.world.token_for("grace"),
                "RUNNER_TEMP": str(tmp_path),
                "DEPLOY_TOKEN": SECRET,
            }
            command = [sys.executable, "-c", "from deploy_protocol import main; main()", "run"]
            command += ["--environment", "staging", "--version", "1.1.0"]
            return terminals.enter_context(
                at_terminal(command, given | environ, tmp_path, width=width, height=height)
            )

        yield begin


GOING_ON = re.compile(
    r"""> deploy  [1-9]\d*s
    \| copying 1 of 3
    \| copying 2 of 3
  then canary 5%, canary 100%, smoke, monitor
staging  1\.0\.0 → 1\.1\.0  \d+s  2 done, 5 to do$"""
)


def test_what_is_done_stands_above_and_what_goes_on_below(deploying: Run, tmp_path: Path) -> None:
    at = deploying(watched=True, deploy=f'echo "copying 1 of 3"; echo "copying 2 of 3"; {UNTIL_SEEN}')
    assert at.until(lambda text: "looking" in text).startswith("looking at what is known  ")
    text = at.until(lambda text: bool(GOING_ON.search(text)))
    (tmp_path / "seen").touch()
    assert re.search(r"^✓ verify  \d+s$", text, re.MULTILINE)
    text = at.until(lambda text: "> canary 5%" in text and "judged" in text)
    assert "of 5s  at most 5% of users see 1.1.0" in text
    assert at.end() == 0
    assert re.search(r"^staging: success, 1\.1\.0, after \d+s$", at.glass.text, re.MULTILINE)
    assert re.search(r"^    errors +0\.25 +0\.25 +pass", at.glass.text, re.MULTILINE)
    assert "looking at what is known" not in at.glass.text
    assert "\n> " not in at.glass.text
    assert "| copying" not in at.glass.text  # what went well needs no last lines


def test_a_failure_shows_the_last_lines_and_the_end_says_why_and_who_saw_it(deploying: Run) -> None:
    at = deploying(smoke='echo "the page says Oops"; exit 1')
    assert at.end() == 1
    text = at.glass.text
    assert re.search(r"^✗ smoke  \d+s$", text, re.MULTILINE)
    assert "    | the page says Oops" in text
    assert "✓ rollback: previous version" in text
    end = text[text.index("staging: rollback, 1.1.0, after ") :]
    assert re.match(r"[^\n]* after \d+s; it runs 1\.0\.0 again\n", end)
    assert "    smoke: Homepage loads: " in end
    assert "    at most 100% of users saw 1.1.0, for " in end
    assert "    documented in: http" in end


def test_peers_20_what_a_command_prints_cannot_steer_the_terminal_nor_show_a_secret(
    deploying: Run, tmp_path: Path
) -> None:
    steers = r"\033]0;owned\007\033[2J\033[Hmark [bold red]up[/] \033[31m"
    at = deploying(deploy=rf'printf "{steers}s3cr3\033[1mt-value\033[0m\n"; {UNTIL_SEEN}')
    at.until(lambda text: "    | mark [bold red]up[/] ***" in text)
    (tmp_path / "seen").touch()
    assert at.end() == 0
    assert at.glass.rest == []
    assert SECRET not in at.printed
    assert "\x1b]0;" not in at.printed


def test_ctrl_c_stops_goes_back_and_leaves_a_terminal_one_can_work_at(deploying: Run) -> None:
    at = deploying(deploy="echo copying; sleep 20")
    at.until(lambda text: "    | copying" in text)
    at.press_ctrl_c()
    assert at.end() == 1
    assert "■ deploy" in at.glass.text
    assert "✓ rollback: previous version" in at.glass.text
    assert "    the job was stopped (SIGINT) during deploy" in at.glass.text
    assert "\n> " not in at.glass.text
    assert not at.glass.cursor_hidden


def test_the_way_back_takes_its_time_and_only_a_second_ctrl_c_cuts_it_short(deploying: Run) -> None:
    at = deploying(deploy="echo copying; sleep 20", back="echo going back; sleep 20")
    at.until(lambda text: "    | copying" in text)
    at.press_ctrl_c()
    at.until(lambda text: "    | going back" in text)
    at.press_ctrl_c()
    assert at.end() == 130
    assert "    the rollback was cut short during rollback: previous version" in at.glass.text


def test_even_a_killed_process_leaves_the_cursor(deploying: Run) -> None:
    at = deploying(deploy="echo copying; sleep 20")
    at.until(lambda text: "    | copying" in text)
    at.process.send_signal(signal.SIGKILL)
    at.end()
    assert not at.glass.cursor_hidden


def test_a_terminal_that_is_closed_stops_the_deployment_and_the_log_says_so(
    deploying: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    at = deploying(deploy="echo copying; sleep 20")
    at.until(lambda text: "    | copying" in text)
    at.hang_up()
    assert at.process.wait(60) == 1
    [*_, entry] = sandbox.world.repository("acme/shop").issues.values()
    assert "the job was stopped (SIGHUP) during deploy" in (entry.body or "")


def test_a_narrow_and_low_terminal_without_colours_is_enough(deploying: Run, tmp_path: Path) -> None:
    many = f'for i in $(seq 40); do echo "copying the long name of file $i"; done; {UNTIL_SEEN}'
    at = deploying(deploy=many, width=30, height=8, NO_COLOR="1")
    region = re.compile(r"> deploy .*\n(    \| copying .*…\n){2}  then canary .*…\nstaging  .*…$")
    text = at.until(lambda text: bool(region.search(text)))
    (tmp_path / "seen").touch()
    assert max(map(len, text[text.rindex("> deploy") :].splitlines())) <= 30
    assert at.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", at.printed)


@pytest.mark.parametrize(
    ("environ", "first"),
    [({"TERM": "dumb"}, "==> Decision: allow"), ({"GITHUB_ACTIONS": "true"}, "::add-mask::")],
    ids=["a terminal that can do no more", "a job"],
)
def test_elsewhere_there_are_lines(deploying: Run, environ: dict[str, str], first: str) -> None:
    at = deploying(**environ)
    assert at.end() == 0
    assert at.glass.text.startswith(first)
    assert "\x1b" not in at.printed
    assert os.linesep + "staging: success - 1.1.0" in at.glass.text
