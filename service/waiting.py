"""What waits, for those who look at a page: the gates as their last look left them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row, func, select

from protocol.headlines import headline
from protocol.moments import parse_zone
from protocol.verdict import Decision, Finding, Verdict
from service.findings import read_findings
from service.tables import gates


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGate:
    """One environment of one run. `looked_at` None: nobody looked yet."""

    run_id: int
    sha: str
    ref: str
    since: datetime
    zone: ZoneInfo
    decision: Decision
    looked_at: datetime | None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """All that waits for one environment: `count` gates, of which the first are `gates`."""

    repository: str
    environment: str
    gates: tuple[WaitingGate, ...]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.gates)


class WaitingRoom:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lines(self, repositories: Collection[str], *, most: int) -> tuple[Line, ...]:
        """Those of these repositories, by environment, with the `most` longest waiting gates of each."""
        place = (gates.c.repository, gates.c.environment)
        order = (gates.c.requested_at, gates.c.id)
        counted = (
            select(
                gates.c.id,
                func.row_number().over(partition_by=place, order_by=order).label("number"),
                func.count().over(partition_by=place).label("waiting"),
            )
            .where(gates.c.state == "waiting", gates.c.repository.in_(repositories))
            .subquery()
        )
        query = select(gates, counted.c.waiting).join(counted, gates.c.id == counted.c.id)
        first = query.where(counted.c.number <= most).order_by(*place, *order)
        with self._engine.connect() as connection:
            return tuple(_lines(connection.execute(first)))


def _lines(rows: Iterable[Row[tuple[object, ...]]]) -> Iterable[Line]:
    for (repository, environment), group in groupby(rows, key=lambda row: (row.repository, row.environment)):
        together = list(group)
        yield Line(
            repository=repository,
            environment=environment,
            gates=tuple(_waiting(row) for row in together),
            count=together[0].waiting,
        )


def _waiting(row: Row[tuple[object, ...]]) -> WaitingGate:
    return WaitingGate(
        run_id=row.run_id,
        sha=row.sha,
        ref=row.ref,
        since=_moment(row.requested_at),
        zone=parse_zone(row.zone or "UTC"),
        decision=read_findings(row.findings),
        looked_at=row.looked_at and _moment(row.looked_at),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
