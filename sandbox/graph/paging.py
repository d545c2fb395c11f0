"""Connections: a part of a list, with cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.graph.problems import GraphProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInfo:
    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


@dataclass(frozen=True, slots=True)
class Edge:
    cursor: str
    node: Any


@dataclass(frozen=True, slots=True)
class TeamMemberEdge(Edge):
    role: str


@dataclass(frozen=True, slots=True)
class CollaboratorEdge(Edge):
    permission: str


class Connection:
    """The slice of `items` that first, last, after and before ask for."""

    def __init__(
        self,
        items: Sequence[Any],
        *,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        edge: Callable[[str, Any], Edge] = Edge,
    ) -> None:
        self.items = items
        self._edge = edge
        start = position(after) if after else 0
        end = min(position(before) - 1, len(items)) if before else len(items)
        self._start = start if last is None else max(start, end - last)
        self._end = end if first is None else min(end, start + first)

    @property
    def total_count(self) -> int:
        return len(self.items)

    @property
    def nodes(self) -> list[Any]:
        return list(self.items[self._start : self._end])

    @property
    def edges(self) -> list[Edge]:
        return [self._edge(cursor(self._start + at), node) for at, node in enumerate(self.nodes, start=1)]

    @property
    def page_info(self) -> PageInfo:
        empty = self._start >= self._end
        return PageInfo(
            start_cursor=None if empty else cursor(self._start + 1),
            end_cursor=None if empty else cursor(self._end),
            has_next_page=self._end < len(self.items),
            has_previous_page=self._start > 0 and not empty,
        )


def cursor(at: int) -> str:
    return base64.b64encode(f"cursor:{at}".encode()).decode()


def position(text: str) -> int:
    try:
        return int(base64.b64decode(text, validate=True).removeprefix(b"cursor:"))
    except (binascii.Error, ValueError):
        raise GraphProblem(
            "INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor."
        ) from None


def only_paging(arguments: dict[str, Any]) -> dict[str, Any]:
    """What is left for the connection when filters the sandbox does not know are dropped."""
    return {name: arguments[name] for name in ("first", "last", "after", "before") if name in arguments}
