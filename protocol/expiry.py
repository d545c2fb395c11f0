"""Rule `expiry`: how long a gate may wait. GitHub itself fails a waiting job after 30 days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from protocol.answers import allow, refuse
from protocol.durations import say_duration
from protocol.facts import Facts
from protocol.moments import later, say_moment
from protocol.policy import Environment, Policy
from protocol.verdict import Finding

_LONGEST = timedelta(days=30)


def expiry(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """A deployment asked for too long ago is no longer what anybody means."""
    longest = min(environment.expire, _LONGEST)
    end = later(facts.requested_at, longest)
    if now >= end:
        yield refuse("expiry", "expired", f"Asked for more than {say_duration(longest)} ago; start it again")
        return
    yield allow(
        "expiry", "expiry.running", f"May wait until {say_moment(end, policy.timezone)}", recheck_at=end
    )
