"""Text from commits and people, made safe to show in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST_PRINTED = 10_000  # characters

# What starts a construct in GitHub's Markdown, or a reference. The backslash goes first.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+!|~&$])")
# To GitHub whatever is no ASCII letter, digit or `_` may stand before a mention, or a reference such as GH-7.
_CALL = re.compile(r"(?<![0-9A-Za-z_])(?:@(?=\w)|GH-(?=\d))", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """One line of plain text: nothing in it formats, links, mentions or hides."""
    line = " ".join(text.split())
    return _CALL.sub(lambda call: call[0] + "\u2060", _SPECIAL.sub(r"\\\1", line))


def escaped(text: str) -> str:
    """Someone's text on one line: nothing in it marks up, mentions, hides or turns the line around."""
    return escape(_INVISIBLE.sub(" ", text))


def linked(text: str, url: str) -> str:
    """Someone's text as a link that its address cannot leave; the text alone where there is no address."""
    return f"[{escaped(text)}]({_address(url)})" if url else escaped(text)


def block(lines: Iterable[str]) -> str:
    """The end of what somebody printed. An indented block: whatever the lines hold, they cannot end it."""
    text = "\n".join(lines).replace("\0", "")[-_MOST_PRINTED:]
    return "\n".join(f"    {line}" for line in text.splitlines())


def _address(url: str) -> str:
    if not re.match(r"https?://", url):
        return "#"
    return re.sub(r"[^\w:/?#@!$&'*+,;=.~%-]", lambda match: _percent(match[0]), url, flags=re.ASCII)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
