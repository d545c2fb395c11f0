from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def handlers_as_before() -> Iterator[None]:
    """A sandbox as a command listens to signals, which this process has its own ways for."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("peple: []", "unknown part 'peple'"),
        ("users: [", "cannot be read"),
        ("users: [\xff]", "cannot be read"),
        ("- ada", "is no mapping. A seed has: users"),
        ("users: 5", "'users' must be a list"),
        ("users: [ada, 5]", r"seed.yml: 'users\[2\]' must be text"),
        ("repositories: {acme/shop: 5}", "'repositories.acme/shop' must be a mapping"),
        ("repositories: {acme/shop: {files: 5}}", "'repositories.acme/shop.files' must be text or a mapping"),
        (
            "repositories: {acme/shop: {environments: {live: {wait_minutes: soon}}}}",
            "'repositories.acme/shop.environments.live.wait_minutes' must be a whole number",
        ),
        ("organizations: {acme: {owners: ada}}", "'organizations.acme.owners' must be a list"),
        ("organizations: {1: {owners: [ada]}}", "the name in 'organizations.1' must be text"),
        ("apps: {gate: {permissions: {checks: 1}}}", "'apps.gate.permissions.checks' must be text"),
        ("apps: {gate: }", "'apps.gate' needs 'owner'"),
        ("actions: {acme/deploy: {env: {A: b}}}", "'actions.acme/deploy' needs 'directory'"),
        ("repositories: [acme/shop]", "'repositories' must be a mapping"),
    ],
    ids=[
        "unknown part",
        "not YAML",
        "not UTF-8",
        "a list",
        "users as a number",
        "a user as a number",
        "a repository as a number",
        "files as a number",
        "minutes as a word",
        "owners as a word",
        "an organization whose name is a number",
        "a permission as a number",
        "an App of nobody",
        "an action that is nowhere",
        "repositories as a list",
    ],
)
def test_a_wrong_seed_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "seed.yml").write_text(text, encoding="latin-1")
    with pytest.raises(SeedError, match=said):
        read_seed(tmp_path / "seed.yml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repositories: {ada/shop: {}}", "'repositories.ada/shop' names 'ada', which is not in the seed."),
        ("users: [ada]\nrepositories: {shop: {}}", "'repositories.shop' cannot be made: "),
        (
            "users: [ada]\nrepositories: {ada/shop: {environments: {live: {custom: [gate]}}}}",
            "'repositories.ada/shop.environments.live' names 'gate', which is not in the seed.",
        ),
    ],
    ids=["an owner", "a repository without one", "an App"],
)
def test_a_seed_that_names_what_it_does_not_have_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text(text)
    with handlers_as_before():
        assert main(["--seed", str(seed), "--root", str(tmp_path / "root")]) == 2
    assert capsys.readouterr().err.startswith(f"{seed}: {said}")


def test_what_is_left_empty_in_a_seed_is_as_if_left_out(tmp_path: Path) -> None:
    (tmp_path / "seed.yml").write_text(
        "users: [ada]\norganizations:\nrepositories: {ada/shop: {environments: {live: }, teams: }}\n"
    )
    world = World(root=tmp_path / "root")
    plant(world, read_seed(tmp_path / "seed.yml"))
    assert list(world.repository("ada/shop").environments) == ["live"]


def test_a_port_in_use_is_named_with_the_cure(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    cure = "name another, or none for one that is free"
    said = f"--port: {port} cannot be used (Address already in use): {cure}\n"
    assert capsys.readouterr().err == said


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
