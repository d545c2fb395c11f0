"""What actions/checkout does, with real git, from the repository on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.git import clean_environment

_ALL = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")


def checkout(
    *,
    repositories: Path,
    repository: str,
    ref: str,
    sha: str,
    into: Path,
    depth: int,
    say: Callable[[str], None],
) -> None:
    """Check out `sha` (or the tip of `ref` where it is empty); a `depth` of 0 brings all history."""
    into.mkdir(parents=True, exist_ok=True)
    source = (repositories / f"{repository}.git").as_uri()
    _git(into, "init", "--quiet", "--initial-branch=main")
    _git(into, "remote", "add", "origin", source, check=False)
    _fetch(into, sha or ref, depth)
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
    where = ("-B", branch) if branch else ("--detach",)
    _git(into, "checkout", "--quiet", "--force", *where, "FETCH_HEAD")
    say(f"HEAD is now at {_git(into, 'log', '-1', '--format=%h %s')}")


def _fetch(into: Path, wanted: str, depth: int) -> None:
    if depth == 0:
        _git(into, "fetch", "--quiet", "origin", *_ALL)
        _git(into, "fetch", "--quiet", "origin", wanted)
    else:
        _git(into, "fetch", "--quiet", "--no-tags", f"--depth={depth}", "origin", wanted)


def _git(into: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=into, capture_output=True, text=True, env=clean_environment(), check=False
    )
    if check and done.returncode != 0:
        raise OSError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()
