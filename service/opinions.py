"""`/approve`, `/reject` and `/withdraw`: the comment itself is what the gate reads. We only confirm."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.starts import has_run
from gateway.threads import Pull
from protocol.answers import short
from protocol.commands import Word
from protocol.markdown import escape
from protocol.policy import Environment
from protocol.rights import right_to_judge
from protocol.wording import say_all, say_any
from service.replies import Outcome, Reply, no, unclear
from service.requests import Request

_DONE: dict[Word, str] = {"approve": "approved", "reject": "rejected", "withdraw": "taken back their word on"}
_NEXT: dict[Word, str] = {
    "approve": "The gate looks again.",
    "reject": "Jobs that wait to deploy it are refused, and end. `/withdraw` takes this back.",
    "withdraw": "The gate looks again. Jobs that were refused have ended: run those again.",
}


def opinion(request: Request, _reply: Reply) -> Outcome:
    """Say what the comment counts for; the gate looks again by itself."""
    pull = request.thread.pull
    if pull is None:
        return unclear("This is not a pull request; write it on the pull request that is deployed.")
    word, sha = request.command.word, short(pull.sha)
    refusals = dict(_refusals(request, pull))
    counting = [name for name in request.environments if name not in refusals]
    if not counting:
        return no("\n".join(f"{text}." for text in dict.fromkeys(refusals.values())))
    if word == "approve" and not has_run(request.github, pull.sha, request.comment.at):
        return unclear(
            f"No run of {sha} waits yet. A comment approves from then on; or review the pull request."
        )
    text = f"{escape(request.author)} has {_DONE[word]} {sha} for {say_all(map(escape, counting))}."
    return Outcome(text=f"{text} {_NEXT[word]}", reaction="-1" if word == "reject" else "+1")


def _refusals(request: Request, pull: Pull) -> Iterator[tuple[str, str]]:
    """By environment, why the word does not count for it."""
    for name in request.environments:
        refusal = _refusal(request, name, request.environment(name), pull)
        if refusal:
            yield name, refusal


def _refusal(request: Request, name: str, environment: Environment, pull: Pull) -> str:
    options = environment.approval_options
    right = right_to_judge(request.policies, name, request.author, request.people)
    if not right:
        return escape(right.refusal)
    if "comment" not in options.methods:
        return f"{escape(name)} takes approvals by {say_any(options.methods)}, not by a comment"
    if (
        request.command.word == "approve"
        and not options.own
        and request.author in (pull.author, pull.merged_by)
    ):
        return f"{escape(request.author)} may not approve for {escape(name)}: it is their own"
    return ""
