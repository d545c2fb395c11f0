"""The benchmark that needs a checkout of somebody else's program says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.whole_run import main


def test_a_directory_without_the_shipped_artifact_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--branch-deploy", str(tmp_path)])
    assert f"{tmp_path} has no dist/index.js" in str(refused.value)
    assert "git clone https://github.com/github/branch-deploy" in str(refused.value)


def test_it_asks_for_the_program_it_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.js").touch()
    (tmp_path / "action.yml").touch()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"runs on Node\.js\. Install it"):
        main(["--branch-deploy", str(tmp_path)])
