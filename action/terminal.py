"""A deployment from a terminal: the same code, plain lines, what GitHub would set taken from git."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from action.console import Console
from action.process import BAD_INPUT, start

_REMOTE = re.compile(r"[/:]([^/:]+/[^/:]+?)(?:\.git)?/?$")


def run_from_terminal(
    inputs: Mapping[str, str], environ: Mapping[str, str], *, directory: Path = Path()
) -> int:
    """Carry a phase out from a checkout. Answers the exit code of `action.process.start`.

    GITHUB_REPOSITORY, GITHUB_SHA and GITHUB_REF are asked of git where they are not set. Without
    GITHUB_RUN_ID the deployer is whom the token belongs to.
    """
    console = Console(github="GITHUB_ACTIONS" in environ)
    if not inputs.get("github_token"):
        console.annotate(
            "error", "Token", "There is none. Set GITHUB_TOKEN, as to what `gh auth token` prints."
        )
        return BAD_INPUT
    given = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    return start({**_from_git(directory), **environ, **given}, console=console)


def _from_git(directory: Path) -> dict[str, str]:
    """What git knows of the checkout; nothing where it is none."""
    branch = _git(directory, "symbolic-ref", "--quiet", "HEAD")
    remote = _REMOTE.search(_git(directory, "remote", "get-url", "origin"))
    found = {
        "GITHUB_REPOSITORY": remote[1] if remote else "",
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
