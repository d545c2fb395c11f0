"""Facts as JSON, both ways, strict: what `deploy-protocol decide --facts` reads and `schema facts` promises.

A fact that could not be read is written `{"missing": "why"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum, IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from protocol.errors import ProtocolError, shortened
from protocol.facts import Facts, Missing, People
from protocol.facts_meanings import MEANINGS
from protocol.moments import in_our_years
from protocol.wording import not_known, say_any

_HALF = re.compile("[\ud800-\udfff]")  # JSON may escape one half of a pair, which nothing can write out


class FactsError(ProtocolError):
    """Facts that cannot be used, with every problem found in them."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = tuple(map(shortened, problems))
        super().__init__("\n".join(self.problems))


def read_facts(text: str | bytes, file: str) -> Facts:
    """Read one gate's facts. Raises FactsError with all that is wrong, as `FILE: path: message`."""
    reader = _Reader()
    facts: Facts = reader.read(Facts, _json(text, file), "")
    if reader.problems:
        raise FactsError(tuple(f"{file}: {problem}" for problem in reader.problems))
    return replace(facts, people=_in_lower_case(facts.people))


def facts_data(facts: Facts) -> dict[str, Any]:
    """The same facts as JSON values; what has its default value is left out."""
    data: dict[str, Any] = _written(facts)
    return data


def facts_schema() -> dict[str, Any]:
    """A JSON Schema of what `read_facts` accepts."""
    definitions: dict[str, Any] = {}
    root = _schema(Facts, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The facts of one gate",
        **root,
        "$defs": definitions,
    }


