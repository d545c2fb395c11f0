"""Emergencies and hotfixes leave a record: who asked and why, an announcement, and a post-mortem to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import structlog

from gateway.errors import GatewayError
from gateway.freezes import EMERGENCY
from gateway.github import GitHub, Issue
from gateway.memory import ReadPolicy
from gateway.needs import readable
from gateway.own_comments import write_own_comment
from gateway.text import asked_line, post_mortem_line
from protocol.answers import short
from protocol.facts import Facts, PullRequest
from protocol.gate import Gate
from protocol.hotfix import is_hotfix
from protocol.markdown import escape
from protocol.moments import later, say_moment
from protocol.policy import Policy
from protocol.rights import right_to_declare
from protocol.verdict import Decision, Verdict
from service.freezing import fenced
from service.replies import Outcome, Reply, no
from service.requests import Request

POST_MORTEM = "post-mortem"  # the label

log = structlog.get_logger()


def emergency(request: Request, _reply: Reply) -> Outcome:
    """Open the emergency's issue, once for each comment; the gate reads it there."""
    right = right_to_declare(request.policies, request.author, request.people)
    if not right:
        return no(f"{escape(right.refusal)}.{_contact(request.policy)}")
    environments = ", ".join(request.command.environments)
    line = asked_line(by=request.author, comment=request.comment.id)
    known = request.github.find_issues(line, labels=[EMERGENCY], state="all")
    issue = known[0] if known else _declare(request, environments, line)
    text = (
        f"🚨 **Emergency** in {escape(environments)}, declared by {escape(request.author)}: "
        f"{escape(request.command.reason)}\n\n"
        f"Until {_end(request)}, deployments there pass everything but access. Close #{issue.number} when it "
        f"is over sooner. Each deployment it lets through opens a post-mortem.{_contact(request.policy)}"
    )
    return Outcome(text=text, reaction="rocket")


def _end(request: Request) -> str:
    """By the shortest of the policies, each of which must let it pass."""
    named = [policy.access.emergency for policy in request.policies]
    end = min(later(request.now, one.expire) for one in named if one is not None)
    return say_moment(end, request.zone)


def _declare(request: Request, environments: str, line: str) -> Issue:
    body = fenced(line, environment=environments, reason=request.command.reason)
    after = (
        f"\nIt ends by itself {_end(request)}. Close this issue when it is over sooner. "
        "Do not edit it: an edited one counts for nothing."
    )
    return request.github.open_issue(f"Emergency: {environments}", body + after, [EMERGENCY])


def _contact(policy: Policy) -> str:
    named = policy.access.emergency
    return f" Contact: {named.contact}" if named is not None and named.contact else ""


def record_exceptions(
    github: GitHub, gate: Gate, policies: Sequence[ReadPolicy], facts: Facts, decision: Decision
) -> None:
    """Open one post-mortem for a deployment let through as an emergency or a hotfix, and announce it.

    Called before the verdict, which is repeated when it fails; a record that fails does not hold it.
    """
    reasons = tuple(_exceptions(readable(policies), facts, decision))
    if decision.verdict is not Verdict.ALLOW or not reasons:
        return
    try:
        _record(github, gate, facts, reasons)
    except GatewayError as error:
        log.warning("exception.not_recorded", reason=str(error))


def _exceptions(policies: Sequence[Policy], facts: Facts, decision: Decision) -> Iterator[str]:
    """What was used that calls for a post-mortem, in one sentence each."""
    for finding in decision.findings:
        if finding.code == "emergency.used":
            yield finding.why
    for policy in policies:
        hotfix = policy.hotfix
        if hotfix is None or not hotfix.post_mortem or not is_hotfix(policy, facts):
            continue
        if facts.environment.casefold() == hotfix.from_.casefold():
            back = f"; to be back-ported to {hotfix.back_port}" if hotfix.back_port else ""
            yield f"Hotfix {facts.branch}{back}"


def _record(github: GitHub, gate: Gate, facts: Facts, reasons: Sequence[str]) -> None:
    marker = post_mortem_line(gate.run_id, facts.environment)
    known = github.find_issues(marker, labels=[POST_MORTEM], state="all")
    title = f"Post-mortem: {short(facts.sha)} to {facts.environment}"
    issue = (
        known[0] if known else github.open_issue(title, _story(marker, gate, facts, reasons), [POST_MORTEM])
    )
    if isinstance(facts.pull_request, PullRequest):
        said = f"🚨 Let through to {escape(facts.environment)} as an exception. Post-mortem: #{issue.number}."
        write_own_comment(github, facts.pull_request.number, said, marker)


def _story(marker: str, gate: Gate, facts: Facts, reasons: Sequence[str]) -> str:
    what = f"{short(facts.sha)} was let through to {escape(facts.environment)}"
    lines = [
        marker,
        f"{what} by run {gate.run_id}, started by {escape(facts.deployer)}.",
        "",
        *(f"- {escape(reason)}" for reason in dict.fromkeys(reasons)),
        "",
        "### What went wrong",
        "",
        "### Why it was not caught",
        "",
        "### How to prevent it in future",
        "",
        *_to_do(reasons),
    ]
    return "\n".join(lines)


def _to_do(reasons: Sequence[str]) -> Iterator[str]:
    yield "- [ ] The three questions above are answered"
    if any(reason.startswith("Emergency") for reason in reasons):
        yield f"- [ ] The emergency's issue (label `{EMERGENCY}`) is closed"
    if any("back-port" in reason for reason in reasons):
        yield "- [ ] The fix is back-ported"
