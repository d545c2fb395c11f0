from __future__ import annotations

import pytest

from protocol.placeholders import fill_address, fill_word, names


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param("http://$TARGET/healthz", "http://10.0.0.7:80/healthz", id="a word"),
        pytest.param("http://${TARGET}x/", "http://10.0.0.7:80x/", id="in braces"),
        pytest.param("http://a/$TARGETS", "http://a/$TARGETS", id="a longer word"),
        pytest.param("http://a/$HOME", "http://a/$HOME", id="none of ours"),
        pytest.param("http://a/$VERSION", "http://a/", id="one without a value"),
    ],
)
def test_our_words_in_an_address_are_filled_in(text: str, filled: str) -> None:
    assert fill_address(text, {"TARGET": "10.0.0.7:80"}) == filled


def test_a_value_cannot_lead_an_address_elsewhere() -> None:
    assert fill_address("http://shop/$VERSION", {"VERSION": "1?x=#@evil"}) == "http://shop/1%3Fx%3D%23%40evil"


def test_a_query_keeps_every_other_dollar() -> None:
    query = 'errors{job=~"shop$", track="$TRACK", version="$VERSION"}'
    assert names(query, "TRACK")
    assert not names(query, "WEIGHT")
    assert fill_word(query, "TRACK", "canary") == 'errors{job=~"shop$", track="canary", version="$VERSION"}'
