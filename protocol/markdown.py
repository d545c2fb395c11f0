"""Text from commits and people, made safe to show in GitHub's Markdown."""

from __future__ import annotations

import re

# What starts a construct in GitHub's Markdown, a mention or a reference. The backslash goes first.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+!|~&$])")
_MENTION = re.compile(r"(?<![\w`])@(?=\w)")


def escape(text: str) -> str:
    """One line of plain text: nothing in it formats, links, mentions or hides."""
    line = " ".join(text.split())
    return _MENTION.sub("@\u2060", _SPECIAL.sub(r"\\\1", line))
