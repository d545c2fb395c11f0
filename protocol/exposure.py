"""Which share of users could see a version, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from protocol.durations import say_duration

_HUNDRED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """From `at` (aware) on, at most `share` (0 to 1) of users see the new version."""

    at: datetime
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """`most` is the largest share (0 to 1); `seconds` is how long anybody could see the version."""

    most: float
    seconds: float

    def say(self, version: str, *, over: bool = True) -> str:
        """`over`: nobody sees it any more."""
        if not self.most:
            return f"no user saw {version}"
        length = say_duration(timedelta(seconds=round(self.seconds)))
        verb, since = ("saw", "") if over else ("see", " so far")
        return f"at most {self.most * _HUNDRED:.3g}% of users {verb} {version}, for {length}{since}"


def exposure_of(shares: Sequence[Share], until: datetime) -> Exposure:
    """What the shares, in the order of their time, add up to."""
    ends = [*(one.at for one in shares[1:]), until]
    seen = [(end - one.at).total_seconds() for one, end in zip(shares, ends, strict=False) if one.share > 0]
    return Exposure(most=max((one.share for one in shares), default=0.0), seconds=round(sum(seen), 3))
