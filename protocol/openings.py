"""Rules `windows` and `freezes`: when deploying is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from protocol.answers import allow, not_asked, unavailable, wait
from protocol.facts import Facts, Freeze, Missing
from protocol.moments import later, say_moment
from protocol.policy import Environment, Policy
from protocol.schedule import planned_freezes, schedule_of
from protocol.verdict import Finding, Verdict
from protocol.windows import Opening, Schedule, Span


def windows(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Inside an open window and outside every closed one, or begun in time to use the grace."""
    if not (environment.windows.open or environment.windows.closed):
        yield not_asked("windows", f"{facts.environment} is open at any time")
        return
    schedule = schedule_of(policy, environment)
    opening = schedule.at(now)
    if opening.open:
        yield _open(opening, policy, facts)
        return
    edge = _edge_in_grace(schedule, facts.requested_at, now)
    yield _closed(opening, policy, facts) if edge is None else _in_grace(edge, schedule, policy)


def _open(opening: Opening, policy: Policy, facts: Facts) -> Finding:
    closes = opening.closes_at
    until = f"until {say_moment(closes, policy.timezone)}" if closes else "without end"
    return allow("windows", "windows.open", f"{facts.environment} is open {until}", recheck_at=closes)


def _closed(opening: Opening, policy: Policy, facts: Facts) -> Finding:
    opens = opening.opens_at
    until = f"it opens {say_moment(opens, policy.timezone)}" if opens else "it never opens again"
    why = f"{facts.environment} is {opening.reason}; {until}"
    return wait("windows", "windows.closed", why, recheck_at=opens)


def _edge_in_grace(schedule: Schedule, requested_at: datetime, now: datetime) -> datetime | None:
    """The closing that this deployment came before, if it is no longer ago than the grace."""
    edge = schedule.closed_within_grace(now)
    if edge is None:
        return None
    edge = edge.astimezone(UTC)  # so that comparing and adding the grace count real minutes
    return edge if requested_at < edge and now < edge + schedule.grace else None


def _in_grace(edge: datetime, schedule: Schedule, policy: Policy) -> Finding:
    end = later(edge, schedule.grace)
    why = (
        f"Closed since {say_moment(edge, policy.timezone)}, but asked for before; "
        f"it may begin until {say_moment(end, policy.timezone)}"
    )
    return allow("windows", "windows.grace", why, recheck_at=end)


def freezes(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """No freeze holds now: neither one planned in the policy nor one declared in an issue."""
    holding = planned_freezes(policy, environment, labels=_labels(facts), branch=facts.branch)
    written = planned_freezes(policy, environment)
    findings = [_planned(span, span in holding, policy, facts) for span in written if _covers(span, now)]
    findings.extend(_declared(holding, policy, facts, now))
    yield from findings
    if all(finding.verdict is Verdict.ALLOW for finding in findings):
        yield _no_freeze(holding, policy, facts, now)


def _labels(facts: Facts) -> frozenset[str]:
    """Labels that cannot be read except nothing."""
    pull_request = facts.pull_request
    return frozenset() if isinstance(pull_request, Missing | None) else pull_request.labels


def _covers(span: Span, now: datetime) -> bool:
    return span.start <= now and (span.until is None or now < span.until)


def _planned(span: Span, holds: bool, policy: Policy, facts: Facts) -> Finding:
    until = f"until {say_moment(span.until, policy.timezone)}" if span.until else "without end"
    why = f"{facts.environment} is frozen {until}: {span.reason}"
    if holds:
        return wait("freezes", "freeze.active", why, recheck_at=span.until)
    return allow("freezes", "freeze.excepted", f"{why}; this deployment is excepted", recheck_at=span.until)


def _declared(planned: tuple[Span, ...], policy: Policy, facts: Facts, now: datetime) -> Iterator[Finding]:
    if isinstance(facts.freezes, Missing):
        next_one = _next_freeze(planned, facts, now)
        subject = f"Whether {facts.environment} is frozen"
        yield unavailable("freezes", facts.freezes, subject, recheck_at=next_one)
        return
    holding = [one for one in facts.freezes if one.concerns(facts.environment) and _holds(one, now)]
    found = [_frozen(one, policy.timezone, facts) for one in holding]
    yield from sorted(found, key=lambda finding: finding.why)


def _holds(freeze: Freeze, now: datetime) -> bool:
    return (freeze.since is None or freeze.since <= now) and (freeze.until is None or now < freeze.until)


def _frozen(freeze: Freeze, zone: ZoneInfo, facts: Facts) -> Finding:
    until = f"until {say_moment(freeze.until, zone)}" if freeze.until else "until its issue is closed"
    where = f" ({freeze.url})" if freeze.url else ""
    why = f"{facts.environment} is frozen by {freeze.by} {until}: {freeze.reason}{where}"
    who = [f"user:{freeze.by}", "permission:write"]
    return wait("freezes", "freeze.active", why, recheck_at=freeze.until, who=who)


def _no_freeze(planned: tuple[Span, ...], policy: Policy, facts: Facts, now: datetime) -> Finding:
    starts = _next_freeze(planned, facts, now)
    until = f" until {say_moment(starts, policy.timezone)}" if starts else ""
    return allow("freezes", "freeze.none", f"{facts.environment} is not frozen{until}", recheck_at=starts)


def _next_freeze(planned: tuple[Span, ...], facts: Facts, now: datetime) -> datetime | None:
    starts = [span.start for span in planned]
    declared = () if isinstance(facts.freezes, Missing) else facts.freezes
    starts.extend(one.since for one in declared if one.since and one.concerns(facts.environment))
    return min((start for start in starts if start > now), default=None)
