"""The inbox hands a delivery out until it is done, and keeps the dead ones."""

from __future__ import annotations

from sqlalchemy import Engine

from service.inbox import ATTEMPTS, LEASE, Delivery, Inbox

NOW = 1_800_000_000.0


def delivery(guid: str = "d1") -> Delivery:
    return Delivery(guid=guid, event="issues", action="closed", body=b"{}")


def test_peers_4_a_delivery_nobody_finished_is_due_again_when_its_lease_ends(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    inbox.claim("d1", NOW)
    assert inbox.due(NOW + LEASE - 1) == []
    assert inbox.due(NOW + LEASE) == [("d1", NOW + LEASE)]


def test_a_delivery_that_is_done_is_never_due(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    inbox.done("d1")
    assert inbox.due(NOW + 1_000_000) == []
    assert inbox.claim("d1", NOW) is None


def test_peers_4_retries_are_bounded_and_the_dead_are_kept(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    for _ in range(ATTEMPTS):
        assert inbox.claim("d1", NOW) == delivery()
        inbox.failed("d1", "boom", NOW)
    assert inbox.claim("d1", NOW) is None
    assert inbox.counts() == {"dead": 1}


def test_each_failure_waits_longer(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    waits = []
    for _ in range(3):
        inbox.claim("d1", NOW)
        inbox.failed("d1", "boom", NOW)
        waits.append(inbox.due(NOW + 10_000)[0][1] - NOW)
    assert waits == [5.0, 15.0, 60.0]


def test_a_redelivery_brings_a_dead_one_back_to_life(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    for _ in range(ATTEMPTS):
        inbox.claim("d1", NOW)
        inbox.failed("d1", "boom", NOW)
    assert inbox.commit(delivery(), NOW)
    assert inbox.claim("d1", NOW) == delivery()
