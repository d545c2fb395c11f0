"""A repository as somebody at a terminal sees it, with a token from the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.checkout import Checkout
from gateway.errors import Forbidden, NotFound
from gateway.github import PUBLIC_API, GitHub

_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@contextmanager
def repository_of(
    environ: Mapping[str, str], repository: str | None, *, directory: Path = Path()
) -> Iterator[GitHub]:
    """Raises GatewayError, with the cure, where token or repository are not to be found."""
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise Forbidden("There is no token. Set GITHUB_TOKEN, for example to what `gh auth token` prints.")
    name = repository or environ.get("GITHUB_REPOSITORY") or Checkout(directory).repository()
    if not _NAME.fullmatch(name):
        raise NotFound(f"'{name}' names no repository. Give --repository OWNER/NAME.")
    github = GitHub(name, lambda: token, api_url=environ.get("GITHUB_API_URL") or PUBLIC_API)
    try:
        yield github
    finally:
        github.close()
