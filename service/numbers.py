"""Metrics, read from the database so that every process of the service tells the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, Select, func, select

from service.inbox import Inbox
from service.quotas import Quotas
from service.tables import deliveries, gates

RECENT = 3600.0  # seconds for which a late look is told
DELIVERY_STATES = ("new", "done", "dead")
GATE_STATES = ("waiting", "owing", "allowed", "refused", "gone")


class Numbers(Collector):
    """What `/metrics` shows. A state nothing is in shows 0, so that an alert can rest on it."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._clock()
        yield _by_state(
            "deploy_deliveries", "Deliveries in the inbox.", DELIVERY_STATES, Inbox(self._engine).counts()
        )
        yield _by_state("deploy_gates", "Gates we know.", GATE_STATES, self._gates())
        yield _one(
            "deploy_oldest_delivery_seconds",
            "Age of the oldest delivery nobody handled.",
            self._since(select(func.min(deliveries.c.received_at)).where(deliveries.c.state == "new"), now),
        )
        yield _one(
            "deploy_overdue_seconds",
            "How long the gate that is most overdue has been due.",
            self._since(select(func.min(gates.c.recheck_at)).where(gates.c.state == "waiting"), now),
        )
        late = select(func.max(gates.c.lateness)).where(gates.c.looked_at > now - RECENT)
        yield _one("deploy_lateness_seconds", "The latest look of the last hour.", self._value(late))
        yield self._remaining()

    def _gates(self) -> Mapping[str, int]:
        query = select(gates.c.state, func.count()).group_by(gates.c.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _since(self, moment: Select[Any], now: float) -> float:
        value = self._value(moment)
        return max(0.0, now - value) if value else 0.0

    def _value(self, query: Select[Any]) -> float:
        with self._engine.connect() as connection:
            return float(connection.execute(query).scalar() or 0.0)

    def _remaining(self) -> GaugeMetricFamily:
        name, about = "deploy_github_remaining", "What GitHub said may still be asked this hour."
        family = GaugeMetricFamily(name, about, labels=["installation", "resource"])
        for labels, remaining in Quotas(self._engine).all().items():
            family.add_metric(labels, remaining)
        return family


def _by_state(name: str, about: str, states: tuple[str, ...], counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=["state"])
    for state in states:
        family.add_metric([state], counts.get(state, 0))
    return family


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)
