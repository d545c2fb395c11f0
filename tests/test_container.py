"""The images built from the Dockerfile: deployments carried out as on GitHub's runner, and the App.

Only where `CONTAINER_ENGINE` names an engine, such as `docker` or `podman`: no package client installs one
that runs everywhere, nor the base image.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deaths import Scene, Theatre, theatre, wait_for
from tests.endings import Told, assert_told_once
from tests.started import Started, environ_for
from tests.waiting import waiting_shop

ROOT = Path(__file__).parents[1]
ENGINE = os.environ.get("CONTAINER_ENGINE", "")
RUN = (ENGINE, "run", "--rm", "--network", "host")
BUILD_MINUTES = 15
TOOLS = "bash git curl jq ssh squawk"
STEPS = f"""
steps:
  verify: {{run: 'which {TOOLS} > /dev/null && echo 1.0.0'}}
  backup: {{run: 'pwd > where; id -u > who; git status --short > changed'}}
  migrate: {{run: 'true', undo: 'true', lint: '*.sql'}}
  deploy: {{run: 'touch deployed'}}
  smoke: [{{name: It sells, run: 'touch smoking; test ! -e stuck || sleep 60'}}]
rollback: {{run: 'rm deployed'}}
"""

pytestmark = pytest.mark.skipif(
    not ENGINE, reason="CONTAINER_ENGINE names no engine (docker, podman) to build the image with"
)


@dataclass(frozen=True, kw_only=True)
class Container:
    """One that was begun; `name` is how the engine knows it."""

    name: str
    process: subprocess.Popen[str]

    def interrupt(self) -> None:
        engine("kill", "--signal", "INT", self.name)

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said."""
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, said


def engine(*arguments: str) -> str:
    done = subprocess.run([ENGINE, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def image() -> str:
    return built("action")


def built(target: str) -> str:
    tag = f"deploy-protocol-{target}:test"
    command = [ENGINE, "build", "--target", target, "--tag", tag, str(ROOT)]
    subprocess.run(command, check=True, timeout=BUILD_MINUTES * 60)
    return tag


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("containers")) as stage:
        yield stage


@pytest.fixture
def scene(stage: Theatre) -> Scene:
    """With a repository in its workspace, which belongs to somebody else than the container's root."""
    scene = stage.scene(STEPS)
    workspace = scene.directory / "workspace"
    subprocess.run(["git", "init", "--quiet", str(workspace)], check=True)
    with suppress(PermissionError):
        os.chown(workspace, 1001, 1001)
    return scene


def begin(image: str, scene: Scene, name: str, *options: str, **environ: str) -> Container:
    """As the runner does: its working directory, its home, its files by the same paths."""
    name = f"{scene.directory.name}-{name}-{os.getpid()}"
    given = {**scene.environ, **environ, "GITHUB_WORKSPACE": "/github/workspace", "HOME": "/github/home"}
    del given["PATH"]
    volumes = {
        str(scene.directory): str(scene.directory),
        f"{scene.directory}/workspace": "/github/workspace",
    }
    process = subprocess.Popen(
        [
            *(*RUN, "--name", name, "--workdir", "/github/workspace"),
            *_options("--env", "=", given),
            *_options("--volume", ":", volumes),
            *options,
            image,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Container(name=name, process=process)


def _options(option: str, between: str, pairs: Mapping[str, str]) -> list[str]:
    return [part for name, value in pairs.items() for part in (option, f"{name}{between}{value}")]


def end_of_job(image: str, scene: Scene) -> tuple[int, str]:
    state = dict(line.split("=", 1) for line in scene.text("state").splitlines())
    kept = {f"STATE_{name}": value for name, value in state.items()}
    entry = ("--entrypoint", "/usr/local/bin/deploy-protocol-post")
    return begin(image, scene, "post", *entry, **kept).ended()


def test_a_deployment_goes_through_in_the_image_with_the_tools_it_promises(image: str, scene: Scene) -> None:
    code, said = begin(image, scene, "run").ended()
    assert code == 0, said
    workspace = scene.directory / "workspace"
    written = [(workspace / name).read_text().strip() for name in ("where", "who")]
    assert written == ["/github/workspace", "0"]
    assert_told_once(Told.of(scene), "success")
    before = Told.of(scene)
    assert end_of_job(image, scene)[0] == 0
    assert Told.of(scene) == before


def test_process_1_asked_to_stop_goes_back_and_tells_it(image: str, scene: Scene) -> None:
    workspace = scene.directory / "workspace"
    (workspace / "stuck").touch()
    job = begin(image, scene, "stopped")
    wait_for((workspace / "smoking").exists, "it never came to its smoke test")
    job.interrupt()
    code, said = job.ended()
    assert code == 1, said
    assert not (workspace / "deployed").exists()
    assert_told_once(Told.of(scene), "rollback", "(SIGINT)", "during smoke")


def test_without_inputs_it_says_which_one_is_missing(image: str, scene: Scene) -> None:
    code, said = begin(image, scene, "bare", INPUT_ENVIRONMENT="").ended()
    assert (code, "Input 'environment' is empty" in said) == (2, True)


def test_the_app_runs_in_its_image_as_nobody_special_and_ends_when_asked(tmp_path: Path) -> None:
    with waiting_shop(tmp_path / "github") as shop:
        environ = environ_for(shop.played, tmp_path, shop.server.url, DATA_DIR="/var/lib/deploy-protocol")
        given = {name: value for name, value in environ.items() if name not in os.environ}
        name = f"app-{environ['PORT']}"
        command = [*RUN, "--name", name, *_options("--env", "=", given), built("service")]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        app = Started(url=environ["PUBLIC_URL"], process=process, output=tmp_path / "log")
        app.wait_until_ready()
        who = engine("exec", name, "id", "-u")
        engine("stop", name)
    assert int(who) > 0
    assert process.wait(60) == 0
    assert '"worker.stopped"' in app.said()
