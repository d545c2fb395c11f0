"""What operators read at /metrics."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine

from protocol.gate import Gate
from service.gates import Gates, Looked
from service.inbox import Delivery, Inbox
from service.numbers import Numbers
from service.quotas import Quotas

NOW = 1_800_000_000.0


def shown(engine: Engine, now: float = NOW) -> list[str]:
    registry = CollectorRegistry()
    registry.register(Numbers(engine, lambda: now))
    return generate_latest(registry).decode().splitlines()


def look_late(engine: Engine, seconds: float) -> None:
    gates, asked_at = Gates(engine), datetime.fromtimestamp(NOW, UTC)
    gate = Gate(
        repository="acme/shop",
        run_id=7,
        environment="production",
        sha="a" * 40,
        ref="main",
        requested_at=asked_at,
    )
    held = gates.claim(gates.wait(gate, NOW), NOW + seconds)
    assert held is not None
    gates.looked(held, Looked(state="waiting", recheck_at=NOW + 600), NOW + seconds)


def test_nothing_yet_is_told_as_nothing(engine: Engine) -> None:
    lines = shown(engine)
    for line in (
        'deploy_deliveries{state="dead"} 0.0',
        'deploy_gates{state="waiting"} 0.0',
        "deploy_oldest_delivery_seconds 0.0",
        "deploy_overdue_seconds 0.0",
        "deploy_lateness_seconds 0.0",
    ):
        assert line in lines


def test_peers_23_the_age_of_what_nobody_handled_is_told(engine: Engine) -> None:
    Inbox(engine).commit(Delivery(guid="d1", event="issues", action="closed", body=b"{}"), NOW - 40)
    assert "deploy_oldest_delivery_seconds 40.0" in shown(engine)


def test_peers_6_lateness_is_told_for_an_hour(engine: Engine) -> None:
    look_late(engine, 12.0)
    assert "deploy_lateness_seconds 12.0" in shown(engine, NOW + 60)
    assert "deploy_lateness_seconds 0.0" in shown(engine, NOW + 3700)


def test_what_is_overdue_is_told_while_nobody_looks(engine: Engine) -> None:
    look_late(engine, 0.0)
    assert "deploy_overdue_seconds 100.0" in shown(engine, NOW + 700)


def test_peers_23_what_github_still_allows_is_told(engine: Engine) -> None:
    quotas = Quotas(engine)
    quotas.keep({("5", "core"): 4000, ("5", "graphql"): 4900}, NOW)
    quotas.keep({("5", "core"): 3999}, NOW + 15)
    lines = shown(engine)
    assert 'deploy_github_remaining{installation="5",resource="core"} 3999.0' in lines
    assert 'deploy_github_remaining{installation="5",resource="graphql"} 4900.0' in lines
