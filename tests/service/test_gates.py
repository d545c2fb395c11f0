"""Gates are held by one worker at a time and looked at until they are decided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import Engine

from protocol.gate import Gate
from service.gates import LEASE, Gates, Looked

NOW = 1_800_000_000.0


def gate(run_id: int = 7, environment: str = "production", repository: str = "acme/shop") -> Gate:
    return Gate(
        installation_id=5,
        repository=repository,
        run_id=run_id,
        environment=environment,
        deployment_id=3,
        sha="a" * 40,
        ref="main",
        requested_at=datetime.fromtimestamp(NOW, UTC),
    )


def waiting(recheck_at: float | None = None) -> Looked:
    return Looked(state="waiting", recheck_at=recheck_at)


def test_peers_11_a_gate_is_known_by_repository_run_environment_and_deployment(engine: Engine) -> None:
    gates = Gates(engine)
    first = gates.wait(gate(), NOW)
    assert gates.wait(gate(), NOW) == first
    assert len({first, gates.wait(gate(8), NOW), gates.wait(gate(environment="staging"), NOW)}) == 3


def test_what_was_stored_comes_back_the_same(engine: Engine) -> None:
    gates = Gates(engine)
    held = gates.claim(gates.wait(gate(), NOW), NOW)
    assert held is not None
    assert held.gate == gate()


def test_one_gate_is_held_by_one_worker_at_a_time(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    with ThreadPoolExecutor(8) as workers:
        held = list(workers.map(lambda _: gates.claim(gate_id, NOW), range(24)))
    assert sum(h is not None for h in held) == 1


def test_peers_4_a_look_that_was_killed_is_taken_up_when_its_lease_ends(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    gates.claim(gate_id, NOW)
    assert gates.due(NOW + LEASE - 1) == []
    assert gates.due(NOW + LEASE) == [(gate_id, NOW)]


def test_a_look_that_takes_long_keeps_its_gate(engine: Engine) -> None:
    gates = Gates(engine, "here")
    held = gates.claim(gates.wait(gate(), NOW), NOW)
    assert held is not None
    gates.keep(NOW + LEASE - 1)
    assert gates.due(NOW + LEASE) == []
    assert gates.holds(held)


def test_a_look_that_lost_its_gate_says_nothing_more(engine: Engine) -> None:
    slow, quick = Gates(engine, "here"), Gates(engine, "there")
    gate_id = slow.wait(gate(), NOW)
    lost, won = slow.claim(gate_id, NOW), quick.claim(gate_id, NOW + LEASE)
    assert lost is not None
    assert won is not None
    assert (slow.holds(lost), quick.holds(won)) == (False, True)
    slow.looked(lost, Looked(state="gone", recheck_at=None), NOW + LEASE)
    assert quick.counts() == {"waiting": 1}
    quick.looked(won, Looked(state="allowed", recheck_at=None), NOW + LEASE)
    assert quick.counts() == {"allowed": 1}


def test_peers_6_a_waiting_gate_is_due_at_its_moment_and_not_before(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    held = gates.claim(gate_id, NOW)
    assert held is not None
    gates.looked(held, waiting(NOW + 600), NOW)
    assert gates.due(NOW + 599) == []
    assert gates.claim(gate_id, NOW + 599) is None
    assert gates.due(NOW + 600) == [(gate_id, NOW + 600)]


def test_many_events_become_one_look(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    for _ in range(20):
        gates.look_again("acme/shop", NOW)
    held = gates.claim(gate_id, NOW)
    assert held is not None
    assert gates.looked(held, waiting(), NOW) is False
    assert gates.due(NOW + 1_000) == []


def test_an_event_during_a_look_asks_for_another(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    held = gates.claim(gate_id, NOW)
    assert held is not None
    gates.look_again("acme/shop", NOW + 1)
    assert gates.looked(held, waiting(NOW + 600), NOW + 2) is True
    assert gates.due(NOW + 2) == [(gate_id, NOW + 2)]


def test_only_the_repositorys_own_gates_are_looked_at_again(engine: Engine) -> None:
    gates = Gates(engine)
    mine = gates.wait(gate(), NOW)
    gates.wait(gate(repository="acme/other"), NOW)
    assert gates.look_again("acme/shop", NOW) == [mine]


def test_a_decided_gate_is_left_alone(engine: Engine) -> None:
    gates = Gates(engine)
    gate_id = gates.wait(gate(), NOW)
    held = gates.claim(gate_id, NOW)
    assert held is not None
    gates.looked(held, Looked(state="allowed", recheck_at=None), NOW)
    assert gates.look_again("acme/shop", NOW) == []
    assert gates.claim(gate_id, NOW + 10) is None
    assert gates.counts() == {"allowed": 1}


def test_a_gate_that_waits_anew_is_judged_before_what_it_owes_is_told(engine: Engine) -> None:
    gates = Gates(engine)
    held = gates.claim(gates.wait(gate(), NOW), NOW)
    assert held is not None
    gates.looked(held, Looked(state="owing", recheck_at=NOW, owed="{}"), NOW)
    assert not gates.wait_for_verdicts(NOW)
    again = gates.wait(gate(), NOW)
    assert gates.wait_for_verdicts(NOW)
    held = gates.claim(again, NOW)
    assert held is not None
    assert held.owed == ""
