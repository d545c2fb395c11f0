"""Every route of the sandbox, one module per noun."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.routes import (
    accounts,
    apps,
    browser,
    commits,
    contents,
    control,
    issues,
    meta,
    pulls,
    releases,
    repositories,
)
from sandbox.routing import Route

PARTS = (
    accounts.routes,
    apps.routes,
    browser.routes,
    commits.routes,
    contents.routes,
    control.routes,
    graphql.routes,
    issues.routes,
    meta.routes,
    pulls.routes,
    releases.routes,
    repositories.routes,
)


def every_route() -> Iterator[Route]:
    for part in PARTS:
        yield from part.all
