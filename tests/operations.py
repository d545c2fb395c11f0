"""GitHub's published REST operations and webhook payloads, read out of githubkit's generated sources.

Importing githubkit's clients takes seconds; their text tells the same: every method's docstring names
the operation's method and path, and its body names the models. Only the models asked for are imported.
"""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import re
import textwrap
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import githubkit_schemas
import pydantic

VERSION = "v2022_11_28"  # the version every request of ours names
SOURCES = Path(githubkit_schemas.__path__[0], VERSION, "rest")
DOCSTRING = re.compile(r'"""[\w-]+/\S+\n\n {8}(GET|POST|PUT|PATCH|DELETE) (/\S*)\n.*?"""', re.DOTALL)
OTHER_NAMES = {"PYDANTIC_V2": True, "_dt": dt}
NEXT_METHOD = re.compile(r"^ {4}\S", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What GitHub publishes of one method and path; types are what pydantic can validate."""

    query: frozenset[str] = frozenset()
    body: Any = None
    answer: Any = None
    errors: Mapping[str, Any] = field(default_factory=dict)


@cache
def operation(method: str, template: str) -> Operation | None:
    """The operation of a path like `/repos/{owner}/{repo}`, whatever its parameters are called."""
    source = _sources().get((method, anonymous(template)))
    return _read(ast.parse(textwrap.dedent(source))) if source is not None else None


@cache
def payload(event: str, action: str | None) -> Any | None:
    """The type of a webhook's body."""
    if not Path(SOURCES.parent, "webhooks", f"{event}.py").exists():
        return None
    types = importlib.import_module(f"githubkit_schemas.{VERSION}.webhooks.{event}").action_types
    return types.get(action) if isinstance(types, Mapping) else types


def anonymous(template: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", template)


@cache
def _sources() -> Mapping[tuple[str, str], str]:
    return dict(reversed([item for file in sorted(SOURCES.glob("*.py")) for item in _methods(file)]))


def _methods(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    text = file.read_text("utf-8")
    for found in DOCSTRING.finditer(text):
        end = NEXT_METHOD.search(text, found.end())
        yield (found[1], anonymous(found[2])), text[found.end() : end.start() if end else None]


def _read(method: ast.Module) -> Operation:
    request = next(call for call in _calls(method) if _name(call).endswith("request"))
    keywords = {keyword.arg: keyword.value for keyword in request.keywords}
    body = next((call.args[0] for call in _calls(method) if _name(call) == "type_validate_python"), None)
    errors = keywords.get("error_models")
    return Operation(
        query=frozenset(_query(method)),
        body=_type(body),
        answer=_type(keywords.get("response_model")),
        errors=_types(errors) if isinstance(errors, ast.Dict) else {},
    )


def _calls(method: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(method) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _query(method: ast.Module) -> Iterator[str]:
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "params":
            yield from ast.literal_eval(ast.unparse(ast.List(elts=list(getattr(node.value, "keys", ())))))


def _types(errors: ast.Dict) -> dict[str, Any]:
    return {
        ast.literal_eval(key): _type(value)
        for key, value in zip(errors.keys, errors.values, strict=True)
        if key
    }


def _type(node: ast.expr | None) -> Any:
    return eval(ast.unparse(node), {}, _Names()) if node is not None else None


class _Names(dict[str, Any]):
    """The names githubkit's sources use: its models, typing's and pydantic's words."""

    def __missing__(self, name: str) -> Any:
        if name in OTHER_NAMES:
            return OTHER_NAMES[name]
        models = importlib.import_module(f"githubkit_schemas.{VERSION}.models")
        for home in (models, typing, pydantic):
            if hasattr(home, name):
                return getattr(home, name)
        raise KeyError(name)  # a built-in, which Python looks up next
