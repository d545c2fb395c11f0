"""One worker at a time on one comment or pull request, agreed on at GitHub: whose reaction came first.

GitHub keeps one reaction of a kind from each person, and tells whether a request made it. So the one
worker whose request made the eyes works; for all others they are there already. Taking the eyes away
ends the work, and of those who take over from a worker that died only one can take them away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.errors import GatewayError, Unavailable
from gateway.reading import moment
from gateway.threads import take_back

if TYPE_CHECKING:
    from gateway.github import GitHub

LEASE = timedelta(minutes=2)  # a worker that has not finished by then counts as dead


class Busy(Unavailable):
    """Another worker is at it. Come back later to see that it was finished."""


@contextmanager
def claimed(github: GitHub, place: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Hold `place`, such as `issues/comments/7`. Raises Busy while another holds it."""
    eyes = _take(github, place, clock())
    try:
        yield
    finally:
        _let_go(github, place, eyes)


def _take(github: GitHub, place: str, now: datetime) -> int:
    for _ in range(2):
        path = f"/repos/{quote(github.repository)}/{place}/reactions"
        is_new, eyes = github.connection.create(path, {"content": "eyes"})
        if is_new:
            return int(eyes["id"])
        died = moment(eyes["created_at"]) + LEASE < now
        if not (died and take_back(github, place, int(eyes["id"]))):
            break
    raise Busy(f"{github.repository}, {place}: another worker is at it. Coming back later.")


def _let_go(github: GitHub, place: str, eyes: int) -> None:
    """What cannot be let go is taken over after LEASE."""
    with suppress(GatewayError):
        take_back(github, place, eyes)
