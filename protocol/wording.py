"""Lists of words as a sentence says them, and the word somebody meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def say_any(words: Iterable[str]) -> str:
    """`a, b or c`."""
    return _listed(words, "or")


def say_all(words: Iterable[str]) -> str:
    """`a, b and c`."""
    return _listed(words, "and")


def counted(count: int, what: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(words: Iterable[str], conjunction: str) -> str:
    *most, last = map(str, words)
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word most like this one, or the only one it begins, whatever its case: `prod` is production."""
    by_lower = {candidate.lower(): candidate for candidate in words}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    begun = [candidate for candidate in by_lower if candidate.startswith(word.lower()) and len(word) > 1]
    if not near and len(begun) == 1:
        near = begun
    return by_lower[near[0]] if near else None


def not_known(what: str, word: str, words: Iterable[str]) -> str:
    """`unknown key 'widnows', did you mean 'windows'?`, or the words there are."""
    known = sorted(words)
    near = nearest(word, known)
    if near:
        return f"unknown {what} '{word}', did you mean '{near}'?"
    return f"unknown {what} '{word}': " + (f"write {say_any(known)}" if known else "remove it")


def none_to(environment: str, others: Iterable[str], *, in_time: bool = False) -> str:
    """`There is no deployment to 'prod', did you mean 'production'?`, or to which there are some.

    `in_time`: only those since a moment were looked for, and the name may well be right.
    """
    there = sorted(others)
    near = None if in_time else nearest(environment, there)
    known = f"did you mean '{near}'?" if near else f"only to {say_all(there)}."
    return f"There is no deployment to '{environment}'{' since then' if in_time else ''}, {known}"
