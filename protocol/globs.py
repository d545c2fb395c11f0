"""Patterns for paths and branches: `*` stays inside one directory, `**` crosses them."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKENS = re.compile(r"(?:\*\*/)+|\*{2,}|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


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
    return "".join(_expression(token) for token in _TOKENS.findall(pattern.lstrip("/")))


def _expression(token: str) -> str:
    if token.startswith("**/"):
        return "(?:[^/]+/)*"
    if token.startswith("**"):
        return ".*"
    if len(token) > 1:
        return _character_class(token)
    return {"*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token))


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
