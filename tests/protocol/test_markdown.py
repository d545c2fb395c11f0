from __future__ import annotations

import pytest

from protocol.markdown import escaped


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("@ada look", id="a mention"),
        pytest.param("`@ada look", id="after a backtick"),
        pytest.param("caf\u00e9@ada look", id="after a letter GitHub takes for none"),
        pytest.param("closes GH-7", id="a reference"),
        pytest.param("(gh-7)", id="a reference in small letters"),
    ],
)
def test_nothing_that_people_wrote_calls_somebody_or_something(text: str) -> None:
    shown = escaped(text)
    assert "@ada" not in shown
    assert "gh-7" not in shown.lower()
    assert shown.replace("\u2060", "").replace("\\", "") == text


@pytest.mark.parametrize("text", ["ada@shop.example", "HIGH-7", "a_GH-7"])
def test_what_calls_nobody_stays_as_it_is(text: str) -> None:
    assert escaped(text).replace("\\", "") == text
