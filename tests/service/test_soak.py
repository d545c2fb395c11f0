"""The short form of benchmarks/soak.py: processes killed, GitHub failing, every verdict as it should be."""

from __future__ import annotations

from pathlib import Path

from benchmarks.soak import Plan, soak


def test_peers_4_kill_9_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    outcome = soak(Plan(gates=24, kills=4, slowness=1.0, patience=90.0), tmp_path)
    assert (outcome.lost, outcome.wrong) == ([], [])
    assert outcome.verdicts == {"approved": 8, "rejected": 8, "": 8}
    assert outcome.restarts >= 2
    assert outcome.faults > 0
