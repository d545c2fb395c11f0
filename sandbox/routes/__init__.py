"""Every route of the sandbox, one module per noun."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.routes import (
    accounts,
    apps,
    browser,
    checks,
    commits,
    contents,
    control,
    deployments,
    environments,
    gates,
    git_objects,
    graphql,
    issues,
    meta,
    pulls,
    reactions,
    releases,
    repositories,
    runs,
    statuses,
)
from sandbox.routing import Route

PARTS = (
    accounts.routes,
    apps.routes,
    browser.routes,
    checks.routes,
    commits.routes,
    contents.routes,
    control.routes,
    deployments.routes,
    environments.routes,
    gates.routes,
    git_objects.routes,
    graphql.routes,
    issues.routes,
    meta.routes,
    pulls.routes,
    reactions.routes,
    releases.routes,
    repositories.routes,
    runs.routes,
    statuses.routes,
)


def every_route() -> Iterator[Route]:
    for part in PARTS:
        yield from part.all
