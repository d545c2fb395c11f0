"""A tick is the person's whose edit made it, whatever we write in between."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reading import Unreadable, known
from gateway.text import STICKY, box_text
from gateway.ticks import boxes_of, sticky_comment, ticks_of
from protocol.facts import Missing
from tests.nodes import bot, comment, edit, listed, person
from tests.policies import make_policy

ITEMS = ("Window scheduled", "Team told")
BOXES = {box_text("production", item): item for item in ITEMS}
US = bot("gate")


def text(*ticked: str) -> str:
    """Our comment with these boxes ticked."""
    return "\n".join(f"- [{'x' if item in ticked else ' '}] {box_text('production', item)}" for item in ITEMS)


OPEN, ONE, BOTH = text(), text("Window scheduled"), text("Window scheduled", "Team told")


def ticks(*edits: dict[str, Any]) -> list[tuple[str, str]]:
    """As GitHub lists them: the newest first."""
    return [(tick.item, tick.by) for tick in ticks_of(edits[::-1], BOXES)]


def test_each_tick_is_its_own_persons() -> None:
    edits = (edit(OPEN, US, 0), edit(ONE, person("grace"), 1), edit(BOTH, person("bo"), 2))
    assert ticks(*edits) == [("Team told", "bo"), ("Window scheduled", "grace")]


def test_a_bot_that_writes_the_text_anew_takes_no_tick() -> None:
    edits = (edit(OPEN, US, 0), edit(ONE, person("grace"), 1), edit(ONE, US, 2))
    assert ticks(*edits) == [("Window scheduled", "grace")]


def test_a_box_that_a_bot_ticked_is_not_ticked() -> None:
    assert ticks(edit(OPEN, US, 0), edit(ONE, US, 1)) == []


def test_a_tick_made_while_we_wrote_the_text_anew_is_not_lost() -> None:
    edits = (edit(OPEN, US, 0), edit(ONE, person("grace"), 1), edit(OPEN, US, 1))
    assert ticks(*edits) == [("Window scheduled", "grace")]


def test_a_box_we_wrote_ticked_too_late_is_nobodys_and_not_the_next_persons() -> None:
    """grace takes her tick back while we write, from what we read before, that she gave it."""
    edits = (
        edit(OPEN, US, 0),
        edit(ONE, person("grace"), 1),
        edit(OPEN, person("grace"), 2),
        edit(ONE, US, 2),
        edit(BOTH, person("bo"), 3),
    )
    assert ticks(*edits) == [("Team told", "bo")]


def test_a_tick_taken_back_is_gone_whoever_takes_it() -> None:
    assert ticks(edit(OPEN, US, 0), edit(ONE, person("grace"), 1), edit(OPEN, person("bo"), 2)) == []


def test_a_box_ticked_again_is_the_last_persons() -> None:
    edits = [
        edit(OPEN, US, 0),
        edit(ONE, person("grace"), 1),
        edit(OPEN, person("bo"), 2),
        edit(ONE, person("cy"), 3),
    ]
    assert ticks(*edits) == [("Window scheduled", "cy")]


def test_a_box_ticked_twice_because_we_wrote_it_empty_is_both_persons() -> None:
    edits = (
        edit(OPEN, US, 0),
        edit(ONE, person("grace"), 1),
        edit(OPEN, US, 1),
        edit(ONE, person("bo"), 2),
    )
    assert ticks(*edits) == [("Window scheduled", "grace"), ("Window scheduled", "bo")]


def test_a_box_whose_words_somebody_changed_is_not_the_item() -> None:
    changed = ONE.replace("Window scheduled", "Lunch scheduled")
    assert ticks(edit(OPEN, US, 0), edit(changed, person("grace"), 1)) == []


def test_a_box_of_another_environment_is_not_this_ones() -> None:
    staging = ONE.replace("<!-- production", "<!-- staging")
    assert ticks(edit(OPEN, US, 0), edit(staging, person("grace"), 1)) == []


def test_a_browser_ends_lines_as_it_likes() -> None:
    edits = (edit(OPEN, US, 0), edit(ONE.replace("\n", "\r\n"), person("grace"), 1))
    assert ticks(*edits) == [("Window scheduled", "grace")]


def test_an_edit_removed_from_the_history_leaves_the_checklist_unknown() -> None:
    found = known("the checklist", lambda: ticks_of([edit(None, person("grace"), 1)], BOXES))
    assert isinstance(found, Missing)
    assert "delete our comment" in found.reason


def test_the_boxes_are_the_items_that_people_tick_in_the_environment() -> None:
    tick = {"tick": ["permission:write"]}
    items = [{"item": "Window scheduled", **tick}, {"item": "Tested", "checks": "all"}]
    policy = make_policy(
        environments={
            "production": {"checklist": items},
            "staging": {"checklist": [{"item": "Other", **tick}]},
        }
    )
    assert list(boxes_of([policy], "Production").values()) == ["Window scheduled"]


@pytest.mark.parametrize(
    ("author", "ours"),
    [
        pytest.param(person("grace"), {"gate[bot]"}, id="a person's"),
        pytest.param(bot("github-actions"), {"gate[bot]"}, id="a workflow's"),
        pytest.param(bot("parrot"), {"gate[bot]"}, id="another App's"),
        pytest.param(person("grace"), set(), id="a person's, where a job cannot tell who we are"),
        pytest.param(bot("github-actions"), set(), id="a workflow's, where a job cannot tell who we are"),
    ],
)
def test_a_comment_that_only_looks_like_ours_has_no_boxes(author: dict[str, Any], ours: set[str]) -> None:
    sticky = comment(f"{STICKY}\n{OPEN}", US)
    comments = listed(comment(f"{STICKY}\n{ONE}", author), sticky)
    assert sticky_comment(comments, frozenset(ours)) == sticky


def test_a_part_of_the_comments_is_not_all() -> None:
    with pytest.raises(Unreadable):
        sticky_comment(listed(more=True), frozenset())
