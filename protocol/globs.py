"""Patterns for paths and branches: `*` stays inside one directory, `**` crosses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_TOKENS = re.compile(r"(?:\*\*/)+|\*{2,}|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_DIRECTORIES = "(?:[^/]+/)*"


def matches_any(patterns: tuple[str, ...], text: str) -> bool:
    """Whether one of the patterns matches the whole of `text`. Case counts, as in git."""
    return _compiled(patterns).fullmatch(text) is not None


@lru_cache(maxsize=256)
def first_match(patterns: tuple[str, ...], texts: tuple[str, ...]) -> str | None:
    """The first text that a pattern matches; remembered, since each look asks the same again."""
    pattern = _compiled(patterns)
    return next((text for text in texts if pattern.fullmatch(text)), None)


@lru_cache(maxsize=1024)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_translated(pattern)})" for pattern in patterns) or r"(?!)", re.DOTALL)


def _translated(pattern: str) -> str:
    """The whole pattern, so that even a hostile text is looked through in short.

    What stands between two `**` is taken where it comes first, once and for all: later would match no more.
    """
    names = pattern.lstrip("/").split("/")
    if any("**" in name and name != "**" for name in names):
        return _plainly(pattern.lstrip("/"))
    first, *others = _between_double_stars(names)
    if not others:
        return _path(first)
    *middle, last = others
    sought = "".join(f"(?>{_DIRECTORIES}?{_path(part)}/)" for part in middle if part)
    return (f"{_path(first)}/" if first else "") + sought + (_DIRECTORIES + _path(last) if last else ".*")


def _plainly(pattern: str) -> str:
    """`a**b`: a double star beside letters crosses directories, and what comes first need not be right."""
    return "".join(map(_wildcard, _TOKENS.findall(pattern)))


def _wildcard(found: str) -> str:
    if found.startswith("**"):
        return _DIRECTORIES if found.endswith("/") else ".*"
    return "[^/]*" if found == "*" else _expression(found)


def _between_double_stars(names: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for name in names:
        if name == "**":
            yield part
            part = []
        else:
            part.append(name)
    yield part


def _path(names: Iterable[str]) -> str:
    return "/".join(map(_name, names))


def _name(pattern: str) -> str:
    """The same within one name: what stands between two `*`."""
    first, *others = _between_stars(_TOKENS.findall(pattern))
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + f"[^/]*{last}"


def _between_stars(tokens: Iterable[str]) -> Iterator[str]:
    part = ""
    for found in tokens:
        if found == "*":
            yield part
            part = ""
        else:
            part += _expression(found)
    yield part


def _expression(found: str) -> str:
    if len(found) > 1:
        return _character_class(found)
    return "[^/]" if found == "?" else re.escape(found)


def _character_class(token: str) -> str:
    """`[a-z]`, `[!a-z]`; one that is no class stands for its own letters."""
    negated = token.startswith("[!")
    inside = token[2:-1] if negated else token[1:-1]
    expression = f"[{'^/' if negated else ''}{_escaped(inside)}]"
    try:
        re.compile(expression)
    except re.error:
        return re.escape(token)
    return expression


def _escaped(inside: str) -> str:
    return re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
