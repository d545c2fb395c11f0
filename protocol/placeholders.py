"""The words that commands find in their environment, written into addresses and queries as `$WORD`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

WORDS = (
    "ENVIRONMENT",
    "VERSION",
    "PREVIOUS_VERSION",
    "SHA",
    "DEPLOYMENT_ID",
    "WEIGHT",
    "TARGET",
    "TRACK",
)
_WORD = re.compile(rf"\$(?:({'|'.join(WORDS)})\b|\{{({'|'.join(WORDS)})\}})")
_KEPT_IN_ADDRESSES = ":[]/"  # a target may be HOST:PORT, and an IPv6 address has brackets


def names(text: str, word: str) -> bool:
    """Whether `$word` or `${word}` stands in the text."""
    return any(word in found.groups() for found in _WORD.finditer(text))


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with our words' values; any other `$` stays as it is."""
    return _WORD.sub(lambda found: words.get(found[1] or found[2], ""), text)


def fill_word(text: str, word: str, value: str) -> str:
    """The text with one word's value."""
    return _WORD.sub(lambda found: value if word in found.groups() else found[0], text)


def fill_address(address: str, words: Mapping[str, str]) -> str:
    """The address with our words' values, none of which can lead elsewhere than where it stands."""
    return fill(address, {word: quote(value, safe=_KEPT_IN_ADDRESSES) for word, value in words.items()})
