"""A job killed for good and the App that tells of it: whoever comes late finds what the other wrote."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from gateway.app import App
from gateway.github import GitHub
from gateway.tokens import PERMISSIONS, AppKey, InstallationTokens
from service.lost_jobs import EndedRun, end_what_was_left
from tests.deaths import Scene, Theatre, theatre, wait_for
from tests.endings import SIMPLE, stuck_in
from tests.runner import private_key
from tests.waiting import now


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("late")) as stage:
        yield stage


@dataclass(frozen=True, kw_only=True)
class Killed:
    """A real job killed during its deploy step; its run is over, and its end has not come yet."""

    scene: Scene
    app: GitHub

    def look(self) -> None:
        end_what_was_left(self.app, EndedRun(run_id=self.scene.run.id), now)

    def end_of_job(self) -> None:
        self.scene.end_of_job()


@pytest.fixture
def killed(stage: Theatre) -> Killed:
    scene = stage.scene(SIMPLE, stuck_at="deploy", merged=True)
    job = stuck_in(scene)
    job.signal(signal.SIGKILL)
    job.wait()
    scene.container_ends()
    _end_run(scene)
    return Killed(scene=scene, app=_app_of(scene))


def _end_run(scene: Scene) -> None:
    [pending] = scene.run.pending
    answer = {"environment_ids": [pending.environment.id], "state": "rejected", "comment": "Lost"}
    ada = scene.theatre.sandbox.client_as("ada")
    assert ada.post(f"/repos/{scene.name}/actions/runs/{scene.run.id}/pending_deployments", answer).ok
    wait_for(lambda: scene.run.status == "completed", "the run never ended")


def _app_of(scene: Scene) -> GitHub:
    world, url = scene.theatre.sandbox.world, scene.theatre.sandbox.url
    slug = scene.name.rpartition("/")[2]
    played = world.add_app(slug, owner="acme", permissions=dict(PERMISSIONS), private_key=private_key())
    app = App(AppKey(app_id=str(played.id), private_key=played.private_key), api_url=url)
    source = InstallationTokens(app).source(world.install(played, scene.name).id, scene.name)
    return GitHub(scene.name, source, api_url=url)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param((Killed.look, Killed.end_of_job, Killed.look), id="the App first"),
        pytest.param((Killed.end_of_job, Killed.look, Killed.end_of_job), id="its own end first"),
    ],
)
def test_whoever_comes_late_leaves_one_entry_one_issue_and_one_line(
    killed: Killed, order: tuple[Callable[[Killed], None], ...]
) -> None:
    for comes in order:
        comes(killed)
    scene = killed.scene
    [entry], [issue], [remark] = scene.entries, scene.issues, scene.remarks
    assert (entry.status, issue.title) == ("stopped", "production: 1.1.0 was stopped")
    assert entry.issues[0].startswith(
        "the job ended during deploy; these had passed: verify, backup, migrate"
    )
    assert entry.document_url.endswith(f"/issues/{issue.number}")
    assert remark.count("- production: ") == 1
    assert "- production: Stopped - 1.1.0" in remark
    assert scene.made[0].statuses[-1].state == "error"
