"""Checklist items ticked on our comment, each by the person whose edit ticked it.

The comment's text is only what people see; its edit history is the record. A person's edit that turns
a box from empty to ticked is a tick, one that turns it back takes it away. Our own edits are neither:
we may write the text anew while somebody ticks, from what we read a moment before, and still no tick
is lost by it and none comes into being.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gateway.ours import WORKFLOWS
from gateway.reading import Node, Unreadable, login_of, moment, nodes_of
from gateway.text import STICKY, box_text
from protocol.decision import environment_in
from protocol.facts import Tick
from protocol.policy import Policy
from protocol.principals import is_bot

# What follows the hidden end of a box's text, such as who ticked it, is no part of it.
_BOX = re.compile(r"^[ \t]*[-*+] \[([ xX])\][ \t]+(\S.*? <!-- .*? -->)", re.MULTILINE)


def sticky_comment(comments: Node, ours: frozenset[str]) -> Node | None:
    """The oldest comment with our mark by one of `ours`.

    Empty where a job cannot tell who we are: then any App's but the workflows' own, never a person's.
    """
    return next((one for one in nodes_of(comments) if _is_ours(one, ours)), None)


def boxes_of(policies: Iterable[Policy], environment: str) -> Mapping[str, str]:
    """The items of an environment that people tick, by the text that stands behind the box."""
    rules = (environment_in(policy, environment) for policy in policies)
    items = (one.item for found in rules if found for one in found.checklist if one.tick is not None)
    return {box_text(environment, item): item for item in items}


def ticks_of(edits: Sequence[Node], boxes: Mapping[str, str]) -> tuple[Tick, ...]:
    """`edits` are the comment's, with its whole text after each, in any order."""
    given: dict[str, list[Tick]] = {}
    before = frozenset[str]()
    for edit in _oldest_first(edits):
        after = ticked(edit["diff"])
        by = login_of(edit["editor"])
        if not is_bot(by):
            for box in before - after:
                given.pop(box, None)
            for box in sorted((after - before) & boxes.keys()):
                tick = Tick(item=boxes[box], by=by, at=moment(edit["editedAt"]))
                given.setdefault(box, []).append(tick)
        before = after
    return tuple(tick for box in sorted(given) for tick in given[box])


def ticked(text: str) -> frozenset[str]:
    """What stands behind the ticked boxes of a text."""
    return frozenset(match[2] for match in _BOX.finditer(text) if match[1] != " ")


def _is_ours(comment: Node, ours: frozenset[str]) -> bool:
    author = login_of(comment["author"])
    known = author in ours if ours else is_bot(author) and author != WORKFLOWS
    return known and comment["body"].startswith(STICKY)


def _oldest_first(edits: Sequence[Node]) -> list[Node]:
    """GitHub lists the newest first, and tells seconds only: within one its order holds."""
    if any(edit["diff"] is None for edit in edits):
        cure = "delete our comment, and a new one is written, to be ticked again"
        raise Unreadable(f"somebody removed an edit of the checklist from its history; {cure}")
    newest_first = sorted(edits, key=lambda edit: moment(edit["editedAt"]), reverse=True)
    return newest_first[::-1]
