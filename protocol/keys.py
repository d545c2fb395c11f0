"""The keys that the mappings of a policy may have, read off its models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from protocol.policy import Model, Policy
from protocol.source import Node, Path


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys known at a place of the policy."""
    return keys_of(_bare(_annotation_at(path)))


def first_key_at(path: Path) -> str:
    """The key that says most at a place of the policy: one that it must have, or may."""
    model: type[Model] = _bare(_annotation_at(path))
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return [*required, *model.exactly_one, *keys_of(model)][0]


def keys_of(model: Any) -> tuple[str, ...]:
    """A model's keys as the file writes them; none for anything else."""
    return tuple(_fields(model))


@cache
def default_of(model: type[Model], key: str) -> Any:
    """What a key says when it is left out."""
    fields = model.model_fields.items()
    return next(field.default for name, field in fields if (field.alias or name) == key)


def mappings(root: Node) -> Iterator[tuple[Path, Node, type[Model]]]:
    """Every mapping of the file that a model is for, outer ones first."""
    yield from _mappings(root, (), Policy)


def _mappings(node: Node, path: Path, model: type[Model]) -> Iterator[tuple[Path, Node, type[Model]]]:
    """One mapping or each of a list, then what is inside."""
    for index, item in enumerate(node.items):
        yield from _mappings(item, (*path, index), model)
    if not isinstance(node.value, dict):
        return
    yield path, node, model
    for key, (inner, by_name) in _models_inside(model).items():
        entry = node.value.get(key)
        if entry is None:
            continue
        if not by_name:
            yield from _mappings(entry.node, (*path, key), inner)
            continue
        for name, named in entry.node.entries.items():
            yield from _mappings(named.node, (*path, key, name), inner)


@cache
def _models_inside(model: type[Model]) -> dict[str, tuple[type[Model], bool]]:
    """Which keys hold mappings of a model: the model, and whether they stand there by names of their own."""
    found = {}
    for key, annotation in _fields(model).items():
        outer = _bare(annotation)
        by_name = get_origin(outer) is dict
        inner = _bare(_item(outer)) if get_args(outer) else outer
        if isinstance(inner, type) and issubclass(inner, Model):
            found[key] = (inner, by_name)
    return found


def _annotation_at(path: Path) -> Any:
    annotation: Any = Policy
    for part in path:
        annotation = _inside(_bare(annotation), part)
    return annotation


def _inside(annotation: Any, part: str | int) -> Any:
    """The type of a field, of a mapping's values or of a list's items."""
    fields = _fields(annotation)
    return fields.get(str(part)) if fields else _item(annotation)


def _item(annotation: Any) -> Any:
    inner = get_args(annotation)
    return (inner[-1] if get_origin(annotation) is dict else inner[0]) if inner else None


def _bare(annotation: Any) -> Any:
    """The type inside `Annotated[...]` and `... | None`."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = get_args(annotation)[0]
    return annotation


@cache
def _fields(annotation: Any) -> dict[str, Any]:
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {}
    return {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
