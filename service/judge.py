"""One look at one gate: gather, decide, act. What fails means wait, with a reason people can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.errors import GatewayError, NotFound, RateLimited, Unavailable
from gateway.github import GitHub
from protocol.decision import decide
from protocol.facts import Facts
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.verdict import Decision, Verdict
from service.emergencies import record_exceptions
from service.findings import LACKING
from service.gates import HeldGate, Looked
from service.showing import Said, check_name, said_at_gate, said_in_verdict, show

REPORTS_WHILE_WAITING = 9  # GitHub takes ten status reports a deployment; the last is kept for the end
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=3), timedelta(minutes=10)
LONGEST_SLEEP = timedelta(hours=12)  # an event that never reached us is made up for by then
SOONEST = timedelta(seconds=1)
PATIENCE = 4  # looks in a row that GitHub may fail before people are told
LONGEST_RUN = timedelta(days=35)  # GitHub ends whatever waited for so long
LONGEST_DEBT = 12  # tries to show what a gate was answered
_ENDED = "No longer waiting"
_NO_LONGER = "It is not waiting for us any more: it was answered, cancelled, or is over."

log = structlog.get_logger()


def look(
    github: GitHub,
    held: HeldGate,
    clock: Callable[[], datetime],
    *,
    still_held: Callable[[], bool],
    others_wait: Callable[[], bool],
) -> Looked:
    """Judge the gate from GitHub's present state. Anything that fails means: wait, and look again.

    `still_held` is asked before a verdict: one look at a time answers, however long it took. After it
    `others_wait`: their verdicts go first, and telling of this one follows.
    """
    if held.owed:
        return _pay(github, held, clock())
    try:
        policies, facts = github.facts_for(held.gate, clock())
    except NotFound as error:
        return _gone(github, held, error)
    except GatewayError as error:
        return in_trouble(github, held, error, clock())
    now = clock()
    decision = decide(policies, facts, now)
    record_exceptions(github, held.gate, policies, facts, decision)
    try:
        state = _act(github, held, decision, policies, still_held)
    except GatewayError as error:
        return in_trouble(github, held, error, now)
    said = _said(held, decision, policies, facts, state)
    known = replace(_looked(held, state), findings=_findings(decision), zone=_zone(policies).key)
    if state != "waiting" and others_wait():
        return _owe(known, said, recheck_at=now, failures=held.failures)
    told = _tell(github, held, said, known)
    if state == "waiting":
        return _wake(told, held, decision, now, shown=told.shown == said.digest)
    return told if told.shown == said.digest else _owe_longer(told, held, said, now)


def in_trouble(github: GitHub, held: HeldGate, error: Exception, now: datetime) -> Looked:
    """The look could not be finished: wait and try again, and after a few times in a row say so.

    Not for ever: a repository that was renamed or is not covered any more is never seen again.
    """
    if now >= held.gate.requested_at + LONGEST_RUN:
        log.info("gate.gone", reason=str(error))
        return _looked(held, "gone")
    log.warning("gate.in_trouble", reason=str(error), failures=held.failures + 1)
    trouble = replace(_looked(held, "waiting"), findings=_trouble(error))
    if isinstance(error, RateLimited):
        return replace(trouble, recheck_at=error.until.timestamp(), failures=held.failures)
    may_pass = isinstance(error, Unavailable) and held.failures + 1 < PATIENCE
    if not may_pass:
        trouble = _tell(github, held, _said_trouble(error), trouble)
    recheck_at = now + _backoff(held.failures)
    return replace(trouble, recheck_at=recheck_at.timestamp(), failures=held.failures + 1)


def _gone(github: GitHub, held: HeldGate, error: NotFound) -> Looked:
    """Nothing to judge: an open check run is closed, where there still is one."""
    log.info("gate.gone", reason=str(error))
    if held.check_run_id is None:
        return _looked(held, "gone")
    said = Said(title=_ENDED, summary=_NO_LONGER, conclusion="neutral")
    return _tell(github, held, said, _looked(held, "gone"))


def _act(
    github: GitHub,
    held: HeldGate,
    decision: Decision,
    policies: Sequence[object],
    still_held: Callable[[], bool],
) -> str:
    """The verdict comes first; telling about it follows. Returns the gate's new state."""
    if decision.verdict is Verdict.WAIT:
        return "waiting"
    if not still_held():
        raise Unavailable("the look took so long that another one has begun")
    allowed = decision.verdict is Verdict.ALLOW
    comment = said_in_verdict(decision, _zone(policies))
    if not github.post_verdict(held.gate, approved=allowed, comment=comment):
        return "gone"
    log.info("gate.verdict", verdict=decision.verdict.word, codes=[f.code for f in decision.findings])
    return "allowed" if allowed else "refused"


