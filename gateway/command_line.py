"""A repository as somebody at a terminal sees it, with a token from the environment."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import Forbidden, NotFound
from gateway.github import PUBLIC_API, GitHub

_REMOTE = re.compile(r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@contextmanager
def repository_of(
    environ: Mapping[str, str], repository: str | None, *, directory: Path = Path()
) -> Iterator[GitHub]:
    """Raises GatewayError, with the cure, where token or repository are not to be found."""
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise Forbidden("There is no token. Set GITHUB_TOKEN, as to what `gh auth token` prints.")
    name = repository or environ.get("GITHUB_REPOSITORY") or _origin(directory)
    if not _NAME.fullmatch(name):
        raise NotFound(f"'{name}' names no repository. Give --repository OWNER/NAME.")
    github = GitHub(name, lambda: token, api_url=environ.get("GITHUB_API_URL") or PUBLIC_API)
    try:
        yield github
    finally:
        github.close()


def _origin(directory: Path) -> str:
    command = ["git", "-C", str(directory), "remote", "get-url", "origin"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    remote = _REMOTE.search(answer.stdout.strip())
    return remote[1] if remote else ""
