"""Writers of the log one after the other: a git ref that only one of them can create.

GitHub has no way to change a release or a comment only if it is still what was read, so of two that read
at the same time one would lose its words. A ref is made by exactly one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import Forbidden, GatewayError, NotFound, Rejected

if TYPE_CHECKING:
    from gateway.github import GitHub

REF = "refs/deploy-protocol/log"
PATIENCE = 60.0  # seconds; whoever holds it longer has died
SURELY_OURS = 20.0
_TAKEN = "already exists"


@dataclass(slots=True)
class Turn:
    """`alone`: nobody else wrote meanwhile. False when unsure: what was written is to be read again."""

    alone: bool = False


@contextmanager
def turn(
    github: GitHub, sha: str, *, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Turn]:
    """Wait for our turn, at most `patience` seconds. A token that may make no refs writes without one."""
    turn = Turn()
    taken = _take(github, sha, patience, sleep)
    began = time.monotonic()
    try:
        yield turn
    finally:
        if taken and time.monotonic() - began < SURELY_OURS:
            turn.alone = _leave(github)


def _take(github: GitHub, sha: str, patience: float, sleep: Callable[[float], None]) -> bool:
    waited = 0.0
    while True:
        try:
            github.connection.rest("POST", f"/repos/{github.repository}/git/refs", {"ref": REF, "sha": sha})
        except (Forbidden, NotFound):
            return False
        except Rejected as error:
            if _TAKEN not in str(error):
                return False
        else:
            return True
        if waited >= patience:
            _leave(github)
            waited = 0.0
        pause = random.uniform(0.1, 0.1 + min(waited / 4 + 0.2, 1.5))  # noqa: S311 - to spread, not to hide
        sleep(pause)
        waited += pause


def _leave(github: GitHub) -> bool:
    """False when it was not ours any more, or that is not known."""
    try:
        github.connection.rest("DELETE", f"/repos/{github.repository}/git/{REF}")
    except GatewayError:
        return False
    return True
