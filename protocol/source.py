"""YAML text as values that remember where they stand: a small, strict part of YAML 1.2.

Words stay words: `on`, `no`, `10:00` and `2026-12-24` are text, as in GitHub's own workflow files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, NoReturn, TypeAlias

import yaml

from protocol.errors import MOST_PROBLEMS, PolicyError, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml where the wheel has it: four times quicker
MERGE = "<<"  # a key of YAML 1.1 that takes an alias: what it would bring is not known
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_BREAK = r"(?m)^[ -]*(?:[\w-]+:)?(\xa0)"  # as web pages have them; compiled where one is found
_CONFLICT = r"(?m)^([<=>])\1{6}(?: |$)"
_CHANNEL = r"""(?m)^[^#'"\n]*[\[{,] *(#)\w"""
_CURES = {  # by words of libyaml and PyYAML
    "cannot start any token": "text that begins with '{culprit}' needs quotes",
    "alphabetic or numeric": "text that begins with '{before}' needs quotes",
    "mapping values are not allowed": (
        "a ':' stands where no key can be: put text that holds ': ' in quotes, or mend the indentation"
    ),
    "expected ':'": "this is neither key nor item: write ': ' after a key, '- ' before an item, or indent it",
    "block sequence entries": "a list begins on a line of its own: move the '-' there, or use [brackets]",
    "unknown escape": "'{escape}' means nothing in double quotes: use single ones, or write '\\{escape}'",
}

Scalar: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]


class Illegible(Enum):
    """A value that is there, and has a fault: what it should say is not known."""

    VALUE = "illegible"


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    key: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    mark: Mark
    value: Scalar | tuple[Node, ...] | dict[str, Entry] | Illegible

    @property
    def legible(self) -> bool:
        return self.value is not Illegible.VALUE

    @property
    def entries(self) -> dict[str, Entry]:
        """A mapping's entries; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """A list's items; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def plain(self) -> Any:
        """The same without marks, as pydantic reads it."""
        match self.value:
            case dict() as entries:
                return {
                    key: entry.node.plain
                    for key, entry in entries.items()
                    if key != MERGE or entry.node.legible
                }
            case tuple() as items:
                return [item.plain for item in items]
        return self.value

    def find(self, *path: str | int) -> Node | None:
        """The node at `path`, where there is one. Inside what is illegible, all is."""
        node: Node | None = self
        for part in path:
            node = _child(node, part) if node is not None else None
        return node

    def text(self, *path: str | int) -> str | None:
        """The text at `path`; None when there is none that can be read."""
        found = self.find(*path)
        return found.value if found is not None and isinstance(found.value, str) else None

    def listed(self, *path: str | int) -> tuple[Node, ...]:
        """The items of the list at `path`."""
        found = self.find(*path)
        return found.items if found is not None else ()

    def blotted(self, path: Path, *, if_lacking: bool = False) -> Node:
        """The tree with what stands at `path` illegible; only where nothing stands when `if_lacking`.

        What lies on the way and is not in the file is passed over: one probe for a list of one.
        """
        if not path:
            return self if if_lacking else Node(self.mark, Illegible.VALUE)
        part, rest = path[0], path[1:]
        child = _child(self, part)
        if child is not None:
            return self._with(part, child.blotted(rest, if_lacking=if_lacking)) if self.legible else self
        if if_lacking and isinstance(part, str) and not rest:
            return self._with(part, Node(self.mark, Illegible.VALUE))
        return self.blotted(rest, if_lacking=if_lacking)

    def _with(self, part: str | int, child: Node) -> Node:
        if isinstance(part, int):
            return Node(self.mark, (*self.items[:part], child, *self.items[part + 1 :]))
        key = self.entries[part].key if part in self.entries else child.mark
        return Node(self.mark, {**self.entries, part: Entry(key, child)})


