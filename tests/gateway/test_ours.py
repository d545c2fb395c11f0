"""Who we are, as GitHub tells us."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.ours import app_login


@pytest.mark.parametrize(
    ("viewer", "login"),
    [
        pytest.param({"login": "gate[bot]"}, "gate[bot]", id="as REST shows it"),
        pytest.param({"login": "Gate"}, "gate[bot]", id="without its end"),
        pytest.param({"login": "github-actions[bot]"}, "", id="a workflow, which anybody can write"),
        pytest.param({"login": "github-actions"}, "", id="a workflow without its end"),
        pytest.param(None, "", id="not told"),
    ],
)
def test_the_app_that_asks_knows_itself(viewer: dict[str, Any] | None, login: str) -> None:
    assert app_login(viewer) == login
