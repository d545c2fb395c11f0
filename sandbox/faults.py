"""What goes wrong on request, so that every failure can be played."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal[
    "rate_limit",
    "secondary_limit",
    "status",
    "timeout",
    "cut",
    "latency",
    "webhook_drop",
    "webhook_duplicate",
]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing to go wrong, `times` times (None: until cleared), for requests that match.

    `path` is a regular expression found in the request's path; `seconds` serves latency, timeout and
    `retry-after`; `status` is the answer of a `status` fault. `after_effect` lets the request do its work
    first and then loses the answer, as a cut connection can.
    """

    kind: FaultKind
    method: str | None = None
    path: str = ""
    times: int | None = 1
    status: int = 502
    seconds: float = 0.0
    after_effect: bool = False

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and re.search(self.path, path) is not None


@dataclass(slots=True)
class Faults:
    """The faults now in force, oldest first."""

    active: list[Fault] = field(default_factory=list)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _cleared: threading.Event = field(default_factory=threading.Event, repr=False)

    def add(self, fault: Fault) -> None:
        with self._one_at_a_time:
            self.active.append(fault)

    def clear(self) -> None:
        with self._one_at_a_time:
            self.active.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def wait_out(self, method: str, path: str, *kinds: str) -> None:
        """What delays this request, as long as it takes or until faults are cleared."""
        with self._one_at_a_time:  # who sees it taken may clear it before we wait
            fault, cleared = self.take(method, path, *kinds), self._cleared
        if fault is not None:
            cleared.wait(fault.seconds)

    def take(self, method: str, path: str, *kinds: str) -> Fault | None:
        """The first fault of these kinds that hits this request; used up when its times are."""
        with self._one_at_a_time:
            hits = (one for one in self.active if one.kind in kinds and one.matches(method, path))
            fault = next(hits, None)
            if fault is not None:
                self._use(fault)
            return fault

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self.active.remove(fault)
