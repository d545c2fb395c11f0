"""A tick is the person's whose edit made it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reading import Unreadable, known
from gateway.text import sticky_marker
from gateway.ticks import ticked_comment, ticks_of
from protocol.facts import Missing
from tests.nodes import GATE, bot, comment, edit, listed, person

OPEN = "- [ ] Window scheduled\n- [ ] Team told"
ONE = "- [x] Window scheduled\n- [ ] Team told"
BOTH = "- [x] Window scheduled\n- [X] Team told"


def ticks(text: str, *edits: dict[str, Any]) -> list[tuple[str, str]]:
    return [(tick.item, tick.by) for tick in ticks_of(comment(text), edits)]


def test_each_tick_is_its_own_persons() -> None:
    edits = (edit(OPEN, bot("gate"), 0), edit(ONE, person("grace"), 1), edit(BOTH, person("bo"), 2))
    assert ticks(BOTH, *edits) == [("Team told", "bo"), ("Window scheduled", "grace")]


def test_a_bot_that_writes_the_text_anew_takes_no_tick() -> None:
    assert ticks(
        ONE, edit(OPEN, bot("gate"), 0), edit(ONE, person("grace"), 1), edit(ONE, bot("gate"), 2)
    ) == [("Window scheduled", "grace")]


def test_a_box_that_a_bot_ticked_is_not_ticked() -> None:
    assert ticks(ONE, edit(OPEN, bot("gate"), 0), edit(ONE, bot("gate"), 1)) == []


def test_a_box_ticked_again_is_the_last_persons() -> None:
    edits = [
        edit(OPEN, bot("gate"), 0),
        edit(ONE, person("grace"), 1),
        edit(OPEN, person("bo"), 2),
        edit(ONE, person("cy"), 3),
    ]
    assert ticks(ONE, *edits) == [("Window scheduled", "cy")]


def test_edits_without_their_text_prove_nothing() -> None:
    found = known("the checklist", lambda: ticks_of(comment(ONE), [edit(None, person("grace"), 1)]))
    assert isinstance(found, Missing)


def test_only_our_comment_for_this_environment_has_boxes_that_count() -> None:
    others = (
        comment(f"{sticky_marker('staging')}\n{ONE}"),
        comment(ONE),
        comment(f"{sticky_marker('production')}\n{OPEN}"),
    )
    assert ticked_comment(listed(*others), GATE) is None
    ours = comment(f"{sticky_marker('production')}\n{ONE}")
    assert ticked_comment(listed(*others, ours), GATE) == ours


def test_a_part_of_the_comments_is_not_all() -> None:
    with pytest.raises(Unreadable):
        ticked_comment(listed(more=True), GATE)
