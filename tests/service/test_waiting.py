"""What waits is told by environment, the longest waiting first, the rest counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from protocol.gate import Gate
from service.gates import Gates, Looked
from service.waiting import WaitingRoom

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOW = AT.timestamp()
SHOP = "acme/shop"


def make_gate(number: int, environment: str = "production", repository: str = SHOP) -> Gate:
    return Gate(
        repository=repository,
        run_id=number,
        environment=environment,
        sha="a" * 40,
        ref="refs/heads/main",
        requested_at=AT + timedelta(minutes=number),
        installation_id=1,
    )


def test_the_longest_waiting_come_first_and_the_others_are_counted(engine: Engine) -> None:
    gates = Gates(engine)
    for gate in (make_gate(3), make_gate(1), make_gate(2), make_gate(9, "staging"), make_gate(4, "a", "b/c")):
        gates.wait(gate, NOW)
    production, staging = WaitingRoom(engine).lines([SHOP, "acme/none"], most=2)
    assert [gate.run_id for gate in production.gates] == [1, 2]
    assert (production.count, production.more, staging.more) == (3, 1, 0)
    assert (staging.repository, staging.environment) == (SHOP, "staging")
    assert WaitingRoom(engine).lines([], most=2) == ()


def test_what_was_answered_waits_no_more(engine: Engine) -> None:
    gates = Gates(engine)
    held = gates.claim(gates.wait(make_gate(1), NOW), NOW)
    assert held is not None
    gates.looked(held, Looked(state="allowed", recheck_at=None), NOW)
    assert WaitingRoom(engine).lines([SHOP], most=2) == ()


def test_a_gate_is_told_in_the_zone_it_was_judged_in_until_another_is_known(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(make_gate(1), NOW)
    for zone, expected in (("Europe/Berlin", "Europe/Berlin"), (None, "Europe/Berlin"), ("UTC", "UTC")):
        held = gates.claim(gate_id, NOW)
        assert held is not None
        gates.looked(held, Looked(state="waiting", recheck_at=NOW, zone=zone), NOW)
        [line] = WaitingRoom(engine).lines([SHOP], most=1)
        assert line.gates[0].zone.key == expected


def test_before_the_first_look_it_says_so(engine: Engine) -> None:
    Gates(engine).wait(make_gate(1), NOW)
    [line] = WaitingRoom(engine).lines([SHOP], most=1)
    assert line.gates[0].headline == "Waiting: it is about to be looked at"
    assert line.gates[0].branch == "main"
