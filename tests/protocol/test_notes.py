"""Every note that the action leaves is known for one, and nothing that others say is."""

from __future__ import annotations

import pytest

from protocol.done import note_of
from protocol.entry import one_line
from protocol.messages import notes
from protocol.notes import NOT_BEGUN, is_note
from tests.entries import make_entry


@pytest.mark.parametrize(
    ("description", "is_ours"),
    [
        *((note, True) for note in (*notes("before", ["team"]), *notes("during", ["on-call"]))),
        (note_of(["backup"], version="1.2.0", attempt=1), True),
        (NOT_BEGUN, True),
        (one_line(make_entry()), False),
        ("Building", False),
        ("", False),
    ],
)
def test_a_note_is_known(description: str, *, is_ours: bool) -> None:
    assert is_note(description) is is_ours
