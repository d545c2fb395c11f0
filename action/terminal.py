"""A deployment from a terminal: the same code, shown as it goes on, what GitHub would set taken from git."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from action.console import Console
from action.errors import BadInputError
from action.inputs import inputs_from
from action.process import BAD_INPUT, start

_REMOTE = re.compile(r"[/:]([^/:]+/[^/:]+?)(?:\.git)?/?$")
_SERVER = re.compile(r"(https?://)(?:[^@/]*@)?([^@/]+)/")  # without who logs in there


def run_from_terminal(
    inputs: Mapping[str, str], environ: Mapping[str, str], *, directory: Path = Path()
) -> int:
    """Carry a phase out from a checkout. Answers the exit code of `action.process.start`.

    GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_SHA and GITHUB_REF are asked of git where not set. Without
    GITHUB_RUN_ID the deployer is whom the token belongs to.
    """
    given = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    with _console(environ) as console:
        if not inputs.get("github_token"):
            why = "There is none. Set GITHUB_TOKEN, for example to what `gh auth token` prints."
            console.annotate("error", "Token", why)
            return BAD_INPUT
        try:
            inputs_from(given)
        except BadInputError as error:
            console.annotate("error", "Option", error.at_terminal)
            return BAD_INPUT
        environ = {**_from_git(directory), **environ, **given}
        return start(environ, console=console, hurried="GITHUB_ACTIONS" in environ)


@contextmanager
def _console(environ: Mapping[str, str]) -> Iterator[Console]:
    """A person at a terminal follows it live; a job, a pipe and a plain terminal get lines."""
    in_job, plain = "GITHUB_ACTIONS" in environ, environ.get("TERM", "dumb") in ("dumb", "unknown")
    if in_job or plain or not sys.stdout.isatty():
        yield Console(github=in_job)
        return
    from action.screen import open_screen  # noqa: PLC0415 - only where somebody looks

    with open_screen(sys.stdout) as screen:
        yield screen


def _from_git(directory: Path) -> dict[str, str]:
    """What git knows of the checkout; nothing where it is none."""
    branch = _git(directory, "symbolic-ref", "--quiet", "HEAD")
    origin = _git(directory, "remote", "get-url", "origin")
    remote, server = _REMOTE.search(origin), _SERVER.match(origin)
    found = {
        "GITHUB_REPOSITORY": remote[1] if remote else "",
        "GITHUB_SERVER_URL": server[1] + server[2] if server else "",
        "GITHUB_SHA": _git(directory, "rev-parse", "HEAD"),
        "GITHUB_REF": branch,
        "GITHUB_REF_NAME": branch.removeprefix("refs/heads/"),
        "GITHUB_WORKSPACE": str(directory.resolve()),
    }
    return {name: value for name, value in found.items() if value}


def _git(directory: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""
