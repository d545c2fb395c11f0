"""One look at one gate: gather, decide, act."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.errors import GatewayError, NotFound, RateLimited
from gateway.github import Conclusion, GitHub
from protocol.decision import decide
from protocol.facts import Missing
from protocol.policy import Policy
from protocol.report import findings_markdown, headline
from protocol.verdict import Decision, Verdict
from service.gates import HeldGate, Looked

REPORTS_WHILE_WAITING = 9  # GitHub takes ten status reports a deployment; the last is kept for the end
_CONCLUSIONS: dict[Verdict, Conclusion | None] = {
    Verdict.ALLOW: "success",
    Verdict.WAIT: None,
    Verdict.REFUSE: "failure",
}
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=10), timedelta(minutes=10)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What people are told of a decision."""

    title: str
    summary: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.title}\n{self.summary}".encode()).hexdigest()


def look(github: GitHub, held: HeldGate, now: datetime) -> Looked:
    """Judge the gate from GitHub's present state. Anything that fails means: wait, and look again."""
    try:
        policies, facts = github.facts_for(held.gate, now)
        decision = decide(policies, facts, now)
        state = _act(github, held, decision)
    except NotFound as error:
        log.info("gate.gone", reason=str(error))
        return _looked(held, "gone", None)
    except RateLimited as limit:
        log.warning("gate.rate_limited", until=limit.until.isoformat())
        return replace(_looked(held, "waiting", limit.until), failures=held.failures)
    except GatewayError as error:
        log.warning("gate.unavailable", reason=str(error))
        return replace(_looked(held, "waiting", now + _backoff(held.failures)), failures=held.failures + 1)
    told = _tell(github, held, decision, state, _zone(policies))
    return replace(
        told,
        recheck_at=_seconds(decision.recheck_at) if state == "waiting" else None,
        findings=_findings(decision),
    )


def _act(github: GitHub, held: HeldGate, decision: Decision) -> str:
    """The verdict comes first; telling about it follows. Returns the gate's new state."""
    if decision.verdict is Verdict.WAIT:
        return "waiting"
    allowed = decision.verdict is Verdict.ALLOW
    comment = headline(decision)
    if not github.post_verdict(held.gate, approved=allowed, comment=comment):
        return "gone"
    log.info("gate.verdict", verdict=decision.verdict.word, codes=[f.code for f in decision.findings])
    return "allowed" if allowed else "refused"


def _tell(github: GitHub, held: HeldGate, decision: Decision, state: str, zone: ZoneInfo) -> Looked:
    """Show the decision where it changed. A failure here is told again at the next look."""
    told = _looked(held, state, None)
    if state == "gone":
        return told
    said = Said(title=headline(decision), summary=findings_markdown(decision, zone))
    try:
        if said.digest != held.shown:
            check_run_id = _show_check(github, held, decision, said)
            told = replace(told, shown=said.digest, check_run_id=check_run_id)
        if state == "waiting" and said.digest != held.reported and held.reports < REPORTS_WHILE_WAITING:
            github.report_status(held.gate, f"{said.title}\n\n{said.summary}")
            told = replace(told, reported=said.digest, reports=held.reports + 1)
    except GatewayError as error:
        log.warning("gate.not_shown", reason=str(error))
    return told


def _show_check(github: GitHub, held: HeldGate, decision: Decision, said: Said) -> int:
    conclusion = _CONCLUSIONS[decision.verdict]
    return github.show_check(
        sha=held.gate.sha,
        name=f"deploy / {held.gate.environment}",
        conclusion=conclusion,
        title=said.title,
        summary=said.summary,
        external_id=f"gate:{held.gate.run_id}:{held.gate.environment}",
        check_id=held.check_run_id,
    )


def _looked(held: HeldGate, state: str, recheck_at: datetime | None) -> Looked:
    return Looked(
        state=state,
        recheck_at=_seconds(recheck_at),
        shown=held.shown,
        reported=held.reported,
        reports=held.reports,
        check_run_id=held.check_run_id,
    )


def _zone(policies: tuple[object, ...]) -> ZoneInfo:
    return next((policy.timezone for policy in policies if isinstance(policy, Policy)), ZoneInfo("UTC"))


def _findings(decision: Decision) -> str:
    return json.dumps(
        [
            {
                "code": finding.code,
                "rule": finding.rule,
                "verdict": finding.verdict.word,
                "why": finding.why,
                "recheck_at": finding.recheck_at.isoformat() if finding.recheck_at else None,
                "who": list(finding.who),
            }
            for finding in decision.findings
        ]
    )


def _backoff(failures: int) -> timedelta:
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(failures, 10)))


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
