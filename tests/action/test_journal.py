from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from action.errors import NoRoom
from action.journal import Heard, Journal, new_journal, read_heard, read_story, shared_journal
from tests.disks import room_for
from tests.entries import AT, make_entry


def test_a_whole_story_has_its_room_on_the_disk_before_it_begins(tmp_path: Path) -> None:
    with closing(new_journal(tmp_path)) as journal:
        before = journal.path.stat()
        journal.opened(make_entry(), tag=None, ours=True)
        for number in range(200):
            journal.step_began(f"step {number}", AT)
            journal.step_ended(f"step {number}", AT)
        after = journal.path.stat()
    assert before.st_blocks * 512 >= 1 << 20
    assert after.st_size == before.st_size
    story = read_story(journal.path)
    assert story is not None
    assert len(story.passed) == 200


def test_without_that_room_there_is_no_journal(tmp_path: Path) -> None:
    with room_for(10_000), pytest.raises(NoRoom, match="Make room on the runner's disk"):
        new_journal(tmp_path)


def test_the_second_half_of_a_job_needs_no_room_of_its_own(tmp_path: Path) -> None:
    with closing(shared_journal(tmp_path, "production", anew=True)) as first:
        first.opened(make_entry(), tag=None, ours=True)
    with room_for(1 << 20), closing(shared_journal(tmp_path, "production", anew=False)) as second:
        second.handed_over({})
    story = read_story(second.path)
    assert story is not None
    assert story.handed == {}


def test_a_torn_line_takes_nothing_else_with_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with closing(Journal(path)) as journal:
        journal.opened(make_entry(), tag=None, ours=True)
    with path.open("ab") as file:
        file.write(b'{"event": "step began", "st\xff')
    with closing(Journal(path)) as journal:
        journal.step_began("deploy", AT)
    story = read_story(path)
    assert story is not None
    assert story.during == "deploy"


def test_the_turn_it_died_in_is_told_with_its_time(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.opened(make_entry(), tag=None, ours=True)
        journal.turn("refs/one", AT)
    story = read_story(journal.path)
    assert story is not None
    assert (story.turn, story.turn_at) == ("refs/one", AT)


def test_a_line_that_finds_no_room_is_told_of_and_ends_no_job(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.opened(make_entry(), tag=None, ours=True)
        with room_for(journal.path.stat().st_size + 10):
            journal.step_began("verify", AT)
            with pytest.raises(NoRoom, match="what `phase: finish` needs could not be written"):
                journal.handed_over({})
        assert journal.lost == "File too large"
        journal.step_began("deploy", AT)
        story = read_story(journal.path)
    assert story is not None
    assert story.during == "deploy"


def test_a_journal_that_cannot_be_closed_is_taken_away(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.opened(make_entry(), tag=None, ours=True)
        with room_for(1):
            journal.finished("success")
    assert not journal.path.exists()


def test_it_knows_who_was_told_and_of_whom_nobody_knows(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        for channel in ("team", "pager", "mail"):
            journal.telling("before", channel)
        journal.told("before", "team", "")
        journal.told("before", "mail", "its service did not take the message.")
    heard = Heard(told=frozenset({("before", "team")}), doubtful=frozenset({("before", "pager")}))
    assert read_heard(journal.path) == heard
