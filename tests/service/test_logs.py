"""What the App writes down: each line names its delivery or its gate, and no secret is kept anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.events import EVENTS
from tests.asking import POLICY, WORKFLOW
from tests.started import SECRET, environ_for, started
from tests.waiting import SHOP, WaitingShop, waiting_shop

NAMED_BY = {
    "delivery": "delivery",
    "command": "delivery",
    "log": "repository",
    "gate": "gate",
    "pull": "pull",
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path / "github") as shop:
        yield shop


def a_day_of_it(shop: WaitingShop, root: Path) -> list[dict[str, Any]]:
    """A command, its gate, and the end: every line that was said."""
    environ = environ_for(shop.played, root, shop.server.url)
    with started(root, environ) as service:
        service.wait_until_ready()
        shop.played.webhook_url, shop.played.webhook_secret = f"{service.url}/webhook", SECRET
        shop.installation.events = tuple(EVENTS)
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW}
        shop.world.commit(SHOP, files, "Policy", quiet=True)
        shop.world.add_environment(SHOP, "staging", custom=(shop.played,))
        number = shop.ask("POST", "/issues", {"title": "Talk"})["number"]
        shop.ask("POST", f"/issues/{number}/comments", {"body": "/deploy staging"})
        shop.wait(lambda: any(run.conclusion == "success" for run in shop.repository.runs.values()))
        assert service.stop() == 0
        return [json.loads(line) for line in service.said().splitlines()]


def test_peers_12_every_line_names_what_it_is_about_and_no_secret_is_kept(
    shop: WaitingShop, tmp_path: Path
) -> None:
    said = a_day_of_it(shop, tmp_path)
    assert {"command.taken", "gate.verdict"} <= {line["event"] for line in said}
    for line in said:
        about = NAMED_BY.get(line["event"].partition(".")[0])
        assert about is None or about in line, line
    kept = json.dumps(said).encode() + b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    secrets = [*shop.world.tokens, SECRET, shop.played.private_key[100:140]]
    assert len(shop.world.tokens) > 2
    assert [secret for secret in secrets if secret.encode() in kept] == []
