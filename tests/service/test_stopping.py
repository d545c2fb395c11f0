from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from service.stopping import heard_later, when_asked_to_stop

WISHES = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in WISHES}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", WISHES)
def test_a_wish_that_comes_while_a_library_has_handlers_of_its_own_is_heard(number: signal.Signals) -> None:
    with heard_later():
        signal.signal(number, lambda *_: None)
        signal.pthread_kill(threading.get_ident(), number)
        stop = when_asked_to_stop()
        assert not stop.is_set()
    assert stop.is_set()
