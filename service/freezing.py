"""`/freeze` and `/unfreeze`: they only open and close issues, which are the freezes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.freezes import FREEZE, environments_named
from gateway.github import GitHub, Issue
from gateway.text import asked_line
from protocol.commands import ALL
from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.rights import right_to_write
from service.replies import Outcome, Reply, no, unclear
from service.requests import Request

BY_BUTTON = timedelta(hours=24)  # how long a button freezes; a comment says its own time


def freeze(request: Request, _reply: Reply) -> Outcome:
    """Open the freeze's issue, once for each comment."""
    right = right_to_write(request.author, request.people, what="freeze deployments")
    if not right:
        return no(f"{escape(right.refusal)}.")
    command = request.command
    assert command.until is not None  # noqa: S101 - the parser gives a freeze its end
    line = asked_line(by=request.author, comment=request.comment.id)
    known = request.github.find_issues(line, labels=[FREEZE], state="all")
    issue = (
        known[0]
        if known
        else open_freeze(
            request.github,
            environments=command.environments,
            until=command.until,
            reason=command.reason,
            line=line,
            zone=request.zone,
        )
    )
    names, end = _spoken(command.environments), say_moment(command.until, request.zone)
    return Outcome(
        text=f"Deployments to {names} are frozen until {end}. Closing #{issue.number} ends it sooner."
    )


def open_freeze(
    github: GitHub,
    *,
    environments: Sequence[str],
    until: datetime,
    reason: str,
    line: str,
    zone: ZoneInfo,
) -> Issue:
    """A new issue, whose body begins with `line`."""
    title = f"Deploy freeze: {', '.join(environments)} until {say_moment(until, zone)}"
    body = fenced(
        line, environment=", ".join(environments), until=until.isoformat(timespec="seconds"), reason=reason
    )
    return github.open_issue(title, f"{body}\nClose this issue to end the freeze.", [FREEZE])


def fenced(line: str, **said: str) -> str:
    """The hidden line, then what is read again later, where nothing of it formats, mentions or links."""
    lines = [f"{key}: {value}" for key, value in said.items()]
    return "\n".join([line, "```yaml", *lines, "```"])


def unfreeze(request: Request, _reply: Reply) -> Outcome:
    """Close the freezes of just these environments, and name those that hold more."""
    right = right_to_write(request.author, request.people, what="end a freeze")
    if not right:
        return no(f"{escape(right.refusal)}.")
    named = frozenset(name.lower() for name in request.command.environments)
    frozen = request.github.find_issues(labels=[FREEZE])
    closing = [issue for issue in frozen if ALL in named or _is_within(issue, named)]
    for issue in closing:
        request.github.close_issue(issue.number, f"Ended by {request.author} with a command.")
    return _ended(request, closing, [issue for issue in frozen if issue not in closing])


def _is_within(issue: Issue, named: frozenset[str]) -> bool:
    environments = {name.lower() for name in environments_named(issue.body)}
    return bool(environments) and environments <= named


def _ended(request: Request, closed: Sequence[Issue], left: Sequence[Issue]) -> Outcome:
    still = [issue for issue in left if _touches(issue, request.command.environments)]
    lines = [f"Ended: {_numbers(closed)}."] if closed else []
    if still:
        lines.append(
            f"Still frozen by {_numbers(still)}, which names more; close it by hand or name all of them."
        )
    if not lines:
        text = "No freeze of these environments is open. Those planned in the policy end at their own time."
        return unclear(text)
    return Outcome(text=" ".join(lines)) if closed else unclear(lines[0])


def _touches(issue: Issue, environments: Sequence[str]) -> bool:
    names = {name.lower() for name in environments_named(issue.body)}
    return not names or any(name.lower() in names for name in environments)


def _numbers(issues: Sequence[Issue]) -> str:
    return ", ".join(f"#{issue.number}" for issue in issues)


def _spoken(environments: Sequence[str]) -> str:
    return "all environments" if ALL in environments else ", ".join(map(escape, environments))
