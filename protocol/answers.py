"""The short way to write a rule's answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from protocol.facts import Missing
from protocol.principals import Principal
from protocol.verdict import Finding, Verdict


def answer(
    verdict: Verdict,
    rule: str,
    code: str,
    why: str,
    *,
    recheck_at: datetime | None = None,
    who: Iterable[Principal | str] = (),
) -> Finding:
    """One finding; `who` may be principals as the policy holds them."""
    return Finding(
        code=code,
        rule=rule,
        verdict=verdict,
        why=why,
        recheck_at=recheck_at,
        who=tuple(str(person) for person in who),
    )


def allow(rule: str, code: str, why: str, *, recheck_at: datetime | None = None) -> Finding:
    return answer(Verdict.ALLOW, rule, code, why, recheck_at=recheck_at)


def wait(
    rule: str,
    code: str,
    why: str,
    *,
    recheck_at: datetime | None = None,
    who: Iterable[Principal | str] = (),
) -> Finding:
    return answer(Verdict.WAIT, rule, code, why, recheck_at=recheck_at, who=who)


def refuse(rule: str, code: str, why: str, *, who: Iterable[Principal | str] = ()) -> Finding:
    return answer(Verdict.REFUSE, rule, code, why, who=who)


def unavailable(
    rule: str, missing: Missing, subject: str = "", *, recheck_at: datetime | None = None
) -> Finding:
    """A fact the rule needs could not be read: unsure means wait."""
    about = f"{subject}: " if subject else ""
    return wait(rule, "facts.unavailable", f"{about}cannot tell yet, {missing.reason}", recheck_at=recheck_at)


def not_asked(rule: str, why: str) -> Finding:
    """The policy asks nothing of this rule here; said so that people see it was looked at."""
    return allow(rule, "policy.not_asked", why)


def short(sha: str) -> str:
    """A commit as people read it."""
    return sha[:7]


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, tail = list(words) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail
