"""A command in a comment: gather, decide, act, answer. Safe to repeat, and done by one worker at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import structlog

from gateway.claims import claimed
from gateway.errors import Forbidden, NotFound, Rejected
from gateway.github import GitHub
from gateway.needs import zone_of
from gateway.rulebook import Rulebook, people_asking, read_rulebook
from gateway.threads import Comment, Thread, react, read_comment, read_thread
from protocol.commands import Command, CommandError, Word, commands_table, parse_command
from protocol.errors import PolicyError
from protocol.facts import Missing
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.principals import is_bot
from service.emergencies import emergency
from service.freezing import freeze, unfreeze
from service.opinions import opinion
from service.replies import Outcome, Reply, no, unclear
from service.requests import Request
from service.starting import deploy, rollback
from service.status import show_help, status

Handler: TypeAlias = Callable[[Request, Reply], Outcome]
HANDLERS: Mapping[Word, Handler] = {
    "deploy": deploy,
    "rollback": rollback,
    "approve": opinion,
    "reject": opinion,
    "withdraw": opinion,
    "freeze": freeze,
    "unfreeze": unfreeze,
    "emergency": emergency,
    "status": status,
    "help": show_help,
}
_ON_CLOSED: frozenset[Word] = frozenset({"status", "help", "unfreeze"})

log = structlog.get_logger()


def answer_comment(github: GitHub, comment_id: int, clock: Callable[[], datetime]) -> None:
    """Do what a new comment says, if it says anything to us. Raises GatewayError to be tried again."""
    try:
        comment = read_comment(github, comment_id)
    except NotFound:
        return
    rulebook = read_rulebook(github, clock())
    if is_bot(comment.author) or not rulebook.has_policy:
        return
    command = _read(comment, rulebook, clock())
    if command is not None:
        heard = _Heard(github=github, comment=comment, rulebook=rulebook, command=command, clock=clock)
        _answer(heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A comment that says something to us."""

    github: GitHub
    comment: Comment
    rulebook: Rulebook
    command: Command | CommandError
    clock: Callable[[], datetime]


def _answer(heard: _Heard) -> None:
    """Once: what an earlier try has finished is only reacted to."""
    place = f"issues/comments/{heard.comment.id}"
    with claimed(heard.github, place, heard.clock):
        reply = Reply(
            heard.github,
            heard.comment.thread,
            f"reply to={heard.comment.id}",
            us=heard.rulebook.us,
            since=heard.comment.at,
        )
        reaction = reply.done
        if reaction is None:
            outcome = _told(heard, reply)
            reply.finish(outcome)
            reaction = outcome.reaction
        react(heard.github, place, reaction)


def _told(heard: _Heard, reply: Reply) -> Outcome:
    """What GitHub refuses for good is an answer too; what may pass is tried again."""
    try:
        return _outcome(heard, reply)
    except (Forbidden, NotFound, Rejected) as error:
        log.warning("command.refused", reason=str(error))
        return unclear(f"GitHub does not let the App do it: {escape(str(error))}")


def _read(comment: Comment, rulebook: Rulebook, now: datetime) -> Command | CommandError | None:
    environments = rulebook.own.environments if isinstance(rulebook.own, Policy) else ()
    zone = zone_of(rulebook.valid)
    try:
        return parse_command(comment.body, environments=tuple(environments), now=now, zone=zone)
    except CommandError as error:
        return error


def _outcome(heard: _Heard, reply: Reply) -> Outcome:
    policy, command = heard.rulebook.own, heard.command
    if not isinstance(policy, Policy):
        said = f"The policy cannot be used, so nothing is done: {escape(_trouble(policy))}"
        return unclear(f"{said}\n\n{commands_table()}" if _asks_for_help(command) else said)
    if isinstance(command, CommandError):
        return unclear(f"{escape(str(command))} `/help` shows all commands.")
    thread = read_thread(heard.github, heard.comment.thread)
    refusal = _refusal(heard.comment, thread, command)
    if refusal:
        return no(refusal)
    log.info("command.taken", word=command.word, by=heard.comment.author)
    return HANDLERS[command.word](_request(heard, policy, command, thread), reply)


def _request(heard: _Heard, policy: Policy, command: Command, thread: Thread) -> Request:
    names, now = command.environments or tuple(policy.environments), heard.clock()
    people = people_asking(heard.github, heard.rulebook.valid, names, heard.comment.author, now)
    return Request(
        github=heard.github,
        comment=heard.comment,
        thread=thread,
        rulebook=heard.rulebook,
        policy=policy,
        command=command,
        people=people,
        now=now,
    )


def _asks_for_help(command: Command | CommandError) -> bool:
    return isinstance(command, Command) and command.word == "help"


def _trouble(policy: PolicyError | Missing) -> str:
    return policy.reason if isinstance(policy, Missing) else str(policy).partition("\n")[0]


def _refusal(comment: Comment, thread: Thread, command: Command) -> str:
    """Why nothing is done here, whoever asks; "" where something may be."""
    if comment.edited:
        return "This comment was edited after it was written. Write the command in a new one."
    merged = thread.pull is not None and thread.pull.merged
    if not thread.open and not merged and command.word not in _ON_CLOSED:
        return f"This is closed. Reopen it, or write `/{command.word}` where it is open."
    return ""
