"""Moments at a steady distance, kept against the clock and not against each other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

_SLACK = 1e-9  # of a tick, for what adding up floats loses


def ticks(
    every: float,
    length: float,
    *,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[float]:
    """Sleep to the end of each `every` seconds in `length`, and answer how long it has been.

    The n-th tick is due n times `every` after the first call, so nothing adds up. A tick that the work
    between them outlasted is left out; ticks never come in a bunch.
    """
    began, number = monotonic(), 1
    while number * every <= length * (1 + _SLACK):
        sleep(began + number * every - monotonic())
        passed = monotonic() - began
        yield passed
        number = max(number + 1, math.ceil((monotonic() - began) / every - _SLACK))
