"""The gates we know to be waiting: a cache of GitHub, with the moment each is looked at next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, Row, case, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.policies import HOME
from protocol.gate import Gate
from service.tables import gates

LEASE = 10.0  # seconds after which a gate is free again, unless its holder keeps it
_OPEN = ("waiting", "owing")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGate:
    """A gate taken for one look, with what was told about it before."""

    id: int
    gate: Gate
    looks_wanted: int
    holder: str
    failures: int
    shown: str
    reported: str
    reports: int
    check_run_id: int | None
    owed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look came to. `state` is waiting, allowed, refused or gone.

    Or owing: it was answered, and `owed` is what could not be shown yet.
    """

    state: str
    recheck_at: float | None
    findings: str | None = None  # None: as they were
    failures: int = 0
    shown: str = ""
    reported: str = ""
    reports: int = 0
    check_run_id: int | None = None
    owed: str = ""
    zone: str | None = None  # None: not known this time


class Gates:
    """May look too often, never too late: an unfinished look is taken up again when its lease ends."""

    def __init__(self, engine: Engine, worker: str = "") -> None:
        self._engine = engine
        self._worker = f"{worker}/{uuid4().hex[:8]}"  # a process that starts again is another one

    def wait(self, gate: Gate, now: float) -> int:
        """Remember a waiting gate and want a look at once. Returns its id; repeats are harmless."""
        try:
            with self._engine.begin() as connection:
                made = connection.execute(
                    insert(gates)
                    .values(
                        installation_id=gate.installation_id,
                        repository=gate.repository,
                        run_id=gate.run_id,
                        environment=gate.environment,
                        deployment_id=gate.deployment_id or 0,
                        sha=gate.sha,
                        ref=gate.ref,
                        requested_at=gate.requested_at.timestamp(),
                        state="waiting",
                        recheck_at=now,
                    )
                    .returning(gates.c.id)
                )
                return int(made.scalar_one())
        except IntegrityError:
            return self._wait_again(gate, now)

    def _wait_again(self, gate: Gate, now: float) -> int:
        """The same job can ask again after a re-run: only GitHub knows whether it waits, so look."""
        with self._engine.begin() as connection:
            known = connection.execute(
                update(gates)
                .where(
                    gates.c.repository == gate.repository,
                    gates.c.run_id == gate.run_id,
                    gates.c.environment == gate.environment,
                    gates.c.deployment_id == (gate.deployment_id or 0),
                )
                .values(state="waiting", recheck_at=now, looks_wanted=gates.c.looks_wanted + 1, owed="")
                .returning(gates.c.id)
            )
            return int(known.scalar_one())

    def adopt(self, gate: Gate, now: float) -> bool:
        """Remember a gate that GitHub shows waiting, unless we know it. True when it is new to us.

        One we answered may still wait for others, as reviewers; only a re-run gives it a new Deployment.
        """
        known = (
            select(gates.c.state, gates.c.deployment_id)
            .where(
                gates.c.repository == gate.repository,
                gates.c.run_id == gate.run_id,
                gates.c.environment == gate.environment,
            )
            .order_by(gates.c.deployment_id.desc())
        )
        with self._engine.connect() as connection:
            rows = list(connection.execute(known))
        answered = rows and rows[0].state != "gone" and rows[0].deployment_id >= (gate.deployment_id or 0)
        if answered or any(row.state == "waiting" for row in rows):
            return False
        self.wait(gate, now)
        return True

    def know(self, repository: str, deployment_ids: frozenset[int]) -> bool:
        """Whether each of these Deployments is one of a gate we hold, or answered."""
        query = select(gates.c.deployment_id).where(
            gates.c.repository == repository,
            gates.c.deployment_id.in_(deployment_ids),
            gates.c.state != "gone",
        )
        with self._engine.connect() as connection:
            return deployment_ids <= set(connection.execute(query).scalars())

    def look_again(self, repository: str, now: float) -> list[int]:
        """Want a look at every waiting gate of a repository; many wants become one look.

        What an organisation keeps in its `.github` holds for all of its repositories.
        """
        owner, _, name = repository.partition("/")
        if name == HOME:
            return self.look_again_in(owner, now, now)
        return self._look_again(gates.c.repository == repository, now, now)

    def look_again_in(self, owner: str, now: float, at: float) -> list[int]:
        """Want a look at every waiting gate of all repositories of an owner, at that moment."""
        return self._look_again(gates.c.repository.startswith(f"{owner}/", autoescape=True), now, at)

    def _look_again(self, which: ColumnElement[bool], now: float, at: float) -> list[int]:
        sooner = or_(gates.c.recheck_at.is_(None), gates.c.recheck_at > at)
        with self._engine.begin() as connection:
            rows = connection.execute(
                update(gates)
                .where(which, gates.c.state == "waiting")
                .values(
                    recheck_at=case((sooner, at), else_=gates.c.recheck_at),
                    looks_wanted=gates.c.looks_wanted + (1 if at == now else 0),
                )
                .returning(gates.c.id)
            )
            return [int(gate_id) for gate_id in rows.scalars()]

    def claim(self, gate_id: int, now: float) -> HeldGate | None:
        """Take a gate that is due; None when it is not waiting, not due, or held by another worker."""
        with self._engine.begin() as connection:
            row = connection.execute(
                update(gates)
                .where(
                    gates.c.id == gate_id,
                    gates.c.state.in_(_OPEN),
                    gates.c.recheck_at <= now,
                    gates.c.leased_until <= now,
                )
                .values(
                    holder=f"{self._worker}/{uuid4().hex[:8]}",
                    leased_until=now + LEASE,
                    lateness=now - gates.c.recheck_at,
                )
                .returning(*gates.c)
            ).first()
        return _held(row) if row else None

    def looked(self, held: HeldGate, outcome: Looked, now: float) -> bool:
        """Store a look. True when something asked for another one meanwhile: then it is due at once.

        A look that lost its gate to another is not stored: the other knows more.
        """
        asked_meanwhile = gates.c.looks_wanted != held.looks_wanted
        with self._engine.begin() as connection:
            row = connection.execute(
                update(gates)
                .where(gates.c.id == held.id, gates.c.holder == held.holder)
                .values(
                    state=outcome.state,
                    recheck_at=case((asked_meanwhile, now), else_=outcome.recheck_at),
                    findings=gates.c.findings if outcome.findings is None else outcome.findings,
                    failures=outcome.failures,
                    shown=outcome.shown,
                    reported=outcome.reported,
                    reports=outcome.reports,
                    check_run_id=outcome.check_run_id,
                    owed=outcome.owed,
                    zone=gates.c.zone if outcome.zone is None else outcome.zone,
                    looked_at=now,
                    leased_until=0.0,
                    holder="",
                )
                .returning(gates.c.looks_wanted)
            ).first()
        return row is not None and outcome.state == "waiting" and row.looks_wanted != held.looks_wanted

    def keep(self, now: float) -> None:
        """Hold on to every gate this process is looking at."""
        mine = gates.c.holder.startswith(f"{self._worker}/", autoescape=True)
        with self._engine.begin() as connection:
            connection.execute(update(gates).where(mine).values(leased_until=now + LEASE))

    def holds(self, held: HeldGate) -> bool:
        """Whether a look still has its gate."""
        query = select(gates.c.id).where(gates.c.id == held.id, gates.c.holder == held.holder)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def wait_for_verdicts(self, now: float) -> bool:
        """Whether there are gates whose moment has come, unanswered and in nobody's hands."""
        query = select(gates.c.id).where(
            gates.c.state == "waiting", gates.c.recheck_at <= now, gates.c.leased_until <= now
        )
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def due(self, now: float, limit: int = 500) -> list[tuple[int, float]]:
        """Waiting gates whose moment has come and that nobody holds: (id, due at), most overdue first."""
        query = (
            select(gates.c.id, gates.c.recheck_at)
            .where(gates.c.state.in_(_OPEN), gates.c.recheck_at <= now, gates.c.leased_until <= now)
            .order_by(gates.c.recheck_at)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [(row.id, row.recheck_at) for row in connection.execute(query)]

    def forget_decided(self, before: float) -> None:
        """A gate decided long ago is GitHub's to remember."""
        with self._engine.begin() as connection:
            old = (gates.c.state.not_in(_OPEN), gates.c.looked_at < before)
            connection.execute(delete(gates).where(*old))

    def commits_among(self, repository: str, shas: Iterable[str]) -> frozenset[str]:
        """Those of the commits that a gate of ours is of."""
        here = (gates.c.repository == repository, gates.c.sha.in_(list(shas)))
        with self._engine.connect() as connection:
            return frozenset(connection.execute(select(gates.c.sha).where(*here)).scalars())

    def of_commit(self, repository: str, sha: str) -> dict[str, tuple[str, str]]:
        """State and findings by environment, of each one's newest gate for a commit."""
        here = (gates.c.repository == repository, gates.c.sha == sha)
        query = select(gates.c.environment, gates.c.state, gates.c.findings).where(*here)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(gates.c.requested_at, gates.c.id))
            return {row.environment: (row.state, row.findings) for row in rows}

    def counts(self) -> dict[str, int]:
        """How many gates are in each state."""
        query = select(gates.c.state, func.count()).group_by(gates.c.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _held(row: Row[tuple[object, ...]]) -> HeldGate:
    gate = Gate(
        installation_id=row.installation_id,
        repository=row.repository,
        run_id=row.run_id,
        environment=row.environment,
        deployment_id=row.deployment_id or None,
        sha=row.sha,
        ref=row.ref,
        requested_at=datetime.fromtimestamp(row.requested_at, UTC),
    )
    return HeldGate(
        id=row.id,
        gate=gate,
        looks_wanted=row.looks_wanted,
        holder=row.holder,
        failures=row.failures,
        shown=row.shown,
        reported=row.reported,
        reports=row.reports,
        check_run_id=row.check_run_id,
        owed=row.owed,
    )
