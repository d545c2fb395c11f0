"""What programs print to steer a terminal: colours, titles, cursors, and characters nobody sees."""

from __future__ import annotations

import re

_SEQUENCES = re.compile(
    r"(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c|$)"  # titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f]).*?(?:\x1b\\|\x9c|$)"  # strings for the terminal itself
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursors, erasing
    r"|\x1b[ -/]*[0-~]?"
)


def without_control_codes(line: str) -> str:
    """One line as plain text. Of what a progress bar wrote over itself the last is left."""
    if line.isprintable():
        return line
    text = _SEQUENCES.sub("", line).rstrip("\r").rpartition("\r")[2].expandtabs()
    return "".join(one if one.isprintable() else " " * one.isspace() for one in text)
