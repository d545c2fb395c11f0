from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

import pytest

from action.stop import Stop
from tests.deaths import Theatre, theatre
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


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("deaths")) as stage:
        yield stage


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, stage: Theatre) -> Iterator[dict[str, Future[Any]]]:
    """What the module's chosen tests look at, several scenes at once: most of the time they wait."""
    items: list[Any] = [item for item in request.session.items if item.path == request.path]
    chosen = [item for item in items if hasattr(item.function, "scene")]
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield {item.nodeid: pool.submit(item.function.scene, stage, **_parameters(item)) for item in chosen}


def _parameters(item: Any) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


@pytest.fixture
def ending(played: dict[str, Future[Any]], stage: Theatre, request: pytest.FixtureRequest) -> Any:
    """What the scene of this test came to.

    A job that has only seconds may run out of them on a busy machine beside so many others: then it is played
    once more, alone, and that counts.
    """
    item: Any = request.node
    came_to = played[item.nodeid].result()
    if not getattr(came_to, "late", False):
        return came_to
    wait(played.values())
    return item.function.scene(stage, **_parameters(item))
