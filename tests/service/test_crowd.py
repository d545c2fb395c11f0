"""Many gates wait for one moment: the verdicts go first, and telling about them follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from service.tables import gates
from tests.serving import Served, serving

CROWD = 4
WINDOW = """\
version: 1
timezone: UTC
environments:
  production: {in_flight: allow, windows: {open: ["%s-%s"]}}
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def crowd_waits(served: Served) -> datetime:
    """Every gate was looked at once; the answer is when the window opens."""
    opens = (datetime.now(UTC) + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    end = opens + timedelta(hours=1)
    closes = "24:00" if end.hour == 0 else f"{end:%H:%M}"
    for number in range(CROWD):
        served.shop.push(WINDOW % (f"{opens:%H:%M}", closes), shop=f"{number}\n")
    served.settle()
    assert states(served) == ["waiting"] * CROWD
    return opens


def states(served: Served) -> list[str]:
    with served.engine.connect() as connection:
        return list(connection.execute(select(gates.c.state).order_by(gates.c.id)).scalars())


def told_or_answered(served: Served) -> list[str]:
    """What was written to GitHub, in order."""
    written = [one for one in served.shop.world.exchanges if one.method in ("POST", "PATCH")]
    kinds = {"deployment_protection_rule": "verdict", "check-runs": "told"}
    return [word for one in written for path, word in kinds.items() if path in one.path]


def test_all_verdicts_come_before_the_first_check_run(served: Served) -> None:
    opens = crowd_waits(served)
    served.shop.world.exchanges.clear()
    served.clock.later = (opens - datetime.now(UTC)).total_seconds() + 1
    served.settle()
    assert told_or_answered(served) == ["verdict"] * CROWD + ["told"] * CROWD
    assert states(served) == ["allowed"] * CROWD
    latest = {check.head_sha: check.title for check in served.checks()}
    assert list(latest.values()) == ["Allowed"] * CROWD


def test_what_is_not_told_yet_keeps_its_reasons_for_pages(served: Served) -> None:
    opens = crowd_waits(served)
    served.clock.later = (opens - datetime.now(UTC)).total_seconds() + 1
    served.settle()
    with served.engine.connect() as connection:
        found = list(connection.execute(select(gates.c.findings)).scalars())
    assert all("windows.open" in findings for findings in found)
