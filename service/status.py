"""`/status` and `/help`: what is deployed where, what waits for what, and what can be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.errors import NotFound
from gateway.history import running
from protocol.answers import short
from protocol.commands import commands_table
from protocol.decision import decide
from protocol.facts import Deployment
from protocol.gate import Gate
from protocol.headlines import headline
from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.report import findings_markdown
from protocol.rights import right_to_start, right_to_write
from service.replies import Outcome, Reply, no
from service.requests import Request

MOST_GATES = 10  # a comment has an end, and each costs a look


def status(request: Request, _reply: Reply) -> Outcome:
    """For those who deploy or write: it takes many requests, and strangers have none to spare."""
    right = right_to_write(request.author, request.people, what="ask for the status")
    if not right and not any(_may_start(request, name) for name in request.environments):
        return no(f"{escape(right.refusal)}.")
    lines = ["| Environment | Runs now |", "|---|---|"]
    for name in request.environments:
        now = running(request.github.deployments(name), name)
        lines.append(f"| **{escape(name)}** | {_said(request, now)} |")
    return Outcome(text="\n".join([*lines, "", *_waiting(request)]))


def _may_start(request: Request, environment: str) -> bool:
    return bool(right_to_start(request.policies, environment, request.author, request.people))


def _said(request: Request, now: Deployment | None) -> str:
    """Version, commit, since when and by whom."""
    if now is None:
        return "nothing yet"
    version = f"{escape(now.version)} ({short(now.sha)})" if now.version else short(now.sha)
    by = f", by {escape(now.creator)}" if now.creator else ""
    return f"{version}, {say_moment(now.finished_at or now.created_at, request.zone)}{by}"


def _waiting(request: Request) -> Iterator[str]:
    asked = {name.casefold() for name in request.environments}
    gates = [gate for gate in request.github.waiting_gates() if gate.environment.casefold() in asked]
    if not gates:
        yield "Nothing waits."
    for gate in gates[:MOST_GATES]:
        yield from _findings(request, gate)
    if len(gates) > MOST_GATES:
        yield f"And {len(gates) - MOST_GATES} more wait."


def _findings(request: Request, gate: Gate) -> Sequence[str]:
    try:
        policies, facts = request.github.facts_for(gate, request.now)
    except NotFound:  # it was answered meanwhile
        return ()
    decision = decide(policies, facts, request.now)
    said = f"<details><summary>{escape(gate.environment)}, {short(gate.sha)}, "
    said += f"run {gate.run_id}: {escape(headline(decision, request.zone))}</summary>"
    return (said, "", findings_markdown(decision, request.zone), "", "</details>", "")


def show_help(_request: Request, _reply: Reply) -> Outcome:
    return Outcome(text=commands_table())
