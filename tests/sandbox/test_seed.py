from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import requests

from sandbox.faults import FaultKind
from sandbox.routes import every_route
from sandbox.seed import DEFAULT, SeedError, plant, read_seed
from sandbox.server import introduce, main
from sandbox.world import World
from tests.sandbox_fixture import PATIENCE

DOCS = Path(__file__).parents[2] / "docs/sandbox.md"

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
    [
        ("peple: []", "unknown part 'peple'"),
        ("users: [", "cannot be read"),
        ("users: [\xff]", "cannot be read"),
        ("- ada", "is no mapping. A seed has: users"),
        ("users: 5", "'users' must be a list"),
        ("repositories: [acme/shop]", "'repositories' must be a mapping"),
    ],
    ids=["unknown part", "not YAML", "not UTF-8", "a list", "users as a number", "repositories as a list"],
)
def test_a_wrong_seed_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "seed.yml").write_text(text, encoding="latin-1")
    with pytest.raises(SeedError, match=said):
        read_seed(tmp_path / "seed.yml")


def test_it_runs_as_a_process_of_its_own_until_it_is_told_to_stop(seed_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from sandbox.server import main; sys.exit(main())"]
    options = ["--json", "--seed", str(seed_file), "--root", str(tmp_path / "root")]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        story = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {story['tokens']['grace']}"}
        shop = requests.get(f"{story['url']}/repos/acme/shop", headers=headers, timeout=PATIENCE)
        assert shop.json()["private"] is True
        assert "BEGIN RSA PRIVATE KEY" in story["apps"]["gate"]["private_key"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_directory_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("precious")
    assert main(["--root", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path} is not empty: name an empty directory, or none\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--root", "cannot be used (Not a directory): name an empty directory, or none\n"),
        ("--record", "cannot be written (Not a directory): name another file\n"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_before_it_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    assert main([option, str(place)]) == 2
    assert capsys.readouterr().err == f"{place} {said}"


def test_the_seed_in_the_docs_becomes_a_world(tmp_path: Path) -> None:
    (tmp_path / "seed.yml").write_text(DOCS.read_text().split("```yaml\n")[1].partition("```")[0])
    world = World(root=tmp_path / "root")
    plant(world, read_seed(tmp_path / "seed.yml"))
    assert [app.slug for app in world.apps.values() if app.private_key] == ["deploy-protocol"]


def test_the_docs_name_every_fault_and_only_controls_there_are() -> None:
    docs, routes = DOCS.read_text(), {route.template for route in every_route()}
    assert [kind for kind in get_args(FaultKind) if f"`{kind}`" not in docs] == []
    assert set(re.findall(r"/_sandbox/\w+", docs)) <= routes


def test_it_says_how_to_ask_it_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    world = World(root=tmp_path)
    plant(world, DEFAULT)
    introduce(world, as_json=False)
    *_, ada, _, last = capsys.readouterr().out.splitlines()
    token = ada.removeprefix("  token       ").removesuffix("  ada")
    assert last == f'Try: curl -H "Authorization: Bearer {token}" {world.url}/user'
