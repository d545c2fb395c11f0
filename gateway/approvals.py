"""People's words for or against: reviews, GitHub's own environment approvals, comments, our buttons."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias, cast

from gateway.needs import UTC_ZONE
from gateway.reading import Node, Unreadable, login_of, moment, nodes_of
from gateway.text import plain_word
from protocol.commands import Command, CommandError, parse_command
from protocol.facts import Approval
from protocol.gate import Gate
from protocol.principals import is_bot

State: TypeAlias = Literal["approved", "rejected", "withdrawn"]

_OF_REVIEW: dict[str, State] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "rejected",
}
_OF_ENVIRONMENT: dict[str, State] = {"APPROVED": "approved", "REJECTED": "rejected"}
_OF_COMMAND: dict[str, State] = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}
_BUTTON = re.compile(
    r"<!-- deploy-protocol:button by=(\S+) state=(approved|rejected|withdrawn) "
    r"environment=(\S+) sha=(\S+) -->"
)


def reviewed(reviews: Node, dismissals: Node) -> tuple[Approval, ...]:
    """Each person's latest opinion, for the commit it was given for. Those dismissed: `dismissed`."""
    latest = nodes_of(reviews)
    told = {event["review"]["id"] for event in nodes_of(dismissals) if event["review"]}
    untold = [one for one in latest if one["state"] == "DISMISSED" and one["id"] not in told]
    if untold:
        raise Unreadable(f"GitHub does not say who dismissed the review of {login_of(untold[0]['author'])}")
    return tuple(_review(one, _OF_REVIEW[one["state"]]) for one in latest if one["state"] in _OF_REVIEW)


def dismissed(dismissals: Node) -> tuple[Approval, ...]:
    """What is left of each dismissed review: a rejection stands, unless it was its author who took it back.

    It stays a word of the moment it was given at: a newer one of the same person counts instead.
    """
    return tuple(_left_of(event) for event in nodes_of(dismissals))


def environment_approved(suites: Node, gate: Gate) -> tuple[Approval, ...] | None:
    """What GitHub's required reviewers said of this run; None when the run is not among the suites shown.

    GitHub keeps no time of it: the gate's own stands for it.
    """
    runs = [suite["workflowRun"] for suite in suites["nodes"] if suite and suite["workflowRun"]]
    ours = [run for run in runs if run["databaseId"] == gate.run_id]
    if not ours and suites["pageInfo"]["hasNextPage"]:
        return None
    reviews = (review for run in ours for review in nodes_of(run["deploymentReviews"]))
    return tuple(
        _environment_review(review, gate)
        for review in reviews
        if review["state"] in _OF_ENVIRONMENT and _is_for(gate, nodes_of(review["environments"]))
    )


def environment_answers(answers: Iterable[Node], gate: Gate) -> tuple[Approval, ...]:
    """The same from REST's list of a run's approvals."""
    return tuple(
        _environment_review({**answer, "state": answer["state"].upper()}, gate)
        for answer in answers
        if answer["state"].upper() in _OF_ENVIRONMENT and _is_for(gate, answer["environments"])
    )


def commented(
    comments: Node,
    gate: Gate,
    *,
    since: datetime,
    environments: frozenset[str],
    our_logins: frozenset[str],
) -> tuple[Approval, ...]:
    """Commands on the first line of comments nobody edited, and the clicks our App wrote down.

    An approval written as a comment counts only `since` the run for this commit exists: an earlier one
    was for another commit. A click says itself for which, as a review does, so that one on the pull
    request counts for its merge. A rejection counts whenever it was given.
    """
    unedited = [comment for comment in nodes_of(comments) if comment["lastEditedAt"] is None]
    clicks = (_click(one, gate) for one in unedited if login_of(one["author"]) in our_logins)
    commands = (_command(one, gate, environments) for one in unedited)
    given = (approval for approval in (*clicks, *commands) if approval is not None)
    return tuple(one for one in given if one.sha or one.state != "approved" or one.at >= since)


def _left_of(event: Node) -> Approval:
    review = event["review"]
    if review is None:
        raise Unreadable("GitHub does not say whose review was dismissed")
    by_another = login_of(event["actor"]) != login_of(review["author"])
    stands = by_another and event["previousReviewState"] == "CHANGES_REQUESTED"
    return _review(review, "rejected" if stands else "withdrawn")


def _review(review: Node, state: State) -> Approval:
    return Approval(
        by=login_of(review["author"]),
        method="review",
        state=state,
        at=moment(review["submittedAt"]),
        sha=(review["commit"] or {}).get("oid") or "unknown",
        reason=_first_line(review["body"]),
    )


def _environment_review(review: Node, gate: Gate) -> Approval:
    return Approval(
        by=login_of(review["user"]),
        method="environment",
        state=_OF_ENVIRONMENT[review["state"]],
        at=gate.requested_at,
        reason=_first_line(review["comment"]),
    )


def _command(comment: Node, gate: Gate, environments: frozenset[str]) -> Approval | None:
    """`/approve`, `/approve staging production`, `/reject too risky`; without a name all are meant."""
    author = login_of(comment["author"])
    command = _read(comment["body"], gate, environments)
    if command is None or command.word not in _OF_COMMAND or is_bot(author):
        return None
    if command.environments and not _is_named(gate, command.environments):
        return None
    return Approval(
        by=author,
        method="comment",
        state=_OF_COMMAND[command.word],
        at=moment(comment["createdAt"]),
        reason=command.reason,
    )


def _read(comment: str, gate: Gate, environments: frozenset[str]) -> Command | None:
    """What cannot be read as a command says nothing."""
    known = environments | {gate.environment}
    try:
        return parse_command(comment, environments=known, now=gate.requested_at, zone=UTC_ZONE)
    except CommandError:
        return None


def _click(comment: Node, gate: Gate) -> Approval | None:
    """A button's click leaves no trace on GitHub but the comment the App writes of it."""
    match = _BUTTON.match(comment["body"])
    if match is None or match[3].casefold() != plain_word(gate.environment).casefold():
        return None
    return Approval(
        by=match[1].lower(),
        method="button",
        state=cast("State", match[2]),
        at=moment(comment["createdAt"]),
        sha=match[4],
    )


def _is_for(gate: Gate, environments: Iterable[Node]) -> bool:
    return _is_named(gate, (environment["name"] for environment in environments))


def _is_named(gate: Gate, names: Iterable[str]) -> bool:
    return gate.environment.casefold() in {name.casefold() for name in names}


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip()
