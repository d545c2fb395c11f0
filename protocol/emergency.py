"""Rule `emergency`: named people, with a written reason, pass everything but access and the policy itself.

Where it is an issue, whoever set its label must be named too: with that they declare it as well.
The person named needs no seat among the daily deployers: `access.emergency.who` is access too. Where
several policies hold, each must name the person itself; one that names nobody passes nothing. An emergency
nobody closed ends by itself, `access.emergency.expire` after it was declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from protocol.answers import allow, listed, not_asked, unavailable, wait
from protocol.durations import say_duration
from protocol.facts import Emergency, Facts, Known, Missing
from protocol.moments import later, say_moment
from protocol.policy import EmergencyAccess, Environment, Policy
from protocol.principals import Principal, anyone_of, is_bot, say_principal
from protocol.verdict import Finding

RULE = "emergency"


def emergency(policy: Policy, _environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Say what became of a declared emergency; no declaration, no finding."""
    declared = facts.emergency
    if declared is None:
        return
    named = policy.access.emergency
    if named is None or not named.who:
        yield not_asked(RULE, "This policy names nobody for emergencies, so nothing is passed")
        return
    end = end_of(declared, named)
    if now < end:
        yield replace(_judged(declared, named.who, facts), recheck_at=end)
    else:
        yield _over(declared, named, say_moment(end, policy.timezone))


def is_emergency(policy: Policy, facts: Facts, now: datetime) -> bool:
    """Whether an emergency is declared by somebody this policy names, with a reason, and goes on."""
    declared, named = facts.emergency, policy.access.emergency
    if declared is None or named is None or not declared.reason.strip() or now >= end_of(declared, named):
        return False
    return _unnamed(declared, named.who, facts) == ""


def end_of(declared: Emergency, named: EmergencyAccess) -> datetime:
    """When it passes nothing any more, if nobody ends it before."""
    return later(declared.at, named.expire)


def _unnamed(declared: Emergency, who: tuple[Principal, ...], facts: Facts) -> Known[str]:
    """The first of those who declared it that `who` does not name; "" where all are named."""
    for login in (declared.by, declared.labelled_by or declared.by):
        if isinstance(login, Missing):
            return login
        named = False if is_bot(login) else anyone_of(who, login, facts.people)
        if named is not True:
            return named or login
    return ""


def _over(declared: Emergency, named: EmergencyAccess, end: str) -> Finding:
    """It holds nothing up either: all is as on any other day."""
    why = f"{declared.by}'s emergency ended {end}, {say_duration(named.expire)} after it was declared"
    return allow(RULE, "emergency.expired", f"{why}; declare a new one if it goes on")


def _judged(declared: Emergency, who: tuple[Principal, ...], facts: Facts) -> Finding:
    unnamed = _unnamed(declared, who, facts)
    if isinstance(unnamed, Missing):
        return unavailable(RULE, unnamed, f"Whether {declared.by} may declare an emergency")
    if unnamed:
        label = "" if unnamed == declared.by else f" by the label on {declared.by}'s issue"
        why = f"{unnamed} may not declare an emergency{label}; {listed(map(say_principal, who), 'or')} may"
        return wait(RULE, "emergency.not_allowed", why, who=who)
    if not declared.reason.strip():
        why = f"{declared.by}'s emergency has no reason; write one"
        return wait(RULE, "emergency.no_reason", why, who=[f"user:{declared.by}"])
    return allow(RULE, "emergency.used", f"Emergency by {declared.by}: {declared.reason.strip()}")
