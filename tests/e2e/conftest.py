from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.result import Result
from action.run import run
from action.stop import Stop
from tests.jobs import GitHubInMemory, make_desk, policy_of
from tests.shops import Shop, Watcher, free_ports, open_shop, open_watcher


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    with open_watcher(tmp_path_factory.mktemp("prometheus"), free_ports(4)) as watcher:
        yield watcher


@pytest.fixture
def watcher(prometheus: Watcher) -> Watcher:
    prometheus.wait_until_it_looks()
    return prometheus


@pytest.fixture
def shop(tmp_path: Path, prometheus: Watcher) -> Iterator[Shop]:
    """Prometheus is started with the first one, and learns whom to look at while no test needs it yet."""
    del prometheus
    with open_shop(tmp_path / "shop") as shop:
        yield shop


@pytest.fixture
def deploy(tmp_path: Path, shop: Shop) -> Any:
    """Carries a deployment of NEW out by this policy, with the shop's own commands."""

    def carry_out(policy: str, **given: Any) -> Result:
        with Stop() as stop:
            desk = make_desk(tmp_path, stop=stop, environ=shop.environ, **given)
            try:
                return run(desk.job, GitHubInMemory(policies=[policy_of(policy)]))
            finally:
                desk.job.journal.close()

    return carry_out
