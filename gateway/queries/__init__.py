"""The questions we ask in GraphQL, as files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def query(*names: str) -> str:
    """The document of these files joined: a question and the parts it names."""
    return "\n".join((_HERE / f"{name}.graphql").read_text("utf-8") for name in names)
