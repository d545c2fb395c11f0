"""Whether what crossed the wire has GitHub's published shapes, on both sides.

Strict both ways: a missing or mistyped field is a complaint, and so is a field GitHub does not have,
because code that reads it would work here and nowhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import graphql
from githubkit_schemas.v2022_11_28.models import WorkflowDispatchResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from sandbox.graph.execution import schema
from tests.operations import Operation, operation, payload

ENOUGH = 200
"""Validated bodies of one shape; the rest are more of the same."""

UNEVEN = frozenset({"archived_at", "archived_by"})
"""Of labels: GitHub's descriptions demand them in some places and do not know them in others."""

NOT_REST = frozenset(
    {
        "/graphql",
        "/login/oauth/access_token",
        "/login/oauth/authorize",
        "/organizations/{org}/settings/apps/new",
        "/settings/apps/new",
    }
)
"""On GitHub, but in no published description of its REST API."""

DISPATCHES = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"
"""Answers with a body where `return_run_details` asks for one; githubkit knows only the other answer."""

PUBLISHED_AS = {"/repos/{owner}/{repo}/contents": "/repos/{owner}/{repo}/contents/{path}"}
"""An empty path leaves a shorter template behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its answer, or one delivery (`event` is set, `request` its payload)."""

    method: str = "POST"
    template: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    request: Any = None
    response: Any = None
    event: str = ""


@dataclass(slots=True)
class Conformance:
    """Judges exchanges; what has a shape judged often enough is not looked at again."""

    seen: Counter[Any] = field(default_factory=Counter)

    def complaints(self, exchange: Exchange) -> list[str]:
        """One sentence for each thing that is not GitHub's."""
        key = (
            exchange.event,
            exchange.method,
            exchange.template,
            exchange.status,
            shape(exchange.request),
            shape(exchange.response),
        )
        self.seen[key] += 1
        return [] if self.seen[key] > ENOUGH else list(_complaints(exchange))


def _complaints(exchange: Exchange) -> Iterator[str]:
    if exchange.event:
        yield from _delivery(exchange)
    elif exchange.template == "/graphql":
        yield from _graphql(exchange)
    elif exchange.template not in NOT_REST:
        yield from _rest(exchange)


def _delivery(exchange: Exchange) -> Iterator[str]:
    action = exchange.request.get("action") if isinstance(exchange.request, Mapping) else None
    kind = payload(exchange.event, action)
    name = f"webhook {exchange.event}.{action}" if action else f"webhook {exchange.event}"
    if kind is None:
        yield f"{name}: GitHub sends no such event"
    else:
        yield from mismatches(kind, exchange.request, name)


def _graphql(exchange: Exchange) -> Iterator[str]:
    if exchange.status != 200 or not isinstance(exchange.request, Mapping):
        return
    try:
        document = graphql.parse(exchange.request.get("query", ""))
    except graphql.GraphQLError as error:
        yield f"GraphQL: {error.message}"
        return
    yield from (f"GraphQL: {error.message}" for error in graphql.validate(schema(), document))


def _rest(exchange: Exchange) -> Iterator[str]:
    name = f"{exchange.method} {exchange.template}"
    known = operation(exchange.method, PUBLISHED_AS.get(exchange.template, exchange.template))
    if known is None:
        yield f"{name}: GitHub publishes no such operation"
        return
    if exchange.status < 400:
        yield from _request(exchange, known, name)
    yield from _answer(exchange, known, f"{name} → {exchange.status}")


def _request(exchange: Exchange, known: Operation, name: str) -> Iterator[str]:
    for unknown in sorted(set(exchange.query) - known.query):
        yield f"{name}: query parameter '{unknown}' is not GitHub's; known are {sorted(known.query)}"
    if known.body is not None:
        yield from mismatches(known.body, exchange.request or {}, f"{name}, request")
    elif exchange.request:
        yield f"{name}: GitHub takes no body here, and {exchange.request!r} was sent"


def _answer(exchange: Exchange, known: Operation, name: str) -> Iterator[str]:
    if (exchange.template, exchange.status) == (DISPATCHES, 200):
        yield from mismatches(WorkflowDispatchResponse, exchange.response, name)
    elif exchange.status >= 400:
        kind = known.errors.get(str(exchange.status)) or basic_error()
        yield from mismatches(kind, exchange.response, name, invented=False)
    elif exchange.response is None:
        if known.answer is not None and exchange.status in (200, 201):
            yield f"{name}: GitHub answers with a body, the sandbox with none"
    elif exchange.status == 202 and exchange.response == {"message": exchange.response.get("message")}:
        return  # a deployment that merged instead; githubkit knows one answer for each operation
    elif known.answer is not None:
        yield from mismatches(known.answer, exchange.response, name)
    else:
        yield f"{name}: GitHub answers without a body, the sandbox with one"


def basic_error() -> Any:
    known = operation("GET", "/repos/{owner}/{repo}")
    assert known is not None
    return known.errors["404"]


def mismatches(kind: Any, value: Any, name: str, *, invented: bool = True) -> Iterator[str]:
    """What is wrong with a JSON value that should be of a type; with `invented`, foreign fields too."""
    try:
        parsed = adapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        yield from (f"{name}: {place(one['loc'])}: {one['msg']}" for one in error.errors())
        return
    if invented:
        yield from (f"{name}: {path or 'body'}: GitHub has no such field" for path in foreign(value, parsed))


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def place(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "body"


def foreign(value: Any, parsed: Any, path: str = "") -> Iterator[str]:
    """The paths in a JSON value that its parsed form does not know; a model without fields is any object."""
    if isinstance(parsed, BaseModel) and type(parsed).model_fields and isinstance(value, Mapping):
        names = {info.alias or name: name for name, info in type(parsed).model_fields.items()}
        names |= {name: name for name in parsed.model_extra or ()}
        for key, inner in value.items():
            if key in names:
                yield from foreign(inner, getattr(parsed, names[key]), f"{path}.{key}")
            elif key not in UNEVEN:
                yield f"{path}.{key}".lstrip(".")
    elif isinstance(parsed, list) and isinstance(value, list):
        for at, (one, known) in enumerate(zip(value, parsed, strict=True)):
            yield from foreign(one, known, f"{path}.{at}")


def shape(value: Any) -> Any:
    """A JSON value without its contents."""
    if isinstance(value, Mapping):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return ("list", *dict.fromkeys(map(shape, value)))
    return type(value).__name__
