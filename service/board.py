"""The text of our one comment on a pull request: what runs where, what each waits for, the checklist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.history import running
from gateway.text import STICKY, box_text
from protocol.answers import short
from protocol.decision import environment_in
from protocol.facts import Deployment, Facts, Missing, Relation
from protocol.headlines import WORDS, WORDS_BEFORE_MERGE, headline
from protocol.markdown import escape
from protocol.moments import say_moment
from protocol.order import Standing, standing
from protocol.policy import ChecklistItem, Policy
from protocol.report import MARKS
from protocol.verdict import Decision, Finding, Verdict

_OF_ITEMS = ("checks", "review", "checklist")  # the rules that answer for items of the checklist
_PASSED_BY = re.compile(r"\APassed \(\w+\): ")
_LATER = "▫️"
_ABOUT_BOXES = "Tick a box when it is done: whose edit ticked it is what counts. "
_HELP = "To see what else can be said here, write `/help` in a comment of its own."


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    is_ticked: bool


def _distinct(items: Sequence[ChecklistItem]) -> Iterator[_Item]:
    return (_Item(item.item, item.tick is not None) for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment of a pull request. `waits`: a gate of its commit was judged, and this came of it."""

    facts: Facts
    decision: Decision
    merged: bool
    waits: bool

    @property
    def name(self) -> str:
        return self.facts.environment


def board(places: Sequence[Place], policies: Sequence[object], zone: ZoneInfo) -> str:
    """The whole comment, its hidden mark first."""
    known = [policy for policy in policies if isinstance(policy, Policy)]
    parts = [STICKY, "### Deploying this pull request", "", *_table(places, zone)]
    for place in places:
        parts += _checklist(place, known)
    about = _ABOUT_BOXES if any(part.startswith("- [") for part in parts) else ""
    return "\n".join([*parts, "", f"<sub>{about}{_HELP} Times are in {zone.key}.</sub>"])


def unreadable(reason: str) -> str:
    """What the comment says while there is no policy to show anything by."""
    return f"{STICKY}\n### Deploying this pull request\n\n⏳ Everything waits: {escape(reason)}"


def _table(places: Sequence[Place], zone: ZoneInfo) -> Iterator[str]:
    yield "| Environment | Runs now | This pull request |"
    yield "|---|---|---|"
    for place in places:
        yield f"| **{escape(place.name)}** | {_runs(place, zone)} | {_state(place, zone)} |"


def _runs(place: Place, zone: ZoneInfo) -> str:
    """Version, commit, since when and by whom."""
    if isinstance(place.facts.deployments, Missing):
        return f"not known: {escape(place.facts.deployments.reason)}"
    now = running(place.facts.deployments, place.name)
    if now is None:
        return "nothing yet"
    version = f"{escape(now.version)} ({short(now.sha)})" if now.version else short(now.sha)
    since = f", since {say_moment(now.finished_at or now.created_at, zone)}"
    return version + since + (f", by {escape(now.creator)}" if now.creator else "")


def _state(place: Place, zone: ZoneInfo) -> str:
    """What became of it there, else what it waits for."""
    decision = place.decision
    if place.waits and decision.verdict is Verdict.WAIT:
        return f"{MARKS[Verdict.WAIT]} {escape(headline(decision, zone, most=None))}"
    if found := _deployed(place):
        return found
    words = WORDS if place.waits else WORDS_BEFORE_MERGE
    return f"{MARKS[decision.verdict]} {escape(headline(decision, zone, words, most=None))}"


def _deployed(place: Place) -> str:
    """What its Deployments say of it; nothing where there is none."""
    if isinstance(place.facts.deployments, Missing):
        return ""
    how, deployment = standing(place.facts.deployments, place.name, place.facts.sha)
    by = _by(deployment)
    relation = place.facts.relations.get(place.name)
    match how:
        case Standing.UNDER_WAY:
            return f"🚀 Being deployed{by}"
        case Standing.FAILED:
            return f"❌ Deployed{by}, and it failed"
        case Standing.HELD:
            return f"✋ Deployed{by}, and held: a person must look"
        case Standing.SUCCEEDED if relation is Relation.IDENTICAL:
            return f"✅ Runs{by}"
    return "✅ Contained in what runs" if place.merged and relation is Relation.BEHIND else ""


def _by(deployment: Deployment | None) -> str:
    return f", started by {escape(deployment.creator)}" if deployment and deployment.creator else ""


def _checklist(place: Place, policies: Sequence[Policy]) -> list[str]:
    """Its items in the policy's order, an organisation's first, without those not asked of these changes."""
    rules = [environment_in(policy, place.name) for policy in policies]
    items = dict.fromkeys(item for one in rules if one is not None for item in _distinct(one.checklist))
    lines = [line for item in items if (line := _item(item, place))]
    return ["", f"#### Checklist for {escape(place.name)}", "", *lines] if lines else []


def _item(item: _Item, place: Place) -> str:
    finding = _finding(item, place.decision)
    if finding is None or finding.code == "policy.not_asked":
        return ""
    said = escape(_plain(finding).removeprefix(f"{item.name}: "))
    if not item.is_ticked:
        mark = _LATER if finding.code == "checklist.left_to_action" else MARKS[finding.verdict]
        return f"- {mark} {escape(item.name)}: {said}"
    box = "x" if finding.code == "checklist.done" else " "
    return f"- [{box}] {box_text(place.name, item.name)} {said}"


def _finding(item: _Item, decision: Decision) -> Finding | None:
    """The worst that was said of an item, whose name begins the sentence."""
    of_items = (finding for finding in decision.findings if finding.rule in _OF_ITEMS)
    said = [finding for finding in of_items if _plain(finding).startswith(f"{item.name}: ")]
    return max(said, key=lambda finding: finding.verdict, default=None)


def _plain(finding: Finding) -> str:
    """Without what let it pass."""
    return _PASSED_BY.sub("", finding.why)
