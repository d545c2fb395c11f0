from __future__ import annotations

from datetime import timedelta

import pytest

from protocol.changes import Part
from protocol.continuation import fitted, older, shortened, with_older
from protocol.entry import entries_in, marked, upsert
from tests.entries import AT, make_entry


def test_our_oldest_entries_leave_a_body_that_is_too_long_and_others_words_stay() -> None:
    body = "Our words"
    for number in range(1, 12):
        at = AT + timedelta(hours=number)
        body = upsert(body, make_entry(deployment_id=number, at=at, issues=("x" * 400,)))
    split = fitted(body, 6_000)
    kept, moved = entries_in(split.body), split.moved
    assert len(split.body) <= 6_000
    assert split.body.startswith("Our words")
    assert [entry.deployment_id for entry in (*kept, *moved)] == list(range(11, 0, -1))


def test_a_body_that_fits_is_left_as_it_is() -> None:
    body = upsert("Words", make_entry())
    assert fitted(body).body == body


def test_one_line_leads_to_where_the_rest_stands() -> None:
    body = with_older(with_older(upsert("Words", make_entry()), (5,)), (5, 9))
    assert older(body) == (5, 9)
    assert body.count("Older log entries: #9, #5") == 1
    assert entries_in(body) == (make_entry(),)
    assert older("Words") == ()


def test_a_pull_requests_title_in_generated_notes_leads_nowhere_and_is_no_entry() -> None:
    """GitHub puts titles behind a star, and anybody can open a pull request."""
    leading = with_older("", (99,)).strip()
    entry = marked(make_entry()).replace("\n", " ")
    notes = f"## What's Changed\n* {leading} by @bo in #8\n* {entry} by @bo in #9\n"
    assert older(notes) == ()
    assert entries_in(notes) == ()
    assert older(with_older(notes, (5,))) == (5,)


def test_an_entry_that_has_room_stays_as_it_is() -> None:
    entry = make_entry(issues=("<" * 10_000,), changes="x" * 10_000)
    assert shortened(entry, 120_000) == entry


@pytest.mark.parametrize(
    "letter", ["x", "<", "\u2028", "👩"], ids=["plain", "escaped", "a line end", "emoji"]
)
def test_an_entry_without_room_is_cut_until_it_can_be_written_and_read_back(letter: str) -> None:
    words = letter * 10_000
    parts = tuple(
        Part(number=at, title=words, authors=(words, words), url="https://x.test") for at in range(50)
    )
    entry = make_entry(issues=(words, words), changes=words, deployer=words, included=parts)
    short = shortened(entry, 60_000)
    assert len(marked(short)) <= 60_000
    assert entries_in(marked(short)) == (short,)
    assert (short.key, short.sha, short.at, short.status) == (entry.key, entry.sha, entry.at, entry.status)
    assert short.issues[0].endswith("…")