def _said(held: HeldGate, decision: Decision, policies: Sequence[object], facts: Facts, state: str) -> Said:
    pull = facts.pull_request
    said = said_at_gate(decision, held.gate.environment, policies, _zone(policies), pull)
    if state == "gone":
        return Said(title=_ENDED, summary=f"{_NO_LONGER}\n\n{said.summary}", conclusion="neutral")
    return said


def _said_trouble(error: Exception) -> Said:
    """The same words for the same trouble, so that they are written once."""
    why = str(error) if isinstance(error, GatewayError) else f"{type(error).__name__}, see the App's log"
    return Said(
        title="Waiting: the gate cannot be judged now",
        summary=f"{escape(why)}\n\nNothing is decided on a guess. It is looked at again by itself, "
        f"at least every {LONGEST_BACKOFF.seconds // 60} minutes.",
        conclusion="neutral",
    )


def _tell(github: GitHub, held: HeldGate, said: Said, told: Looked) -> Looked:
    """Say it where it changed. A failure here is made up for by the next look."""
    try:
        if said.digest != held.shown:
            check_run_id = _show_check(github, held, said)
            told = replace(told, shown=said.digest, check_run_id=check_run_id)
    except GatewayError as error:
        log.warning("gate.not_shown", reason=str(error))
    try:
        has_news = said.reported_digest != held.reported and held.reports < REPORTS_WHILE_WAITING
        if told.state == "waiting" and has_news:
            github.report_status(held.gate, said.reported)
            told = replace(told, reported=said.reported_digest, reports=held.reports + 1)
    except GatewayError as error:
        log.warning("gate.not_reported", reason=str(error))
    return told


def _show_check(github: GitHub, held: HeldGate, said: Said) -> int:
    return show(
        github,
        sha=held.gate.sha,
        name=check_name(held.gate.environment),
        said=said,
        external_id=f"gate:{held.gate.run_id}:{held.gate.environment}",
        check_id=held.check_run_id,
    )


def _owe_longer(told: Looked, held: HeldGate, said: Said, now: datetime) -> Looked:
    """It could not be shown; after so many tries it will not be."""
    if held.failures >= LONGEST_DEBT:
        return told
    return _owe(told, said, recheck_at=now + _backoff(held.failures), failures=held.failures + 1)


def _owe(told: Looked, said: Said, *, recheck_at: datetime, failures: int) -> Looked:
    """Answered, but the check run does not say so yet."""
    owed = {"state": told.state, "title": said.title, "summary": said.summary, "conclusion": said.conclusion}
    return replace(
        told, state="owing", owed=json.dumps(owed), recheck_at=recheck_at.timestamp(), failures=failures
    )


def _pay(github: GitHub, held: HeldGate, now: datetime) -> Looked:
    owed = json.loads(held.owed)
    said = Said(title=owed["title"], summary=owed["summary"], conclusion=owed["conclusion"])
    answered = _looked(held, owed["state"])
    try:
        github.wait_for_leisure()
    except RateLimited as limit:
        return _owe(answered, said, recheck_at=limit.until, failures=held.failures)
    told = _tell(github, held, said, answered)
    return told if told.shown == said.digest else _owe_longer(told, held, said, now)


def _wake(told: Looked, held: HeldGate, decision: Decision, now: datetime, *, shown: bool) -> Looked:
    """By the clock; soon where something could not be read or shown; after LONGEST_SLEEP in any case."""
    lacking = not shown or any(finding.code in LACKING for finding in decision.findings)
    soon = now + (_backoff(held.failures) if lacking else LONGEST_SLEEP)
    recheck_at = max(min(decision.recheck_at or soon, soon), now + SOONEST)
    return replace(told, recheck_at=recheck_at.timestamp(), failures=held.failures + 1 if lacking else 0)


def _looked(held: HeldGate, state: str) -> Looked:
    return Looked(
        state=state,
        recheck_at=None,
        shown=held.shown,
        reported=held.reported,
        reports=held.reports,
        check_run_id=held.check_run_id,
    )


def _zone(policies: Sequence[object]) -> ZoneInfo:
    """The repository's own policy, the last, says in which zone people read times."""
    zones = [policy.timezone for policy in policies if isinstance(policy, Policy)]
    return zones[-1] if zones else ZoneInfo("UTC")


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


def _trouble(error: Exception) -> str:
    """In the shape of findings, for pages."""
    why = str(error) if isinstance(error, GatewayError) else type(error).__name__
    finding = {"code": "facts.unavailable", "rule": "gate", "verdict": "wait", "why": why}
    return json.dumps([{**finding, "recheck_at": None, "who": []}])


def _backoff(failures: int) -> timedelta:
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(failures, 10)))
