"""Checklist items ticked on our comment, each by the person whose edit ticked it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.reading import Node, Unreadable, login_of, moment, nodes_of
from gateway.text import sticky_marker
from protocol.facts import Tick
from protocol.gate import Gate

_BOX = re.compile(r"^\s*[-*+] \[([ xX])\] (.+?)\s*$", re.MULTILINE)


def ticked_comment(comments: Node, gate: Gate) -> Node | None:
    """Our comment for the gate's environment, when any of its boxes is ticked."""
    marker = sticky_marker(gate.environment)
    ours = [one for one in nodes_of(comments) if one["body"].startswith(marker) and ticked(one["body"])]
    return ours[-1] if ours else None


def ticks_of(comment: Node, edits: Sequence[Node]) -> tuple[Tick, ...]:
    """`edits` are the comment's, with its whole text after each. A bot's edit ticks nothing."""
    newest_first = sorted(edits, key=lambda edit: str(edit["editedAt"]), reverse=True)
    if any(edit["diff"] is None for edit in newest_first):
        raise Unreadable("GitHub does not show what each edit of the checklist changed")
    found = (_tick(item, newest_first) for item in sorted(ticked(comment["body"])))
    return tuple(tick for tick in found if tick is not None)


def ticked(text: str) -> frozenset[str]:
    return frozenset(match[2] for match in _BOX.finditer(text) if match[1] != " ")


def _tick(item: str, newest_first: Sequence[Node]) -> Tick | None:
    """The edit since which the box has been ticked without a break."""
    ticking: Node | None = None
    for edit in newest_first:
        if item not in ticked(edit["diff"]):
            break
        ticking = edit
    by = login_of(ticking["editor"]) if ticking else ""
    if ticking is None or by.endswith("[bot]"):
        return None
    return Tick(item=item, by=by, at=moment(ticking["editedAt"]))
