from __future__ import annotations

import pytest

from tests.programs import need

WHY = "no-such-server is not installed; on Debian: apt-get install no-such-server"


def test_without_a_program_a_users_machine_skips_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=WHY):
        need("no-such-server")


def test_without_a_program_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=WHY):
        need("no-such-server")
