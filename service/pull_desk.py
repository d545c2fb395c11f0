"""The pull requests that people see us on: hears of them, knows which are due, looks at each alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Engine

from gateway.github import GitHub
from protocol.gate import Gate
from service.gates import Gates
from service.mentions import read_mentions
from service.pull_look import PullLook
from service.pulls import HeldPull, Pulls, SeenPull

log = structlog.get_logger()


class PullDesk:
    """Safe to use from several threads and processes."""

    def __init__(
        self,
        *,
        engine: Engine,
        gates: Gates,
        github_for: Callable[[int, str], GitHub],
        clock: Callable[[], float],
    ) -> None:
        self._pulls = Pulls(engine)
        self._gates = gates
        self._github_for = github_for
        self._clock = clock

    def hear(self, event: str, payload: Any) -> None:
        """Want looks at the pull requests an event concerns; the sweep takes them up in a moment."""
        mentions, now = read_mentions(event, payload), self._clock()
        if mentions is None:
            return
        for number in mentions.numbers:
            self._pulls.want(mentions.installation_id, mentions.repository, number, now)
        for sha in mentions.commits:
            self._pulls.want_commit(mentions.repository, sha, now)
        if mentions.all_open:
            self._pulls.want_open(mentions.repository, now)

    def judged(self, gate: Gate) -> None:
        """A gate was looked at: the pull request it came from shows what that came to."""
        self._pulls.want_commit(gate.repository, gate.sha, self._clock())

    def due(self, now: float) -> list[tuple[int, float]]:
        return self._pulls.due(now)

    def look_at(self, pull_id: int) -> None:
        """One look, if it is due and nobody else holds it."""
        now = self._clock()
        held = self._pulls.claim(pull_id, now)
        if held is None:
            return
        with structlog.contextvars.bound_contextvars(pull=f"{held.repository}#{held.number}"):
            self._pulls.looked(held, self._look(held, now), self._clock())

    def _look(self, held: HeldPull, now: float) -> SeenPull:
        """A fault of our own is trouble like any other: it is tried again, and told in the log."""
        github = self._github_for(held.installation_id, held.repository)
        look = PullLook(github, held, self._gates, datetime.fromtimestamp(now, UTC))
        try:
            return look.look()
        except Exception as error:
            log.exception("pull.failed")
            return look.in_trouble(error)
