"""Every route of the sandbox, one module per noun."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.routes import accounts, control, meta
from sandbox.routing import Route

PARTS = (
    accounts.routes,
    control.routes,
    meta.routes,
)


def every_route() -> Iterator[Route]:
    for part in PARTS:
        yield from part.all
