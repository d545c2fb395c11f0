"""Finding again what was lost: deliveries, gates nobody told us about, what pull requests show, jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Engine

from gateway.environments import apps_asked
from gateway.errors import GatewayError
from gateway.overview import Overview
from service.clients import Clients
from service.copies import Copies
from service.events import EVENTS
from service.gates import Gates
from service.inbox import Inbox
from service.lost_jobs import EndedRun, end_what_was_left
from service.pulls import Pulls
from service.workers import Workers

KEPT_BY_GITHUB = timedelta(days=3)
DONE_KEPT = 5 * 86_400.0  # seconds; longer than GitHub can redeliver
DECIDED_KEPT = 30 * 86_400.0  # seconds
APART = 5.0  # seconds between two looks at pull requests, so that gates are not kept waiting

log = structlog.get_logger()


class Reconcile:
    """May find what is known already; that is harmless."""

    def __init__(self, clients: Clients, engine: Engine, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._inbox = Inbox(engine)
        self._gates = Gates(engine)
        self._pulls = Pulls(engine)
        self._copies = Copies(clients, engine, clock)
        self._covered: dict[str, int] = {}
        self._wanted = 0
        self._workers = Workers(engine)
        self._clock = clock
        self._complete = True

    def run(self) -> bool:
        """Ask for failed deliveries again, once each, then look for what waits. True when all was asked.

        Every waiting gate is adopted, and every open pull request looked at that we show nothing on. Last
        come copies of the log that are missing or old.
        Raises SQLAlchemyError where the database cannot be written: what came now would be refused.
        """
        now = self._clock()
        self._workers.give_sign(now)
        self._inbox.forget_done(now - DONE_KEPT)
        self._gates.forget_decided(now - DECIDED_KEPT)
        self._complete, self._wanted, self._covered = True, 0, {}
        self._try("failed deliveries", self._redeliver)
        self._try("installations", self._adopt)
        self._copies.renew(self._covered)
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
            if installation.suspended:
                self._clients.forget_tokens(installation.id)
            else:
                self._try(installation.account, partial(self._adopt_from, installation.id))

    def _adopt_from(self, installation_id: int) -> None:
        found = self._clients.app.overviews(self._clients.overview.token(installation_id, ""))
        self._clients.looking.learn(installation_id, found)
        for repository, seen in found.items():
            self._covered[repository] = installation_id
            if seen.waiting is None or not self._gates.know(repository, seen.waiting):
                self._try(repository, partial(self._adopt_in, installation_id, repository))
            self._show_in(installation_id, repository, seen)
            for run_id in seen.deploying:
                self._try(repository, partial(self._end_in, installation_id, repository, run_id))

    def _end_in(self, installation_id: int, repository: str, run_id: int) -> None:
        """Where its run is over: its event may have been lost, or have told of a success."""
        github = self._clients.github_for(installation_id, repository)
        end_what_was_left(github, EndedRun(run_id=run_id), lambda: datetime.fromtimestamp(self._clock(), UTC))

    def _adopt_in(self, installation_id: int, repository: str) -> None:
        github = self._clients.github_for(installation_id, repository)
        for gate in github.waiting_gates():
            mine = self._clients.app_id in apps_asked(github, gate.environment)
            if mine and self._gates.adopt(replace(gate, installation_id=installation_id), self._clock()):
                log.info("reconcile.adopted", gate=f"{repository}/{gate.run_id}/{gate.environment}")

    def _show_in(self, installation_id: int, repository: str, seen: Overview) -> None:
        """Open pull requests we show nothing on, and merged ones whose commit waits at a gate."""
        held = self._gates.commits_among(repository, seen.merged.values())
        merged = [number for number, sha in seen.merged.items() if sha in held]
        for number in (*self._pulls.unseen(repository, seen.open), *self._pulls.unknown(repository, merged)):
            self._pulls.want(installation_id, repository, number, self._clock() + self._wanted * APART)
            self._wanted += 1
