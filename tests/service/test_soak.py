"""The short form of benchmarks/soak.py: processes killed, GitHub failing, every verdict as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import Plan, soak


def test_peers_4_kill_9_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    outcome = soak(Plan(gates=24, kills=4, slowness=1.0, patience=90.0), tmp_path)
    assert (outcome.lost, outcome.wrong) == ([], [])
    assert outcome.verdicts == {"approved": 8, "rejected": 8, "": 8}
    assert outcome.restarts >= 2
    assert outcome.faults > 0


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_workers_share_one_postgres_and_no_gate_is_answered_twice(
    database_url: str, tmp_path: Path
) -> None:
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    outcome = soak(
        Plan(gates=24, kills=2, rate=0.05, slowness=1.0, patience=90.0, workers=2, database_url=url), tmp_path
    )
    assert (outcome.lost, outcome.wrong) == ([], [])
    assert sum(outcome.by_worker) <= 16  # one killed right after its verdict did not write it down
    assert all(outcome.by_worker)
