"""Finding again what was lost: deliveries GitHub could not bring, and gates nobody told us about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Engine

from gateway.environments import apps_asked
from gateway.errors import GatewayError
from service.clients import Clients
from service.events import EVENTS
from service.gates import Gates
from service.inbox import Inbox
from service.workers import Workers

KEPT_BY_GITHUB = timedelta(days=3)
DONE_KEPT = 5 * 86_400.0  # seconds; longer than GitHub can redeliver
DECIDED_KEPT = 30 * 86_400.0  # seconds

log = structlog.get_logger()


class Reconcile:
    """May find what is known already; that is harmless."""

    def __init__(self, clients: Clients, engine: Engine, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._inbox = Inbox(engine)
        self._gates = Gates(engine)
        self._workers = Workers(engine)
        self._clock = clock
        self._complete = True

    def run(self) -> bool:
        """Ask for failed deliveries again, once each, then adopt every waiting gate. True when all was asked.

        Raises SQLAlchemyError where the database cannot be written: what came now would be refused.
        """
        now = self._clock()
        self._workers.give_sign(now)
        self._inbox.forget_done(now - DONE_KEPT)
        self._gates.forget_decided(now - DECIDED_KEPT)
        self._complete = True
        self._try("failed deliveries", self._redeliver)
        self._try("installations", self._adopt)
        log.info("reconcile.done", complete=self._complete)
        return self._complete

    def _try(self, part: str, work: Callable[[], None]) -> None:
        """One part that cannot be had does not hide the others."""
        try:
            work()
        except GatewayError as error:
            self._complete = False
            log.warning("reconcile.unfinished", part=part, reason=str(error))

    def _redeliver(self) -> None:
        since = datetime.fromtimestamp(self._clock(), UTC) - KEPT_BY_GITHUB
        for failed in self._clients.app.failed_deliveries(since):
            if failed.event in EVENTS and not failed.again:
                self._try(failed.guid, partial(self._clients.app.redeliver, failed.id))
                log.info("reconcile.redelivered", delivery=failed.guid, webhook=failed.event)

    def _adopt(self) -> None:
        for installation in self._clients.app.installations():
            if not installation.suspended:
                self._try(installation.account, partial(self._adopt_from, installation.id))

    def _adopt_from(self, installation_id: int) -> None:
        token = self._clients.tokens.token(installation_id, "")
        for repository, ids in self._clients.app.deployments_waiting(token).items():
            if ids is None or not self._gates.know(repository, ids):
                self._try(repository, partial(self._adopt_in, installation_id, repository))

    def _adopt_in(self, installation_id: int, repository: str) -> None:
        github = self._clients.github_for(installation_id, repository)
        for gate in github.waiting_gates():
            mine = self._clients.app_id in apps_asked(github, gate.environment)
            if mine and self._gates.adopt(replace(gate, installation_id=installation_id), self._clock()):
                log.info("reconcile.adopted", gate=f"{repository}/{gate.run_id}/{gate.environment}")
