from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from action.stop import Stop
from tests.jobs import Desk, make_desk


class MakeDesk(Protocol):
    def __call__(self, **given: Any) -> Desk: ...


@pytest.fixture
def stop() -> Iterator[Stop]:
    with Stop() as stop:
        yield stop


@pytest.fixture
def desk_of(tmp_path: Path, stop: Stop) -> Iterator[MakeDesk]:
    desks: list[Desk] = []

    def make(**given: Any) -> Desk:
        desks.append(make_desk(tmp_path, stop=stop, **given))
        return desks[-1]

    yield make
    for desk in desks:
        desk.job.journal.close()
