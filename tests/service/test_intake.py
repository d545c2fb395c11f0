"""Many deliveries at once are committed together, and none is answered before it lies in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from service.inbox import Delivery, Inbox
from service.intake import Intake

NOW = 1_800_000_000.0
PATIENCE = 60.0


def delivery(guid: str | None = None) -> Delivery:
    return Delivery(guid=guid or str(uuid4()), event="push", action="", body=b"{}")


class SlowInbox(Inbox):
    """Its first commit waits until it may; then all are as quick as ever."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.may, self.began, self.full = Event(), Event(), False
        self.commits: list[int] = []

    def commit_all(self, arrived: Sequence[Delivery], now: float) -> frozenset[str]:
        self.began.set()
        self.may.wait(PATIENCE)
        if self.full:
            raise OperationalError("insert", {}, Exception("the disk is full"))
        self.commits.append(len(arrived))
        return super().commit_all(arrived, now)


class Desk:
    """An intake, and people who bring deliveries at the same time."""

    def __init__(self, engine: Engine) -> None:
        self.inbox = SlowInbox(engine)
        self.handed: list[str] = []
        self.intake = Intake(self.inbox, self.handed.extend, lambda: NOW)
        self.people = ThreadPoolExecutor(max_workers=8)

    def bring(self, *brought: Delivery) -> list[Future[bool]]:
        return [self.people.submit(self.intake.take_in, one) for one in brought]

    def occupied(self) -> Future[bool]:
        """With one delivery that is being committed."""
        first = self.bring(delivery())[0]
        assert self.inbox.began.wait(PATIENCE)
        return first


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    desk = Desk(engine)
    yield desk
    desk.people.shutdown()


def test_who_comes_meanwhile_is_committed_together_and_nobody_is_answered_before(desk: Desk) -> None:
    first = desk.occupied()
    others = desk.bring(*[delivery() for _ in range(5)])
    while len(desk.intake._line) < 5:
        assert not any(one.done() for one in (first, *others))
    desk.inbox.may.set()
    assert all(one.result(PATIENCE) for one in (first, *others))
    assert desk.inbox.commits == [1, 5]
    desk.people.submit(desk.intake.take_in, delivery()).result(PATIENCE)
    assert len(desk.handed) >= 6
    assert desk.inbox.counts() == {"new": 7}


def test_the_same_one_twice_at_once_is_stored_once(desk: Desk) -> None:
    desk.occupied()
    twins = desk.bring(delivery("d1"), delivery("d1"))
    while len(desk.intake._line) < 2:
        pass
    desk.inbox.may.set()
    assert [one.result(PATIENCE) for one in twins] == [True, True]
    assert desk.inbox.counts() == {"new": 2}


def test_a_commit_that_fails_is_acknowledged_to_nobody_and_the_next_ones_are_taken_in(desk: Desk) -> None:
    desk.inbox.full = True
    lost = [desk.occupied(), *desk.bring(delivery(), delivery())]
    desk.inbox.may.set()
    for one in lost:
        with pytest.raises(SQLAlchemyError):
            one.result(PATIENCE)
    desk.inbox.full = False
    assert desk.intake.take_in(delivery())
    assert desk.inbox.counts() == {"new": 1}
