"""Times, node ids and addresses, as every shape needs them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from sandbox.state import Repository
from sandbox.world import World


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def node_id(kind: str, number: int | str) -> str:
    """Opaque to callers; `kind_and_id` reads it back. `kind` is the GraphQL type's name."""
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode()


def kind_and_id(node: str) -> tuple[str, str]:
    """What `node_id` hid; raises ValueError for what it did not make."""
    kind, _, number = base64.urlsafe_b64decode(node.encode()).decode().partition(":")
    if not number:
        raise ValueError(f"'{node}' is not a node id.")
    return kind, number


def repo_url(world: World, repository: Repository, rest: str = "") -> str:
    """The REST address of something in a repository."""
    return f"{world.url}/repos/{repository.full_name}{rest}"


def repo_html(world: World, repository: Repository, rest: str = "") -> str:
    """The address a person would open."""
    return f"{world.url}/{repository.full_name}{rest}"
