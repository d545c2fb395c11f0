"""The worker: reads deliveries, looks at gates, wakes those whose moment has come."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Engine

from gateway.errors import GatewayError
from gateway.github import GitHub
from gateway.memory import PEOPLE
from gateway.policies import HOME
from protocol.gate import Gate
from service.asks import Ask, attend, read_ask
from service.entries import LogDesk
from service.events import LookAgain, RequestedGate, TeamsChanged, read_event
from service.gates import Gates, HeldGate, Looked
from service.inbox import Inbox
from service.judge import in_trouble, look
from service.mentions import is_our_own
from service.pull_desk import PullDesk
from service.queue import DELIVERY, GATE, PULL, Queue
from service.workers import Workers

OFFERED_FOR = 30.0  # seconds before the sweep offers the same work again

log = structlog.get_logger()

GitHubFor = Callable[[int, str], GitHub]  # installation id, "owner/name"


class Worker:
    def __init__(
        self,
        *,
        engine: Engine,
        workers: Workers,
        queue: Queue,
        github_for: GitHubFor,
        clock: Callable[[], float],
        app_id: int = 0,
    ) -> None:
        """With the `app_id` it knows what GitHub tells of our own checks, and looks less often."""
        self._inbox = Inbox(engine)
        self._gates = Gates(engine, workers.name)
        self._looking: set[int] = set()
        self._queue = queue
        self._github_for = github_for
        self._app_id = app_id
        self._clock = clock
        self._offered: dict[tuple[str, str, float], float] = {}
        self._workers = workers
        queue.on(DELIVERY, self.read_delivery)
        queue.on(GATE, lambda key: self.look_at(int(key)))
        self._desk = PullDesk(engine=engine, gates=self._gates, github_for=github_for, clock=clock)
        queue.on(PULL, lambda key: self._desk.look_at(int(key)))
        self._log = LogDesk(engine, github_for)

    def read_delivery(self, guid: str) -> None:
        """Turn a delivery into gates to look at. Done once its looks are wanted in the database."""
        delivery = self._inbox.claim(guid, self._clock())
        if delivery is None:
            return
        with structlog.contextvars.bound_contextvars(delivery=guid, webhook=delivery.event):
            try:
                payload = json.loads(delivery.body)
                wanted = self._want_looks(delivery.event, payload)
                self._desk.hear(delivery.event, payload)
                self._attend(read_ask(delivery.event, payload, guid))
                self._log.hear(delivery.event, payload)  # with what was written about a lost job just now
            except GatewayError as error:
                log.warning("delivery.postponed", reason=str(error))
                self._inbox.failed(guid, repr(error), self._clock())
                return
            except Exception as error:
                log.exception("delivery.failed")
                self._inbox.failed(guid, repr(error), self._clock())
                return
            self._inbox.done(guid)
            for gate_id in wanted:
                self._queue.put(GATE, str(gate_id))

    def _attend(self, ask: Ask | None) -> None:
        if ask is not None:
            attend(self._github_for(ask.installation_id, ask.repository), ask.what, self._now)

    def _want_looks(self, event: str, payload: Any) -> list[int]:
        """What we wrote ourselves is no reason: every gate shown would be looked at once more."""
        now = self._clock()
        asked = None if is_our_own(event, payload, self._app_id) else read_event(event, payload)
        match asked:
            case RequestedGate():
                return [self._gates.wait(_gate(asked, now), now)]
            case LookAgain():
                return self._gates.look_again(asked.repository, now)
            case TeamsChanged():
                return self._ask_teams_anew(asked, now)
            case None:
                return []

    def _ask_teams_anew(self, changed: TeamsChanged, now: float) -> list[int]:
        """At once; where other workers remember too, once they have forgotten by themselves."""
        any_of_theirs = self._github_for(changed.installation_id, f"{changed.organisation}/{HOME}")
        any_of_theirs.memory.teams.forget()  # which all of an installation share
        at = now if self._workers.is_alone(now) else now + PEOPLE.total_seconds()
        return self._gates.look_again_in(changed.organisation, now, at)

    def look_at(self, gate_id: int) -> None:
        """One look, if the gate is due and nobody else holds it."""
        now = self._clock()
        held = self._gates.claim(gate_id, now)
        if held is None:
            return
        gate = held.gate
        self._looking.add(gate_id)
        with structlog.contextvars.bound_contextvars(
            gate=f"{gate.repository}/{gate.run_id}/{gate.environment}"
        ):
            outcome = self._look(held)
            self._looking.discard(gate_id)
            if self._gates.looked(held, outcome, self._clock()):
                self._queue.put(GATE, str(gate_id))
            if outcome.shown != held.shown or outcome.state != "waiting":
                self._desk.judged(gate)

    def _look(self, held: HeldGate) -> Looked:
        """A fault of our own is trouble like any other: the gate waits and people can see why."""
        github = self._github_for(held.gate.installation_id, held.gate.repository)
        try:
            return look(
                github,
                held,
                self._now,
                still_held=lambda: self._gates.holds(held),
                others_wait=lambda: self._gates.wait_for_verdicts(self._clock()),
            )
        except Exception as error:
            log.exception("gate.failed")
            return in_trouble(github, held, error, self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def sweep(self) -> bool:
        """Offer what is due: gates by the clock, deliveries that a crash or a full queue left behind."""
        now = self._clock()
        self._offered = {work: at for work, at in self._offered.items() if now - at < OFFERED_FOR}
        due = [(DELIVERY, guid, due_at) for guid, due_at in self._inbox.due(now)]
        due += [(GATE, str(gate_id), due_at) for gate_id, due_at in self._gates.due(now)]
        due += [(PULL, str(pull_id), due_at) for pull_id, due_at in self._desk.due(now)]
        for work in due:
            if work not in self._offered:
                self._offered[work] = now
                self._queue.put(work[0], work[1])
        if self._looking:
            self._gates.keep(now)
        self._workers.seem_alive(now)
        return True


def _gate(event: RequestedGate, now: float) -> Gate:
    return Gate(
        installation_id=event.installation_id,
        repository=event.repository,
        run_id=event.run_id,
        environment=event.environment,
        deployment_id=event.deployment_id or None,
        sha=event.sha,
        ref=event.ref,
        requested_at=event.created_at or datetime.fromtimestamp(now, UTC),
    )
