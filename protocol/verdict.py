"""What a rule answers: a verdict with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Verdict(IntEnum):
    """Ordered from best to worst: the worst finding decides."""

    ALLOW = 0
    WAIT = 1
    REFUSE = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's answer.

    `code` is stable (docs/codes.md), `rule` the rule's name, `why` one sentence for a person,
    `who` the people or teams who can resolve it (principals as written in the policy), and
    `recheck_at` (aware) the moment the answer can change by the clock alone.
    """

    code: str
    rule: str
    verdict: Verdict
    why: str
    recheck_at: datetime | None = None
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """All findings of all policies. No finding at all means wait."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return max((finding.verdict for finding in self.findings), default=Verdict.WAIT)

    @property
    def recheck_at(self) -> datetime | None:
        """The earliest moment at which any finding can change by the clock alone."""
        moments = (f.recheck_at for f in self.findings if f.recheck_at is not None)
        return min(moments, default=None, key=datetime.timestamp)  # moments of one zone compare by clocks

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What stands in the way, worst first."""
        return tuple(
            sorted(
                (f for f in self.findings if f.verdict is not Verdict.ALLOW),
                key=lambda f: -f.verdict,
            )
        )
