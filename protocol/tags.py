"""A version's tag: the name of the release that keeps its log."""

from __future__ import annotations

import re
from typing import Literal

# https://git-scm.com/docs/git-check-ref-format
_NOT_IN_A_TAG = re.compile(r"[^\w.+-]+")
_LOCKS = re.compile(r"(\.lock)+$")
_LONGEST = 60  # characters, of up to four bytes each: a file's name has room for 255


def log_tag(
    wanted: Literal["tags", "always", "never"], tag: str | None, *, version: str, sha: str
) -> str | None:
    """The tag whose release keeps the log of a version, `tag` where it is one itself; None for no release."""
    match wanted:
        case "never":
            return None
        case "tags":
            return tag
        case "always":
            return tag or tag_of(version, sha)


def tag_of(version: str, sha: str) -> str:
    """What git takes as a tag, as near to the version as can be.

    A commit's id is no name for a tag, so a version that is one gets a word before it.
    """
    if version in ("", sha):
        return f"deployed-{sha[:12]}"
    name = re.sub(r"\.{2,}", ".", _NOT_IN_A_TAG.sub("-", version[:_LONGEST])).strip("-.")
    return _LOCKS.sub("", name) or f"deployed-{sha[:12]}"
