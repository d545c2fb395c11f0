"""What an attempt of a run has done once and for all, noted in GitHub's record for the attempt after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ONCE = ("backup", "migrate")
_PART = "part of "  # a migration that was begun and did not end; half a backup is none
_NOTE = re.compile(r"Done in attempt (?P<attempt>\d+): (?P<steps>[a-z, ]+) \((?P<version>.*)\)")
_UNDONE = "rollback: database"


def still_done(passed: Iterable[str], begun: Iterable[str]) -> tuple[str, ...]:
    """Steps that stand when the attempt ends. With its migration taken back a deployment begins anew."""
    known, tried = frozenset(passed), frozenset(begun)
    if _UNDONE in tried:
        return ()
    whole = tuple(name for name in ONCE if name in known)
    return (*whole, f"{_PART}migrate") if "migrate" in tried - known else whole


def note_of(steps: Sequence[str], *, version: str, attempt: int) -> str:
    """A deployment status's description."""
    return f"Done in attempt {attempt}: {', '.join(steps)} ({version})"


def done_before(noted: Iterable[str], *, version: str, attempt: int) -> frozenset[str]:
    """What need not be done again. Of several jobs of a run, as of a matrix, all must have done it."""
    notes = _notes(noted, version, attempt)
    return frozenset.intersection(*notes) & frozenset(ONCE) if notes else frozenset()


def broken_off_before(noted: Iterable[str], *, version: str, attempt: int) -> frozenset[str]:
    """What was begun and did not end, in any job: nobody knows how far it came."""
    steps = frozenset[str]().union(*_notes(noted, version, attempt))
    return frozenset(name for name in ONCE if _PART + name in steps)


def _notes(noted: Iterable[str], version: str, attempt: int) -> list[frozenset[str]]:
    """Only the attempt right before counts: a later one may have undone it. Each notes what stands then."""
    found = (match for text in noted if (match := _NOTE.fullmatch(text)) is not None)
    return [
        frozenset(one["steps"].split(", "))
        for one in found
        if one["version"] == version and int(one["attempt"]) == attempt - 1
    ]
