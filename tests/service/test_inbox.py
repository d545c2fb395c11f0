"""The inbox hands a delivery out until it is done, and keeps the dead ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from service.inbox import ATTEMPTS, LEASE, OFFERED, Delivery, Inbox

NOW = 1_800_000_000.0
LONG = 4000.0  # longer than any wait between two attempts


def delivery(guid: str = "d1") -> Delivery:
    return Delivery(guid=guid, event="issues", action="closed", body=b"{}")


def test_peers_4_a_delivery_nobody_finished_is_due_again_when_its_lease_ends(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    inbox.claim("d1", NOW)
    assert inbox.due(NOW + LEASE - 1) == []
    assert inbox.due(NOW + LEASE) == [("d1", NOW + LEASE)]


def test_a_delivery_the_queue_lost_is_swept_up_soon(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    assert inbox.due(NOW + OFFERED) == [("d1", NOW + OFFERED)]


def test_a_delivery_is_in_one_workers_hands_at_a_time(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    with ThreadPoolExecutor(8) as workers:
        claimed = list(workers.map(lambda _: inbox.claim("d1", NOW), range(24)))
    assert claimed.count(delivery()) == 1


def test_a_delivery_that_is_done_is_never_due(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    inbox.done("d1")
    assert inbox.due(NOW + 1_000_000) == []
    assert inbox.claim("d1", NOW) is None


def test_peers_4_retries_are_bounded_and_the_dead_are_kept(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    for attempt in range(ATTEMPTS):
        assert inbox.claim("d1", NOW + attempt * LONG) == delivery()
        inbox.failed("d1", "boom", NOW + attempt * LONG)
    assert inbox.claim("d1", NOW + ATTEMPTS * LONG) is None
    assert inbox.counts() == {"dead": 1}


def test_peers_4_one_that_ends_its_worker_each_time_is_dead_after_as_many(engine: Engine) -> None:
    """Then nobody is left to say that it failed."""
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    taken = [inbox.claim("d1", NOW + attempt * LEASE) for attempt in range(ATTEMPTS + 1)]
    assert taken == [delivery()] * ATTEMPTS + [None]
    [dead] = inbox.listed("dead")
    assert (dead.attempts, "never finished" in dead.error) == (ATTEMPTS, True)
    assert inbox.replay("d1", NOW)
    assert inbox.claim("d1", NOW) == delivery()


def test_what_another_has_finished_meanwhile_does_not_fail_any_more(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    inbox.claim("d1", NOW)
    inbox.claim("d1", NOW + LEASE)
    inbox.done("d1")
    inbox.failed("d1", "so slow that another took it", NOW + LEASE)
    assert inbox.counts() == {"done": 1}


def test_each_failure_waits_longer(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    waits, now = [], NOW
    for _ in range(3):
        inbox.claim("d1", now)
        inbox.failed("d1", "boom", now)
        due_at = inbox.due(NOW + 10_000)[0][1]
        waits.append(due_at - now)
        assert inbox.claim("d1", due_at - 1) is None
        now = due_at
    assert waits == [5.0, 15.0, 60.0]


def test_a_redelivery_brings_a_dead_one_back_to_life(engine: Engine) -> None:
    inbox = Inbox(engine)
    inbox.commit(delivery(), NOW)
    for attempt in range(ATTEMPTS):
        inbox.claim("d1", NOW + attempt * LONG)
        inbox.failed("d1", "boom", NOW + attempt * LONG)
    assert inbox.commit(delivery(), NOW)
    assert inbox.claim("d1", NOW) == delivery()
