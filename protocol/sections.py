"""Whether a heading of a pull request's body has been filled in by a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIST_MARK = re.compile(r"^\s*(?:[-*+]|\d+[.)])?\s*(?:\[[ xX]\])?\s*")
_PLACEHOLDER = re.compile(r"(?:\[[^\]]*\]|<[^>]*>|_[^_]*_|tbd|todo|fixme|n/?a|none|\W*)[.!…]*", re.IGNORECASE)


def is_filled(body: str, title: str) -> bool | None:
    """Whether something stands under the heading `title`, at any level; None without such a heading.

    Comments, empty list items and boxes, and what templates put there for a person to replace
    (`[rollback command]`, `TODO`, `_Describe …_`) do not count.
    """
    lines = list(_lines(_COMMENT.sub("", body)))
    starts = [index for index, line in enumerate(lines) if line.level and _name(line.text) == _name(title)]
    if not starts:
        return None
    return any(_says_something(lines, start) for start in starts)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    level: int = 0  # of a heading; 0 for all other lines


def _lines(body: str) -> Iterator[_Line]:
    """Headings and text; the marks of code fences themselves are left out."""
    fence = ""
    for line in body.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            continue
        heading = None if fence else _HEADING.match(line)
        yield _Line(heading[2], len(heading[1])) if heading else _Line(line)


def _name(title: str) -> str:
    return " ".join(title.strip().rstrip("#").strip(" *_:").casefold().split())


def _says_something(lines: list[_Line], start: int) -> bool:
    """Text under the heading or under its own smaller headings."""
    for line in lines[start + 1 :]:
        if 0 < line.level <= lines[start].level:
            return False
        if not line.level and _is_written(line.text):
            return True
    return False


def _is_written(text: str) -> bool:
    rest = _LIST_MARK.sub("", text, count=1).strip()
    return not _PLACEHOLDER.fullmatch(rest)
