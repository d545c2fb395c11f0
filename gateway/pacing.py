"""How much one installation may still ask, so that GitHub need not refuse. Nobody sleeps."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.errors import LEAST_WAIT, RateLimited

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REST_POINTS, GRAPHQL_POINTS = 900, 2000  # a minute
WRITES_A_MINUTE, WRITES_AN_HOUR = 80, 500  # of what people are notified of
READ, WRITE = 1, 5  # points
MOST_DOUBLED = 6  # times: an hour and four minutes
FORGIVEN = timedelta(minutes=10)  # without a refusal, after which the next is the first again
LOOK = 2 * WRITE + READ  # the run, the verdict, the check run
KEPT_FOR_LOOKS = REST_POINTS // 3  # what may come later leaves so much to those who wait for a verdict
FOR_PAGES = 0.1  # of the limits, where people can log in: so much they take from verdicts, and no more
LEFT_TO_GATES = 1_000  # points of an installation's hour that nothing else asks for
AGAIN = timedelta(minutes=10)  # after which GitHub is asked whether more is left of the hour
_CONTENT = re.compile(r"/(issues|pulls|comments|reviews|releases|reactions|merges)\b")


@dataclass(slots=True)
class Allowance:
    """So much in so long, counted over the time just passed."""

    most: int
    length: timedelta
    _spent: deque[tuple[datetime, int]] = field(default_factory=deque)
    _sum: int = 0

    def free_at(self, cost: int, now: datetime, share: float) -> datetime:
        """When `cost` may be spent of such a part of it; `now` or before it when at once."""
        while self._spent and self._spent[0][0] + self.length <= now:
            self._sum -= self._spent.popleft()[1]
        free, over = now, self._sum + cost - int(self.most * share)
        for moment, spent in self._spent:
            if over <= 0:
                break
            free, over = moment + self.length, over - spent
        return free

    def spend(self, cost: int, now: datetime) -> None:
        self._spent.append((now, cost))
        self._sum += cost


class Pace:
    """Of one installation: this process's `share` of what all may ask. Safe for several threads.

    With `gates_first` nothing is asked of the last points of the hour.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        share: Callable[[], float] = lambda: 1.0,
        *,
        gates_first: bool = False,
    ) -> None:
        self._clock = clock
        self._share = share
        self._gates_first = gates_first
        self._lock = threading.Lock()
        self._rest = Allowance(REST_POINTS, MINUTE)
        self._graphql = Allowance(GRAPHQL_POINTS, MINUTE)
        self._turn = self._leisure = self._closed = clock()
        self._guesses = 0
        self._writes = (Allowance(WRITES_A_MINUTE, MINUTE), Allowance(WRITES_AN_HOUR, HOUR))

    def wait_for_turn(self) -> None:
        """Begin a look that can be finished. Raises RateLimited, with a moment of its own for each."""
        now = self._clock()
        with self._lock:
            free = max(self._rest.free_at(LOOK, now, self._share()), self._closed)
            if free > now:
                self._turn = max(self._turn, free) + MINUTE * LOOK / REST_POINTS
                raise RateLimited(
                    f"Too many gates at once: this one's turn is {self._turn.isoformat()}.", until=self._turn
                )

    def wait_for_leisure(self) -> None:
        """Begin to write what may come later. Raises RateLimited, with a moment of its own for each."""
        now = self._clock()
        with self._lock:
            share = self._share()
            wanted = WRITE + int(KEPT_FOR_LOOKS * share)
            free = max(self._rest.free_at(wanted, now, share), self._closed)
            if free > now:
                self._leisure = max(self._leisure, free) + MINUTE * WRITE / REST_POINTS
                raise RateLimited(
                    f"Verdicts go first: this may be told at {self._leisure.isoformat()}.",
                    until=self._leisure,
                )

    def before(self, verb: str, path: str) -> None:
        """Count a request about to be made. Raises RateLimited where it has to wait."""
        now, costs, share = self._clock(), self._costs(verb, path), self._share()
        with self._lock:
            free = max(self._closed, *(allowance.free_at(cost, now, share) for allowance, cost in costs))
            if free > now:
                raise RateLimited(
                    f"{verb} {path}: enough asked for now. Asking again after {free.isoformat()}.", until=free
                )
            for allowance, cost in costs:
                allowance.spend(cost, now)

    def heard(self, remaining: int) -> None:
        """What GitHub says is left of the hour."""
        if self._gates_first and remaining < LEFT_TO_GATES:
            with self._lock:
                self._closed = max(self._closed, self._clock() + AGAIN)

    def refused(self, limit: RateLimited) -> None:
        """GitHub refuses all the same: nothing is asked until then, each time longer if it names no time."""
        now = self._clock()
        with self._lock:
            if now < self._closed:
                return  # one of many that were under way when the first was refused
            if now > self._closed + FORGIVEN:
                self._guesses = 0
            self._closed = now + LEAST_WAIT * (1 << self._guesses) if limit.guessed else limit.until
            self._guesses = min(self._guesses + limit.guessed, MOST_DOUBLED)

    def _costs(self, verb: str, path: str) -> list[tuple[Allowance, int]]:
        if path.endswith("/graphql"):
            return [(self._graphql, READ)]
        if verb == "GET":
            return [(self._rest, READ)]
        content = [(allowance, 1) for allowance in self._writes] if _CONTENT.search(path) else []
        return [(self._rest, WRITE), *content]
