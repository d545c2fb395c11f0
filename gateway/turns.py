"""Writers of the log one after the other: a git ref that only one of them can create.

GitHub has no way to change a release or a comment only if it is still what was read, so of two that read
at the same time one would lose its words. A ref is made by exactly one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import Forbidden, GatewayError, NotFound, Rejected

if TYPE_CHECKING:
    from gateway.github import GitHub

REF = "refs/deploy-protocol/log"  # neither branch nor tag: nobody sees it, nothing starts by it
TAG = "refs/tags/deploy-protocol-log"  # where GitHub takes only branches and tags
PATIENCE = 60.0  # seconds; whoever holds it longer has died
SURELY_OURS = 20.0
_MOST_REFUSALS = 2  # of a ref that is not taken: GitHub sometimes refuses once without a reason
_TAKEN = "already exists"
_GONE = "does not exist"


@dataclass(slots=True)
class Turn:
    """`alone`: nobody else wrote meanwhile. False when unsure: what was written is to be read again."""

    alone: bool = False


@dataclass(slots=True, kw_only=True)
class Kept:
    """What outlives a job that dies in its turn, so that its end need not wait until others take it for dead.

    `left`: the ref it died with. `keep` writes down which one is surely ours now, if any.
    """

    left: str = ""
    keep: Callable[[str], None] = field(default=lambda _: None)


@contextmanager
def turn(
    github: GitHub,
    sha: str,
    *,
    kept: Kept | None = None,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Turn]:
    """Wait for our turn, at most `patience` seconds. A token that may make no refs writes without one."""
    turn, kept = Turn(), kept or Kept()
    _give_back(github, kept)
    held = _take(github, sha, patience, sleep)
    kept.keep(held or "")
    began = time.monotonic()
    try:
        yield turn
    finally:
        kept.keep("")  # once we ask GitHub to take it away, the next one may have it
        if held is not None and time.monotonic() - began < SURELY_OURS:
            turn.alone = _leave(github, held) and held == REF


def _give_back(github: GitHub, kept: Kept) -> None:
    """Once at most: where GitHub's answer is lost, it may be another's by now."""
    left, kept.left = kept.left, ""
    if left:
        _take_away(github, left)


def _take(github: GitHub, sha: str, patience: float, sleep: Callable[[float], None]) -> str | None:
    """The ref that is ours now. Refs beside branches and tags are documented, and untried on the live GitHub.

    https://docs.github.com/en/rest/git/refs#create-a-reference
    """
    try:
        return next((ref for ref in (REF, TAG) if _made(github, ref, sha, patience, sleep)), None)
    except (Forbidden, NotFound):
        return None


def _made(github: GitHub, ref: str, sha: str, patience: float, sleep: Callable[[float], None]) -> bool:
    """Wait until we have made it. False where GitHub does not let it be made, or be taken away."""
    waited, refusals = 0.0, 0
    while True:
        try:
            github.connection.rest("POST", f"/repos/{github.repository}/git/refs", {"ref": ref, "sha": sha})
        except Rejected as error:
            refusals += _TAKEN not in str(error)
        else:
            return True
        if refusals == _MOST_REFUSALS:
            return False
        if waited >= patience:
            if not _take_away(github, ref):
                return False
            waited = 0.0
        pause = random.uniform(0.1, 0.1 + min(waited / 4 + 0.2, 1.5))  # noqa: S311 - to spread, not to hide
        sleep(pause)
        waited += pause


def _take_away(github: GitHub, ref: str) -> bool:
    """What a dead writer left. Another who waits may have been quicker."""
    try:
        _delete(github, ref)
    except Rejected as error:
        return _GONE in str(error)
    return True


def _leave(github: GitHub, ref: str) -> bool:
    """False when it was not ours any more, or that is not known."""
    try:
        _delete(github, ref)
    except GatewayError:
        return False
    return True


def _delete(github: GitHub, ref: str) -> None:
    github.connection.rest("DELETE", f"/repos/{github.repository}/git/{ref}")
