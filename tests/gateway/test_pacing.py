"""GitHub's limits are kept before GitHub has to; nobody sleeps, everybody is told when."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from gateway.errors import RateLimited
from gateway.pacing import AGAIN, LEFT_TO_GATES, Pace

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused_until(pace: Pace, verb: str, path: str) -> datetime | None:
    try:
        pace.before(verb, path)
    except RateLimited as limit:
        return limit.until
    return None


@pytest.mark.parametrize(
    ("verb", "path", "most"),
    [
        pytest.param("GET", "/repos/acme/shop/actions/runs/7", 900, id="reads"),
        pytest.param("POST", "/repos/acme/shop/check-runs", 180, id="writes of five points"),
        pytest.param("POST", "/repos/acme/shop/issues/3/comments", 80, id="content"),
        pytest.param("POST", "/api/graphql", 2000, id="GraphQL"),
    ],
)
def test_peers_21_so_much_a_minute_and_then_again(clock: Clock, verb: str, path: str, most: int) -> None:
    pace = Pace(clock)
    assert all(refused_until(pace, verb, path) is None for _ in range(most))
    assert refused_until(pace, verb, path) == NOON + timedelta(minutes=1)
    clock.now += timedelta(minutes=1)
    assert refused_until(pace, verb, path) is None


def test_peers_21_five_hundred_pieces_of_content_an_hour(clock: Clock) -> None:
    pace, written = Pace(clock), 0
    for _ in range(3600):
        written += refused_until(pace, "POST", "/repos/acme/shop/issues") is None
        clock.now += SECOND
    assert written == 500


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        pytest.param("/repos/acme/shop/check-runs", 180, id="points"),
        pytest.param("/repos/acme/shop/issues/3/comments", 80, id="content"),
    ],
)
def test_peers_21_workers_together_keep_the_limits_of_one_installation(
    clock: Clock, path: str, whole: int
) -> None:
    paces = [Pace(clock, lambda: 1 / 3) for _ in range(3)]
    asked = sum(refused_until(pace, "POST", path) is None for pace in paces for _ in range(whole))
    assert whole - 3 <= asked <= whole


def test_peers_21_who_works_alone_again_has_the_whole_limit(clock: Clock) -> None:
    workers = [2]
    pace = Pace(clock, lambda: 1 / workers[-1])
    while refused_until(pace, "GET", "/x") is None:
        pass
    workers.append(1)
    assert sum(refused_until(pace, "GET", "/x") is None for _ in range(900)) == 450


def test_peers_21_what_leaves_the_last_points_of_the_hour_to_gates_asks_again_after_a_while(
    clock: Clock,
) -> None:
    pages, gates = Pace(clock, gates_first=True), Pace(clock)
    for pace in (pages, gates):
        pace.heard(LEFT_TO_GATES)
        assert refused_until(pace, "GET", "/x") is None
        pace.heard(LEFT_TO_GATES - 1)
    assert refused_until(gates, "GET", "/x") is None
    assert refused_until(pages, "GET", "/x") == NOON + AGAIN
    clock.now += AGAIN
    assert refused_until(pages, "GET", "/x") is None


def test_reading_goes_on_while_content_has_to_wait(clock: Clock) -> None:
    pace = Pace(clock)
    while refused_until(pace, "POST", "/repos/acme/shop/issues") is None:
        pass
    assert refused_until(pace, "GET", "/repos/acme/shop/issues") is None


def test_a_crowd_of_gates_gets_a_turn_each(clock: Clock) -> None:
    pace = Pace(clock)
    while refused_until(pace, "GET", "/x") is None:
        pass
    turns = []
    for _ in range(100):
        with pytest.raises(RateLimited) as limit:
            pace.wait_for_turn()
        turns.append(limit.value.until)
    gaps = {later - earlier for earlier, later in itertools.pairwise(turns)}
    assert turns[0] > NOON
    assert max(gaps) - min(gaps) < timedelta(milliseconds=1)
    assert turns[-1] - turns[0] == pytest.approx(timedelta(seconds=99 * 11 / 15), abs=SECOND)


def limit(clock: Clock, *, guessed: bool) -> RateLimited:
    return RateLimited("refused", until=clock.now + 2 * SECOND, guessed=guessed)


def test_peers_21_after_a_refusal_nobody_of_the_installation_asks_until_githubs_time(clock: Clock) -> None:
    pace = Pace(clock)
    pace.refused(limit(clock, guessed=False))
    assert refused_until(pace, "GET", "/repos/acme/other") == NOON + 2 * SECOND
    assert refused_until(pace, "POST", "/graphql") == NOON + 2 * SECOND
    with pytest.raises(RateLimited):
        pace.wait_for_turn()
    clock.now += 2 * SECOND
    assert refused_until(pace, "GET", "/repos/acme/other") is None


def test_peers_21_where_github_names_no_time_the_wait_doubles_from_a_minute(clock: Clock) -> None:
    pace, waits = Pace(clock), []
    for _ in range(9):
        pace.refused(limit(clock, guessed=True))
        pace.refused(limit(clock, guessed=True))  # of a request that was under way
        until = refused_until(pace, "GET", "/x")
        assert until is not None
        waits.append((until - clock.now) / timedelta(minutes=1))
        clock.now = until
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    clock.now += timedelta(minutes=11)
    pace.refused(limit(clock, guessed=True))
    assert refused_until(pace, "GET", "/x") == clock.now + timedelta(minutes=1)


def test_what_may_be_told_later_leaves_room_for_verdicts_and_gets_a_moment_each(clock: Clock) -> None:
    pace = Pace(clock)
    for _ in range(595):
        pace.wait_for_leisure()
        pace.before("GET", "/x")
    pace.wait_for_leisure()
    pace.before("POST", "/repos/acme/shop/check-runs")
    moments = []
    for _ in range(3):
        with pytest.raises(RateLimited, match="Verdicts go first") as limit:
            pace.wait_for_leisure()
        moments.append(limit.value.until)
    pace.wait_for_turn()
    assert NOON + timedelta(minutes=1) < moments[0] < moments[1] < moments[2] < NOON + timedelta(minutes=2)
    clock.now = moments[0]
    pace.wait_for_leisure()
