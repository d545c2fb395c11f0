"""Buttons on our check runs. GitHub keeps no trace of a click, so we write it down where GitHub keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.checks import read_check
from gateway.freezes import FREEZE, ends_at
from gateway.github import OURS, GitHub, Issue
from gateway.needs import UTC_ZONE, zone_of
from gateway.rulebook import Rulebook, people_asking, read_rulebook
from gateway.text import asked_line, button_line
from gateway.threads import Pull, find_ours, pull_that_brought, write_comment
from protocol.answers import short
from protocol.decision import environment_in
from protocol.facts import People
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.principals import is_bot
from protocol.rights import Right, right_to_judge, right_to_write
from service.freezing import BY_BUTTON, open_freeze
from service.showing import read_button

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Who pressed which button of which check run, as the webhook says, and in which delivery it came."""

    check_run_id: int
    identifier: str
    by: str  # lower case
    delivery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pressed:
    """A click with what GitHub says of it now."""

    github: GitHub
    rulebook: Rulebook
    check_run_id: int
    sha: str
    environment: str
    by: str
    delivery: str
    people: People
    now: datetime


def press(github: GitHub, click: Click, clock: Callable[[], datetime]) -> None:
    """Do what the button says, if the person may; `look` has been done by the event itself."""
    check = read_check(github, click.check_run_id)
    verb, environment = read_button(click.identifier, check.name)
    if verb not in ("approve", "freeze") or not check.external_id.startswith(OURS) or is_bot(click.by):
        return
    rulebook = read_rulebook(github, clock())
    if not isinstance(rulebook.own, Policy) or environment_in(rulebook.own, environment) is None:
        return
    pressed = _Pressed(
        github=github,
        rulebook=rulebook,
        check_run_id=click.check_run_id,
        sha=check.sha,
        environment=environment,
        by=click.by,
        delivery=click.delivery,
        people=people_asking(github, rulebook.valid, [environment], click.by, clock()),
        now=clock(),
    )
    _approve(pressed) if verb == "approve" else _freeze(pressed)


def _approve(pressed: _Pressed) -> None:
    """One comment for each click: the gate reads its hidden line, and only from our App.

    Pressed again it is said again: what was said before may have expired, or been taken back.
    """
    pull = pull_that_brought(pressed.github, pressed.sha)
    if pull is None:
        log.info("click.nowhere_to_record", sha=pressed.sha)
        return
    policies = pressed.rulebook.valid
    right = right_to_judge(policies, pressed.environment, pressed.by, pressed.people)
    if not right:
        _refuse(pressed, pull, right)
        return
    line = button_line(by=pressed.by, state="approved", environment=pressed.environment, sha=pressed.sha)
    marker = f"{line}\n<!-- deploy-protocol:click {pressed.delivery} -->"
    if find_ours(pressed.github, pull.number, marker, us=pressed.rulebook.us) is None:
        said = f"{escape(pressed.by)} approved {short(pressed.sha)} for {escape(pressed.environment)}"
        write_comment(pressed.github, pull.number, f"{marker}\n{said} with the button on its check run.")


def _freeze(pressed: _Pressed) -> None:
    """Where it holds already nothing is added; where it was lifted, or is over, it begins anew."""
    right = right_to_write(pressed.by, pressed.people, what="freeze deployments")
    if not right:
        pull = pull_that_brought(pressed.github, pressed.sha)
        if pull is not None:
            _refuse(pressed, pull, right)
        return
    line = asked_line(by=pressed.by, comment=pressed.check_run_id)
    if any(_holds(issue, pressed.now) for issue in pressed.github.find_issues(line, labels=[FREEZE])):
        return
    open_freeze(
        pressed.github,
        environments=(pressed.environment,),
        until=pressed.now + BY_BUTTON,
        reason=f"Frozen by {pressed.by} with the button on a check run",
        line=line,
        zone=zone_of(pressed.rulebook.valid),
    )


def _holds(freeze: Issue, now: datetime) -> bool:
    """Whether an open one is not over: we write its end with an offset."""
    end = ends_at(freeze.body, UTC_ZONE)
    return end is None or now < end


def _refuse(pressed: _Pressed, pull: Pull, right: Right) -> None:
    """Said once to each person and environment, however often they press."""
    marker = f"<!-- deploy-protocol:refused by={pressed.by} environment={pressed.environment.casefold()} -->"
    if find_ours(pressed.github, pull.number, marker, us=pressed.rulebook.us) is None:
        write_comment(pressed.github, pull.number, f"{marker}\n{escape(right.refusal)}.")
