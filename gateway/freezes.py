"""Freezes and emergencies: open issues with a label, by a person, with a few lines in their body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.reading import Node, login_of, moment, nodes_of
from protocol.facts import Emergency, Freeze, Known, Missing, Permission
from protocol.gate import Gate
from protocol.moments import latest, parse_moment
from protocol.principals import is_bot

FREEZE = "deploy-freeze"
EMERGENCY = "deploy-emergency"
_LINE = re.compile(r"^\s*(environments?|until|reason)\s*:[ \t]*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ASKED = re.compile(r"<!-- deploy-protocol:asked by=(\S+) comment=\d+ -->")


def freezes_of(
    issues: Node, permissions: Known[Mapping[str, Permission]], zone: ZoneInfo, ours: frozenset[str]
) -> tuple[Freeze, ...]:
    """Those by someone with write access or by an App, and those of whom that could not be found out."""
    labelled = _labelled(issues, FREEZE)
    return tuple(
        _freeze(issue, zone, ours)
        for issue in labelled
        if _may_freeze(login_of(issue["author"]), permissions)
    )


def emergency_of(
    issues: Node, gate: Gate, permissions: Known[Mapping[str, Permission]], ours: frozenset[str]
) -> Emergency | None:
    """The newest written request for the gate's environment, by a person, unedited, with a reason.

    As a freeze, by someone with write access or by our App for them: a stranger's can hide nobody's, and
    neither can one that became an emergency by a stranger's label.
    """
    asked = [issue for issue in _labelled(issues, EMERGENCY) if _is_for(issue, gate)]
    found = [_emergency(one, ours) for one in asked if _may_freeze(login_of(one["author"]), permissions)]
    written = [one for one in found if one.reason and not is_bot(one.by)]
    return max(written, key=lambda one: (_is_a_writers(one.labelled_by, permissions), one.at), default=None)


def authors_of(issues: Node, ours: frozenset[str]) -> frozenset[str]:
    """The logins whose words the issues are, in lower case."""
    return frozenset(_asker(issue, ours) for issue in nodes_of(issues))


def labellers_of(issues: Node, ours: frozenset[str]) -> frozenset[str]:
    """The logins who made issues of others to emergencies, in lower case."""
    setters = (_other_labeller(issue, ours) for issue in _labelled(issues, EMERGENCY))
    return frozenset(login for login in setters if login and not isinstance(login, Missing))


def environments_named(body: str) -> frozenset[str]:
    """The environments that a freeze's text is about; empty means all."""
    return _environments(_lines(body))


def ends_at(body: str, zone: ZoneInfo) -> datetime | None:
    """When the freeze with this text ends by itself; None when only closing it does."""
    return _until(_lines(body).get("until", ""), zone)


def _asker(issue: Node, ours: frozenset[str]) -> str:
    """Whose word the issue is: its author's, or of whom our App opened it for."""
    author = login_of(issue["author"])
    asked = _ASKED.match(issue["body"] or "") if author in ours else None
    return asked[1].lower() if asked else author


def _labelled(issues: Node, label: str) -> Iterable[Node]:
    return [
        one for one in nodes_of(issues) if label in {name["name"].lower() for name in nodes_of(one["labels"])}
    ]


def _may_freeze(login: str, permissions: Known[Mapping[str, Permission]]) -> bool:
    if isinstance(permissions, Missing) or is_bot(login):
        return True
    return permissions.get(login, Permission.NONE) >= Permission.WRITE


def _freeze(issue: Node, zone: ZoneInfo, ours: frozenset[str]) -> Freeze:
    lines = _lines(issue["body"])
    return Freeze(
        reason=_reason(issue),
        by=_asker(issue, ours),
        environments=_environments(lines),
        since=moment(issue["createdAt"]),
        until=_until(lines.get("until", ""), zone),
        url=issue["url"],
    )


def _emergency(issue: Node, ours: frozenset[str]) -> Emergency:
    return Emergency(
        by=_asker(issue, ours),
        reason=_reason(issue),
        at=moment(issue["createdAt"]),
        labelled_by=_other_labeller(issue, ours),
    )


def _other_labeller(issue: Node, ours: frozenset[str]) -> Known[str]:
    """Who set the label last; "" where that was our App, which does it for whoever asks, or the asker.

    Whether GitHub tells of the labels that an issue begins with is not documented: our own need none told.
    """
    told = issue["labellings"]
    untold = Missing(f"GitHub does not say who set the label of #{issue['number']}")
    if None in told["nodes"]:
        return untold
    setters = [login_of(one["actor"]) for one in told["nodes"] if one["label"]["name"].lower() == EMERGENCY]
    if setters:
        return "" if setters[-1] in {*ours, _asker(issue, ours)} else setters[-1]
    is_our_own = login_of(issue["author"]) in ours and not told["pageInfo"]["hasPreviousPage"]
    return "" if is_our_own else untold


def _is_a_writers(labelled_by: Known[str], permissions: Known[Mapping[str, Permission]]) -> bool:
    if isinstance(labelled_by, Missing) or is_bot(labelled_by):
        return False
    return labelled_by == "" or _may_freeze(labelled_by, permissions)


def _is_for(issue: Node, gate: Gate) -> bool:
    """An emergency names its environments, with commas between; one that was edited names nothing."""
    named = {name.strip().lower() for name in _lines(issue["body"]).get("environment", "").split(",")}
    return issue["lastEditedAt"] is None and gate.environment.lower() in named


def _lines(body: str) -> dict[str, str]:
    found = _LINE.findall(_COMMENT.sub("", body or ""))
    return {key.lower().removesuffix("s"): value for key, value in found}


def _environments(lines: dict[str, str]) -> frozenset[str]:
    """Empty means all. A name may hold spaces, so what may be two names or one is both: rather too much."""
    said = lines.get("environment", "")
    words = {*re.split(r"[,\s]+", said), *(name.strip() for name in said.split(","))}
    names = frozenset(words - {""})
    return frozenset() if names & {"all", "*"} else names


def _until(text: str, zone: ZoneInfo) -> datetime | None:
    """As the policy writes a moment; a day alone is meant whole. What cannot be read ends with the issue."""
    for said in (text, f"{text} 24:00"):
        with suppress(ValueError):
            return latest(parse_moment(said, zone))
    return None


def _reason(issue: Node) -> str:
    """The line `reason:`, else the rest of the body, else the title."""
    body = _COMMENT.sub("", issue["body"] or "")
    rest = " ".join(_LINE.sub("", body).split())
    return _lines(body).get("reason") or rest or str(issue["title"]).strip()
