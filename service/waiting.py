"""What waits, for those who look at a page: the gates as their last look left them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row, select

from protocol.headlines import headline
from protocol.moments import parse_zone
from protocol.verdict import Decision, Finding, Verdict
from service.findings import read_findings
from service.tables import gates


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGate:
    """One environment of one run. `looked_at` None: nobody looked yet."""

    repository: str
    environment: str
    run_id: int
    sha: str
    ref: str
    since: datetime
    zone: ZoneInfo
    decision: Decision
    looked_at: datetime | None
    looked_at_next: datetime | None

    @property
    def headline(self) -> str:
        if self.looked_at is None:
            return "Waiting: it is about to be looked at"
        return headline(self.decision, self.zone)

    @property
    def passed(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.decision.findings if one.verdict is Verdict.ALLOW)

    @property
    def branch(self) -> str:
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


class WaitingRoom:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, repositories: Collection[str]) -> tuple[WaitingGate, ...]:
        """Those of these repositories, the longest waiting first."""
        query = select(gates).where(gates.c.state == "waiting").order_by(gates.c.requested_at, gates.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(gates.c.repository.in_(repositories)))
            return tuple(_waiting(row) for row in rows)


def _waiting(row: Row[tuple[object, ...]]) -> WaitingGate:
    return WaitingGate(
        repository=row.repository,
        environment=row.environment,
        run_id=row.run_id,
        sha=row.sha,
        ref=row.ref,
        since=_moment(row.requested_at),
        zone=parse_zone(row.zone or "UTC"),
        decision=read_findings(row.findings),
        looked_at=row.looked_at and _moment(row.looked_at),
        looked_at_next=row.recheck_at and _moment(row.recheck_at),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
