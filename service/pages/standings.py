"""What GitHub says of a repository, asked at most twice a minute however many people look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.errors import GatewayError
from gateway.github import GitHub
from gateway.memory import Remembered
from gateway.standing import Standing, read_standing
from protocol.facts import Known, Missing

KEPT = timedelta(seconds=30)

log = structlog.get_logger()


class Standings:
    """Safe to use from several threads: those who want the same wait for the first one's answer."""

    def __init__(self, github_for: Callable[[int, str], GitHub]) -> None:
        self._github_for = github_for
        self._found: Remembered[str, Known[Standing]] = Remembered(KEPT)
        self._locks: dict[str, threading.Lock] = {}

    def of(self, installation_id: int, repository: str, now: datetime) -> Known[Standing]:
        """Missing says why GitHub could not be asked."""
        with self._locks.setdefault(repository, threading.Lock()):
            found = self._found.at(repository, now)
            if found is None:
                found = self._found.keep(repository, self._ask(installation_id, repository, now), now)
            return found

    def _ask(self, installation_id: int, repository: str, now: datetime) -> Known[Standing]:
        try:
            return read_standing(self._github_for(installation_id, repository), now)
        except GatewayError as error:
            log.warning("page.without_github", repository=repository, reason=str(error))
            return Missing(str(error))
