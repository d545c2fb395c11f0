"""Rule `review`: code reviews of the head commit by people who may write, none of them its author."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from protocol.answers import allow, listed, not_asked, short, unavailable, wait
from protocol.conditions import applies, authors_of
from protocol.facts import Facts, Missing
from protocol.policy import ChecklistItem, Environment, Policy
from protocol.principals import Principal
from protocol.verdict import Finding
from protocol.voices import Hearing, Tally, not_counted, tally

RULE = "review"
_WRITERS = (Principal("permission", "write"),)


def review(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Each item that asks for reviews has enough of them. A review does not expire with time."""
    items = [item for item in environment.checklist if item.reviews is not None]
    for item in items:
        asked = applies(item.when, environment, facts)
        if isinstance(asked, Missing):
            yield unavailable(RULE, asked, item.item)
        elif asked:
            yield _heard(item, policy, facts, now)
        else:
            yield not_asked(RULE, f"{item.item}: not asked of these changes")
    if not items:
        yield not_asked(RULE, "No checklist item asks for reviews")


def _heard(item: ChecklistItem, policy: Policy, facts: Facts, now: datetime) -> Finding:
    authors = authors_of(facts)
    if isinstance(authors, Missing):
        return unavailable(RULE, authors, item.item)
    if isinstance(facts.approvals, Missing):
        return unavailable(RULE, facts.approvals, item.item)
    hearing = Hearing(facts=facts, now=now, zone=policy.timezone, own=authors)
    voices = hearing.voices([word for word in facts.approvals if word.method == "review"])
    return _judged(item, tally(voices, _WRITERS, facts), facts)


def _judged(item: ChecklistItem, given: Tally, facts: Facts) -> Finding:
    if given.against:
        against = [voice.by for voice in given.against]
        why = f"{item.item}: {listed(against)} asked for changes; only they, or an emergency, can lift that"
        return wait(RULE, "review.changes_requested", why, who=[f"user:{login}" for login in against])
    if given.unknown:
        return unavailable(RULE, given.unknown[0][1], item.item)
    needed = item.reviews or 0
    if len(given.counted) >= needed:
        by = listed(voice.by for voice in given.counted)
        return allow(
            RULE, "review.enough", f"{item.item}: reviewed by {by} ({len(given.counted)} of {needed})"
        )
    return _too_few(item, given, facts)


def _too_few(item: ChecklistItem, given: Tally, facts: Facts) -> Finding:
    where = "" if facts.pull_request else ", which no pull request brought"
    count = f"{len(given.counted)} of {item.reviews} reviews of {short(facts.sha)}{where}"
    return wait(RULE, "review.missing", f"{item.item}: {count}{not_counted(given.uncounted)}", who=_WRITERS)
