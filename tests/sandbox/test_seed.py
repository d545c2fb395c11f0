from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox.seed import SeedError, plant, read_seed
from sandbox.world import World

SEED = """
users: [ada, grace]
organizations:
  acme: {owners: [ada], teams: {release-managers: [grace]}}
repositories:
  acme/shop:
    files: ./shop
    private: true
    collaborators: {grace: write}
    teams: {release-managers: maintain}
    environments:
      production: {reviewers: [release-managers, ada], custom: [gate], branches: [main]}
apps:
  gate: {owner: acme, permissions: {deployments: write}, install: [acme/shop]}
"""


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/app.py").write_text("print('hello')\n")
    (tmp_path / "seed.yml").write_text(SEED)
    return tmp_path / "seed.yml"


def test_a_seed_becomes_a_world(seed_file: Path, tmp_path: Path) -> None:
    world = World(root=tmp_path / "root")
    plant(world, read_seed(seed_file))
    shop = world.repository("acme/shop")
    assert world.git(shop).file("main", "app.py") == b"print('hello')\n"
    assert world.role(world.user("grace"), shop) == "maintain"
    rules = shop.environments["production"].rules
    assert [rule.type for rule in rules] == ["required_reviewers", "custom", "branch_policy"]
    assert [type(reviewer).__name__ for reviewer in rules[0].reviewers] == ["Team", "User"]
    assert len(world.installations) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("peple: []", "unknown part 'peple'"), ("users: [", "cannot be read")],
    ids=["unknown part", "not YAML"],
)
def test_a_wrong_seed_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "seed.yml").write_text(text)
    with pytest.raises(SeedError, match=said):
        read_seed(tmp_path / "seed.yml")


def test_it_runs_as_a_process_of_its_own_until_it_is_told_to_stop(seed_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from sandbox.server import main; sys.exit(main())"]
    options = ["--json", "--seed", str(seed_file), "--root", str(tmp_path / "root")]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        story = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {story['tokens']['grace']}"}
        shop = requests.get(f"{story['url']}/repos/acme/shop", headers=headers, timeout=10)
        assert shop.json()["private"] is True
        assert "BEGIN RSA PRIVATE KEY" in story["apps"]["gate"]["private_key"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
