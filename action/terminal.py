"""A deployment from a terminal: the same code, plain lines, what GitHub would set taken from git."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from action.console import Console
from action.process import start

_REMOTE = re.compile(r"(?:[/:])([^/:]+/[^/:]+?)(?:\.git)?/?$")


def run_from_terminal(
    *,
    environment: str,
    environ: Mapping[str, str],
    version: str = "",
    phase: str = "run",
    emergency_reason: str = "",
    dry_run: bool = False,
    directory: Path = Path(),
) -> int:
    """Carry a phase out from a checkout. Answers the exit code: 0 done, 1 failed, 2 bad input, 3 wait, 4 refuse.

    The token is GITHUB_TOKEN or GH_TOKEN; GITHUB_REPOSITORY, GITHUB_SHA and GITHUB_REF are asked of git
    where they are not set.
    """
    inputs = {
        "INPUT_ENVIRONMENT": environment,
        "INPUT_VERSION": version,
        "INPUT_PHASE": phase,
        "INPUT_EMERGENCY_REASON": emergency_reason,
        "INPUT_DRY_RUN": str(dry_run).lower(),
        "INPUT_GITHUB_TOKEN": environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN", ""),
    }
    return start({**_from_git(directory), **environ, **inputs}, console=Console(github=False))


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
