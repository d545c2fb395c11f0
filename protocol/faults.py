"""What is wrong with a policy and where: pydantic's complaints in our own sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from protocol.keys import first_key_at, keys_at, keys_of
from protocol.policy import DEFAULTS, Environment, Policy
from protocol.source import Path
from protocol.wording import nearest, not_known, say_any

_CLOSE = re.compile(r"([a-z_]+):[^\s/]")  # a key and its value that nothing keeps apart
_MOST_MISSPELT = 100  # keys of one mapping; a hostile file could have a hundred thousand


@dataclass(frozen=True, slots=True)
class Fault:
    """A message about what stands at `path`; about the last key itself when `of_key`.

    `lacking` is the place of a key that is meant to be there and is not: it is missing, or misspelt.
    """

    path: Path
    message: str
    of_key: bool = False
    lacking: Path | None = None


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """Every complaint, in the file's own words."""
    return (_fault(complaint) for complaint in error.errors(include_url=False) if not _follows(complaint))


def _follows(complaint: Any) -> bool:
    """Whether the complaint only follows from another: about a list's items, or a key that is misspelt."""
    match complaint["type"]:
        case "too_short":
            return bool(complaint["input"])
        case "missing":
            *inside, key = complaint["loc"]
            known = keys_at(tuple(inside))
            unknown = (other for other in complaint["input"] if other not in known)
            return any(nearest(other, known) == key for other in islice(unknown, _MOST_MISSPELT))
    return False


def _fault(complaint: Any) -> Fault:
    path, given, context = complaint["loc"], complaint["input"], complaint.get("ctx", {})
    if path[-1:] == ("[key]",):  # pydantic's word for the name of an entry
        return replace(_fault({**complaint, "loc": path[:-1]}), of_key=True)
    match complaint["type"]:
        case "extra_forbidden":
            return Fault(path, _unknown_key(path[:-1], str(path[-1])), of_key=True, lacking=_meant(path))
        case "missing":
            return Fault(path[:-1], f"key '{path[-1]}' is missing: add it", lacking=path)
        case "value_error":
            return Fault(path, str(context["error"]))
        case "literal_error":
            return Fault(path, _not_one_of(given, context["expected"]))
        case "model_type" if isinstance(given, str) and (close := _CLOSE.match(given)):
            return Fault(path, f"this must be a mapping: write a space after '{close[1]}:'")
        case "model_type":
            example = f"keys and values, such as {{{first_key_at(path)}: …}}"
            return Fault(path, _must_be("a mapping", example)(given, context))
        case kind if kind in _SENTENCES:
            return Fault(path, _SENTENCES[kind](given, context))
    return Fault(path, f"this value does not fit: {complaint['msg']}")


def _meant(path: Path) -> Path:
    """Where an unknown key would stand if it were spelt like the nearest known one."""
    key = str(path[-1])
    return (*path[:-1], nearest(key, keys_at(path[:-1])) or key)


def _unknown_key(path: Path, key: str) -> str:
    known = keys_at(path)
    if (path, key) == ((), DEFAULTS):
        return f"key '{key}' belongs under 'environments': move it there"
    if nearest(key, known) is None:
        for model, place in _other_level(path):
            near = nearest(key, keys_of(model))
            if near == key:
                return f"key '{key}' belongs {place}: move it there"
            if near:
                return f"unknown key '{key}', did you mean '{near}'? That belongs {place}"
    return not_known("key", key, known)


def _other_level(path: Path) -> Iterator[tuple[type[BaseModel], str]]:
    """Where a key may belong that stands at the top, or directly under an environment."""
    match path:
        case ():
            yield Environment, "under an environment"
        case ("environments", _):
            yield Policy, "at the top of the file"


def _not_one_of(given: Any, expected: str) -> str:
    given = str(given).lower() if isinstance(given, bool) else given
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    near = nearest(str(given), words)
    return f"'{given}' is not known here: write {say_any(words)}" + (
        f", did you mean '{near}'?" if near else ""
    )


def _must_be_text(given: Any, _: Any) -> str:
    if isinstance(given, bool | int | float):
        return f"this must be text, not {_kind(given)}: put it in quotes"
    return f"this must be text, not {_kind(given)}: write it on one line"


def _kind(given: Any) -> str:
    kinds = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a mapping",
    }
    return kinds.get(type(given), "nothing")


def _must_be(what: str, example: str) -> Callable[[Any, Any], str]:
    return lambda given, _: f"this must be {what}, not {_kind(given)}: write {example}"


def _must_be_whole(given: Any, _: Any) -> str:
    """A number of more than eighteen digits is read as a fraction, and shown as one."""
    kind = given if isinstance(given, float) else _kind(given)
    return f"this must be a whole number, not {kind}: write one such as 1"


_SENTENCES: dict[str, Callable[[Any, Any], str]] = {
    "string_type": _must_be_text,
    "string_too_short": lambda *_: "this is empty: write some text or remove the key",
    "string_pattern_mismatch": lambda *_: "this is blank: write some text or remove the key",
    "string_too_long": lambda _, context: (
        f"this is too long: write at most {context['max_length']} characters"
    ),
    "int_type": _must_be_whole,
    "float_type": _must_be("a number", "one such as 0.9"),
    "finite_number": lambda *_: "this number is too large: write a smaller one",
    "bool_type": _must_be("true or false", "true or false without quotes"),
    "tuple_type": _must_be("a list", "it in brackets, such as [one, two]"),
    "dict_type": _must_be("a mapping", "keys and values, such as {key: value}"),
    "too_short": lambda *_: "this list is empty: name at least one, or remove the key",
    "greater_than_equal": lambda given, context: f"{given} is too small: write at least {context['ge']}",
    "less_than_equal": lambda given, context: f"{given} is too large: write at most {context['le']}",
}
