"""Copies of the log made anew behind all else: those that were emptied, then those made longest ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from gateway.errors import GatewayError, RateLimited
from gateway.pacing import LEFT_TO_GATES
from service.clients import Clients
from service.entries import Entries, LogDesk

AT_ONCE = 200  # repositories in one round, of which there is one every ten minutes
GOOD_FOR = 86_400.0  # seconds until a copy is made anew though nothing seems to be missing
SPOILT_FOR = 3_600.0  # seconds until one that GitHub did not give is asked for again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Copy:
    entries: int
    good_until: float


class Copies:
    """What this process knows of the copies: after a start, nothing."""

    def __init__(
        self, clients: Clients, engine: Engine, clock: Callable[[], float], *, at_once: int = AT_ONCE
    ) -> None:
        self._clients = clients
        self._at_once = at_once
        self._desk = LogDesk(engine, clients.github_for)
        self._entries = Entries(engine)
        self._clock = clock
        self._known: dict[str, _Copy] = {}

    def renew(self, covered: Mapping[str, int]) -> None:
        """A round over these repositories, each with its installation; what is left waits for the next."""
        for repository in self._due(covered)[: self._at_once]:
            self._renew(covered[repository], repository)

    def _due(self, covered: Mapping[str, int]) -> list[str]:
        held, now = self._entries.counts(), self._clock()
        due = [
            repository
            for repository, installation_id in covered.items()
            if self._is_due(repository, held.get(repository, 0), now) and self._may_ask(installation_id)
        ]
        return sorted(due, key=lambda repository: (held.get(repository, 0) > 0, self._good_until(repository)))

    def _is_due(self, repository: str, held: int, now: float) -> bool:
        known = self._known.get(repository)
        return known is None or known.good_until <= now or held < known.entries

    def _good_until(self, repository: str) -> float:
        known = self._known.get(repository)
        return known.good_until if known is not None else 0.0

    def _may_ask(self, installation_id: int) -> bool:
        return self._clients.remaining.get((str(installation_id), "graphql"), LEFT_TO_GATES) >= LEFT_TO_GATES

    def _renew(self, installation_id: int, repository: str) -> None:
        now, good_for = self._clock(), GOOD_FOR
        try:
            self._desk.copy(installation_id, repository)
        except RateLimited as error:
            log.info("log.postponed", repository=repository, reason=str(error))
            return
        except GatewayError as error:
            log.warning("log.not_copied", repository=repository, reason=str(error))
            good_for = SPOILT_FOR
        held = self._entries.counts().get(repository, 0)
        self._known[repository] = _Copy(entries=held, good_until=now + good_for)