def _json(text: str | bytes, file: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        why = error.msg if error.doc.strip() else "it is empty, write one object in {braces}"
        raise FactsError((f"{file}:{error.lineno}:{error.colno}: this is not JSON: {why}",)) from None
    except (RecursionError, ValueError) as error:
        raise FactsError((f"{file}: this is not JSON we can read: {_why_unreadable(error)}",)) from None


def _why_unreadable(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return f"byte {error.start + 1} is not UTF-8, save it as UTF-8"
        case RecursionError():
            return "it is nested too deep, facts never are"
        case _TwiceError():
            return str(error)
    return "it holds a number of more digits than any fact has"


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"key '{twice}' is written twice: keep one of them")
    return values


def _in_lower_case(people: People) -> People:
    """Logins and teams compare in lower case, however they were typed."""
    teams = {
        team.lower(): members
        if isinstance(members, Missing)
        else frozenset(login.lower() for login in members)
        for team, members in people.teams.items()
    }
    if isinstance(people.permissions, Missing):
        return People(permissions=people.permissions, teams=teams)
    permissions = {login.lower(): permission for login, permission in people.permissions.items()}
    return People(permissions=permissions, teams=teams)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@dataclass(slots=True)
class _Reader:
    """Builds values of the facts' own types, and remembers every misfit by its path."""

    problems: list[str] = field(default_factory=list)

    def read(self, kind: Any, value: Any, at: str) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            return self._either(inner, value, at)
        if origin is Literal:
            return value if value in inner else self._reject(at, _not_one_of(value, inner))
        if origin in (tuple, frozenset):
            return self._list(origin, inner[0], value, at)
        if origin is Mapping:
            return self._mapping(inner[1], value, at)
        if is_dataclass(kind):
            return self._record(kind, value, at)
        if issubclass(kind, Enum):
            return self._enum(kind, value, at)
        return self._moment(value, at) if kind is datetime else self._plain(kind, value, at)

    def _reject(self, at: str, message: str) -> None:
        self.problems.append(f"{at}: {message}" if at else message)

    def _either(self, kinds: tuple[Any, ...], value: Any, at: str) -> Any:
        """`T | Missing`, `T | None` or both."""
        if value is None and NoneType in kinds:
            return None
        if Missing in kinds and isinstance(value, dict) and set(value) == {"missing"}:
            return Missing(self._plain(str, value["missing"], f"{at}.missing"))
        return self.read(next(kind for kind in kinds if kind not in (Missing, NoneType)), value, at)

    def _list(self, container: Callable[[Any], Any], kind: Any, value: Any, at: str) -> Any:
        if not isinstance(value, list):
            return self._reject(at, f"this must be a list, not {_kind(value)}: write it in [brackets]")
        return container([self.read(kind, item, f"{at}[{index}]") for index, item in enumerate(value)])

    def _mapping(self, kind: Any, value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            return self._reject(at, f"this must be an object, not {_kind(value)}: write it in {{braces}}")
        return {
            self._plain(str, key, f"{at}.{key}"): self.read(kind, item, f"{at}.{key}")
            for key, item in value.items()
        }

    def _record(self, kind: Any, value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            return self._reject(at, f"this must be an object, not {_kind(value)}: write it in {{braces}}")
        before, hints = len(self.problems), _hints(kind)
        for key in sorted(value.keys() - hints.keys()):
            self._reject(at, not_known("key", key, hints))
        for key in sorted(_required(kind) - value.keys()):
            self._reject(at, f"key '{key}' is missing: add it")
        found = {
            key: self.read(hints[key], item, f"{at}.{key}".lstrip("."))
            for key, item in value.items()
            if key in hints
        }
        return kind(**found) if len(self.problems) == before else None

    def _enum(self, kind: type[Enum], value: Any, at: str) -> Any:
        words = _words(kind)
        return words[value] if value in list(words) else self._reject(at, _not_one_of(value, tuple(words)))

    def _moment(self, value: Any, at: str) -> Any:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return self._reject(at, f"'{value}' is not a moment: write one such as 2026-11-27T15:00:00+01:00")
        if moment.tzinfo is None:
            return self._reject(at, f"'{value}' has no offset: add one, such as +01:00 or Z")
        try:
            return in_our_years(moment)
        except ValueError as error:
            return self._reject(at, str(error))

    def _plain(self, kind: type, value: Any, at: str) -> Any:
        if isinstance(value, str) and (half := _HALF.search(value)):
            return self._reject(at, f"this holds half a character (U+{ord(half[0]):04X}): remove it")
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        wanted = {str: "text", int: "a whole number", bool: "true or false"}[kind]
        return self._reject(at, f"this must be {wanted}, not {_kind(value)}")


def _not_one_of(value: Any, words: tuple[Any, ...]) -> str:
    return f"'{value}' is not known here: write {say_any(words)}"


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", str: "text", list: "a list", dict: "an object", NoneType: "null"}
    return str(value) if isinstance(value, float) else kinds.get(type(value), "a number")


def _required(kind: Any) -> set[str]:
    return {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}


def _words(kind: type[Enum]) -> dict[str, Enum]:
    """How JSON writes an enum: a number's name, or a word's value."""
    return {member.name.lower() if issubclass(kind, IntEnum) else member.value: member for member in kind}


def _written(value: Any) -> Any:
    match value:
        case Missing(reason=reason):
            return {"missing": reason}
        case Enum():
            return next(word for word, member in _words(type(value)).items() if member is value)
        case datetime():
            return value.isoformat()
        case tuple():
            return [_written(item) for item in value]
        case frozenset():
            return sorted(_written(item) for item in value)
        case Mapping():
            return {key: _written(item) for key, item in value.items()}
    return _written_record(value) if is_dataclass(value) else value


def _written_record(record: Any) -> dict[str, Any]:
    """Without what has its plain default: a reader gives it the same."""
    defaults = {f.name: f.default for f in fields(record) if f.default is not MISSING}
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    told = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    return {name: _written(value) for name, value in told.items()}


_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin in (Union, UnionType):
        return {"anyOf": [_schema(one, definitions) for one in inner]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (tuple, frozenset):
        return {"type": "array", "items": _schema(inner[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(inner[1], definitions)}
    if is_dataclass(kind):
        return _record_schema(kind, definitions)
    return {"enum": list(_words(kind))}


def _record_schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # a place held, should a type hold itself
        hints = {"missing": str} if kind is Missing else _hints(kind)
        definitions[name] = {
            "description": (kind.__doc__ or "").partition("\n")[0],
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: {"description": MEANINGS[f"{name}.{key}"], **_schema(hint, definitions)}
                for key, hint in hints.items()
            },
            "required": sorted({"missing"} if kind is Missing else _required(kind)),
        }
    return {"$ref": f"#/$defs/{name}"}
