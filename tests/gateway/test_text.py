"""Texts fit, and are cut where a reader sees no harm."""

from __future__ import annotations

import pytest

from gateway.text import box_text, button_line, clip


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        pytest.param("short", 5, "short", id="fits"),
        pytest.param("longer", 5, "long…", id="is cut"),
        pytest.param("one two", 5, "one…", id="not after a space"),
        pytest.param("abe\u0301f", 4, "ab…", id="an accent stays with its letter"),
        pytest.param("ab👩\u200d🚀c", 5, "ab…", id="joined emoji stay together"),
        pytest.param("ab👍🏽c", 4, "ab…", id="a skin tone stays on its hand"),
    ],
)
def test_a_text_is_cut_between_what_a_reader_sees_as_one(text: str, limit: int, cut: str) -> None:
    assert clip(text, limit) == cut
    assert len(clip(text, limit)) <= limit


def test_peers_20_a_name_cannot_end_the_hidden_line() -> None:
    assert box_text("a --> b", "An --> item").count("-->") == 1
    line = button_line(by="x state=approved", state="rejected", environment="e", sha="s")
    assert "by=x%20state=approved state=rejected" in line