def _child(node: Node, part: str | int) -> Node | None:
    value = node.value
    if isinstance(part, str) and isinstance(value, dict):
        entry = value.get(part) or value.get(MERGE)
        return entry.node if entry is not None and (part in value or not entry.node.legible) else None
    if isinstance(part, int) and isinstance(value, tuple):
        return value[part] if part < len(value) else None
    return None if node.legible else node


@dataclass(frozen=True, slots=True)
class Source:
    """A file's root mapping, and the faults that did not keep it from being read."""

    root: Node
    problems: tuple[Problem, ...]


def read_source(text: str | bytes, file: str) -> Source:
    """Read one YAML document. Raises PolicyError when nothing can be made of it."""
    decoded = _decoded(text, file)
    composer = _Composer(file)
    try:
        root = composer.document(yaml.parse(decoded, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark, message = _slip(error, decoded) or (_where(error), _why_not_yaml(error, decoded))
        _fail(file, mark, message)
    if root is None or root.value is None:
        _fail(file, Mark(), "the file is empty: start it with 'version: 1' and 'environments:'")
    if not root.legible:
        raise PolicyError(tuple(composer.problems))
    if not isinstance(root.value, dict):
        _fail(
            file, root.mark, "a policy is a mapping of keys: start it with 'version: 1' and 'environments:'"
        )
    return Source(root, tuple(composer.problems))


def _fail(file: str, mark: Mark, message: str) -> NoReturn:
    raise PolicyError((Problem(file, mark.line, mark.column, message),)) from None


def _decoded(text: str | bytes, file: str) -> str:
    try:
        raw = text.encode() if isinstance(text, str) else text
        if len(raw) > MAX_BYTES:
            _fail(file, Mark(), f"the file holds {len(raw):,} bytes: a policy holds at most {MAX_BYTES:,}")
        decoded = raw.decode("utf-8-sig")
    except UnicodeError as error:
        _fail(file, Mark(), f"the file is not UTF-8 (byte {error.args[2] + 1}): save it as UTF-8")
    strange = _UNPRINTABLE.search(decoded)
    if strange:
        _fail(file, _mark_of(decoded, strange.start()), _of_character(strange.group()))
    if "\xa0" in decoded and (spaced := re.search(_NO_BREAK, decoded)):
        message = "a no-break space stands where YAML wants a space: replace it"
        _fail(file, _mark_of(decoded, spaced.start(1)), message)
    return decoded


def _mark_of(text: str, index: int) -> Mark:
    return Mark(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark()


def _slip(error: yaml.MarkedYAMLError, text: str) -> tuple[Mark, str] | None:
    """What makes a text no YAML, where its looks say it better than the parser."""
    if found := re.search(_CONFLICT, text):
        message = "a merge is not finished here: keep one of the two sides, and remove the marks"
        return _mark_of(text, found.start()), message
    if "flow" in str(error.context) and (found := re.search(_CHANNEL, text)):
        message = "text that begins with '#' needs quotes, or it is a comment"
        return _mark_of(text, found.start(1)), message
    return None


def _where(error: yaml.MarkedYAMLError) -> Mark:
    """Where the fault begins, which for some the parser notices only later."""
    begun = any(words in str(error.problem) for words in ("expected ':'", "alphabetic or numeric"))
    return _mark(error.context_mark if begun else error.problem_mark)


def _why_not_yaml(error: yaml.MarkedYAMLError, text: str) -> str:
    problem, where = str(error.problem), error.problem_mark
    at = where.index if where is not None else len(text)
    culprit = text[at : at + 1]
    if culprit == "\t":
        return "a tab stands where YAML wants spaces: replace it by spaces"
    if culprit and text[at - 1 : at] in ("'", '"') and "did not find expected" in problem:
        return "text goes on after its closing quote: put all of it in quotes of the kind it does not hold"
    for words, message in _CURES.items():
        if words in problem:
            return message.format(culprit=culprit, before=text[at - 1 : at], escape=text[at : at + 2])
    return _why_not_closed(error) or f"this is not YAML ({problem}): look at the indentation here and above"


def _why_not_closed(error: yaml.MarkedYAMLError) -> str:
    context, line = str(error.context), _mark(error.context_mark).line
    if "flow node" in context:
        return "a list or mapping in brackets is not closed, or a value is missing in it"
    if "flow" in context:
        return f"the list or mapping opened on line {line} is not closed, or a ',' is missing"
    return f"the quote opened on line {line} is not closed" if "quoted" in context else ""


@dataclass(slots=True)
class _Composer:
    """Builds nodes from the parser's events, so that nothing is ever expanded."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def document(self, events: Iterator[Any]) -> Node | None:
        """The one document of a stream; None when there is none."""
        root = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    _fail(
                        self.file,
                        _mark(event.start_mark),
                        "a second document begins here: a policy is one; remove '---'",
                    )
                root = self._node(next(events), events, 0)
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        mark = _mark(event.start_mark)
        if depth > MAX_DEPTH:
            _fail(self.file, mark, f"this is nested more than {MAX_DEPTH} deep: a policy never is")
        if isinstance(event, yaml.AliasEvent):
            return self._illegible(mark, _of_alias(event))
        node = Node(mark, self._value(event, events, depth))
        if event.tag is not None:
            return self._illegible(
                mark, f"the tag '{event.tag}' has no meaning in a policy: remove it or put it in quotes"
            )
        return node

    def _value(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _resolved(event.value) if event.implicit[0] else self._quoted(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return tuple(self._items(events, depth))
        return self._entries(events, depth)

    def _quoted(self, event: Any) -> str | Illegible:
        """The text of a scalar in quotes, of which double ones may hold what no keyboard writes."""
        strange = _UNPRINTABLE.search(event.value) if event.style == '"' else None
        if strange is None:
            return str(event.value)
        self._illegible(_mark(event.start_mark), _of_character(strange.group()))
        return Illegible.VALUE

    def _illegible(self, mark: Mark, message: str) -> Node:
        self.problems.append(Problem(self.file, mark.line, mark.column, message))
        if len(self.problems) >= MOST_PROBLEMS:
            raise PolicyError(tuple(self.problems[-MOST_PROBLEMS:]))
        return Node(mark, Illegible.VALUE)

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[Any], depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key, mark = self._key(event, events, depth), _mark(event.start_mark)
            node = self._node(next(events), events, depth + 1)
            if key in entries:
                first = f"key '{key}' is already on line {entries[key].key.line}: keep one of them"
                self.problems.append(Problem(self.file, mark.line, mark.column, first))
            elif key is not None:
                entries[key] = Entry(mark, node)
        return entries

    def _key(self, event: Any, events: Iterator[Any], depth: int) -> str | None:
        """A key's name; None when it has a problem of its own."""
        if isinstance(event, yaml.ScalarEvent) and event.value and event.style != '"':
            return str(event.value)
        named = self._node(event, events, depth + 1)
        if isinstance(named.value, dict | tuple):
            how = "quote text that holds '{' or '['"
            self._illegible(named.mark, f"a key must be a word, not a list or mapping: {how}")
        elif named.value in (None, ""):
            self._illegible(named.mark, "the key before ':' is empty: write its name")
        elif named.legible:
            return str(event.value)
        return None


def _of_alias(event: Any) -> str:
    cure = "write the value out or share it under environments.defaults, and put a pattern in quotes"
    return f"the alias '*{event.anchor}' is not allowed: {cure}"


def _of_character(character: str) -> str:
    return f"the character U+{ord(character):04X} cannot be printed: remove it"


def _resolved(text: str) -> Scalar:
    """A plain scalar's value by YAML 1.2's core rules, without octal, hexadecimal and infinity."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and len(text) < 40 else text  # noqa: PLR2004 (no number is longer)
