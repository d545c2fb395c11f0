"""Rule `approvals`: enough of the right people said yes to this commit, and none of them no.

- Every approval rule that applies must be met. A person counts once in each rule, and may count in
  several: a release manager who also owns the database gives both words with one.
- The deployer, whoever ran it again, and the authors of the work never approve it, unless `own: true`;
  bots never do.
- A word is for one commit: the one deployed, the head of the pull request whose merge is deployed, or
  this run itself. `expire` counts from when it was given.
- A rejection by somebody who may approve holds, whatever commit it was for, until the same person
  withdraws it or approves later; a review that another dismissed still rejects. Of two words at the same
  moment the worse one counts.
- Only words given by the policy's `methods` are heard at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from protocol.answers import allow, listed, not_asked, refuse, unavailable, wait
from protocol.conditions import applies, authors_of
from protocol.facts import Facts, Known, Missing
from protocol.hotfix import is_hotfix
from protocol.policy import ApprovalRule, Environment, Policy
from protocol.principals import Principal, say_principal
from protocol.verdict import Finding
from protocol.voices import Hearing, Tally, Voice, not_counted, tally

RULE = "approvals"
_WRITERS = (Principal("permission", "write"),)


def approvals(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Each rule that applies has its approvals; a condition that cannot be judged applies, and waits."""
    rules = [*environment.approvals, *_for_hotfix(policy, environment, facts)]
    judged = [(rule, applies(rule.when, environment, facts)) for rule in rules]
    if not rules:
        yield not_asked(RULE, f"{facts.environment} needs no approval")
    for rule, applied in judged:
        if applied is False:
            yield not_asked(RULE, f"{rule.name}: not asked of these changes")
        elif isinstance(applied, Missing):
            yield unavailable(RULE, applied, f"Whether {rule.name} is needed")
    asked = [rule for rule, applied in judged if applied is not False]
    if asked:
        yield from _asked(asked, _hearing(policy, environment, facts, now), environment)


def _for_hotfix(policy: Policy, environment: Environment, facts: Facts) -> Iterator[ApprovalRule]:
    """A hotfix is always approved by somebody: who approves here, else whoever may write."""
    if policy.hotfix is not None and is_hotfix(policy, facts):
        named = dict.fromkeys(who for rule in environment.approvals for who in rule.from_)
        who = tuple(named) or _WRITERS
        yield ApprovalRule.model_construct(name="Hotfix", count=policy.hotfix.approvals, from_=who, when=None)


def _hearing(policy: Policy, environment: Environment, facts: Facts, now: datetime) -> Known[Hearing]:
    options = environment.approval_options
    own = frozenset[str]() if options.own else _involved(facts)
    if isinstance(own, Missing):
        return own
    return Hearing(facts=facts, now=now, zone=policy.timezone, own=own, expire=options.expire)


def _involved(facts: Facts) -> Known[frozenset[str]]:
    authors = authors_of(facts)
    if isinstance(authors, Missing):
        return authors
    return authors | {facts.deployer.lower(), facts.triggered_by.lower()}


def _asked(
    rules: Sequence[ApprovalRule], hearing: Known[Hearing], environment: Environment
) -> Iterator[Finding]:
    if isinstance(hearing, Missing):
        yield unavailable(RULE, hearing, "Whose work this is, which they may not approve themselves")
        return
    facts = hearing.facts
    if isinstance(facts.approvals, Missing):
        yield unavailable(RULE, facts.approvals, "Approvals")
        return
    methods = environment.approval_options.methods
    voices = hearing.voices([word for word in facts.approvals if word.method in methods])
    yield from _rejections(rules, voices, facts)
    for rule in rules:
        yield _rule(rule, tally(voices, rule.from_, facts))


def _rejections(rules: Sequence[ApprovalRule], voices: tuple[Voice, ...], facts: Facts) -> Iterator[Finding]:
    """A no by anybody who may say yes here."""
    may_approve = tuple(dict.fromkeys(who for rule in rules for who in rule.from_))
    against = tally([voice for voice in voices if voice.state == "rejected"], may_approve, facts)
    for voice, why in against.unknown:
        yield unavailable(RULE, why, f"Whether {voice.by}'s rejection counts")
    for voice in against.against:
        reason = f": {voice.reason}" if voice.reason else ""
        said = f"Rejected by {voice.by}; only they, or an emergency, can lift that{reason}"
        yield refuse(RULE, "approvals.rejected", said, who=[f"user:{voice.by}"])


def _rule(rule: ApprovalRule, given: Tally) -> Finding:
    if len(given.counted) >= rule.count:
        return _enough(rule, given.counted)
    if given.unsure is not None:
        return unavailable(RULE, given.unsure, rule.name, recheck_at=given.lapses)
    return _too_few(rule, given)


def _enough(rule: ApprovalRule, counted: tuple[Voice, ...]) -> Finding:
    """Looked at again when so many have expired that too few are left."""
    expiries = sorted(voice.expires_at for voice in counted if voice.expires_at is not None)
    lapses = expiries[len(expiries) - rule.count] if expiries else None
    why = f"{rule.name}: approved by {listed(voice.by for voice in counted)} ({len(counted)} of {rule.count})"
    return allow(RULE, "approvals.enough", why, recheck_at=lapses)


def _too_few(rule: ApprovalRule, given: Tally) -> Finding:
    by = f" (by {listed(voice.by for voice in given.counted)})" if given.counted else ""
    may = listed(map(say_principal, rule.from_), "or")
    why = f"{rule.name}: {len(given.counted)} of {rule.count} approvals{by}, {may} can approve"
    return wait(
        RULE, "approvals.missing", why + not_counted(given.uncounted), recheck_at=given.lapses, who=rule.from_
    )
