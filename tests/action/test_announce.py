from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from action.announce import announce, secret_name
from action.console import Console
from action.run import run
from tests.jobs import GitHubInMemory, policy_of

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own


class Chat(BaseHTTPRequestHandler):
    heard: list[dict[str, Any]]

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).heard.append(message)
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def chat() -> Iterator[str]:
    Chat.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_channel_is_told_and_a_failing_one_is_reported(chat: str) -> None:
    log = io.StringIO()
    deliveries = announce(
        ("team", "on-call", "pager"),
        title="Deploying 1.1.0",
        body="to production",
        environ={"NOTIFY_TEAM": f"{chat}/room", "NOTIFY_ON_CALL": f"{chat}/broken"},
        console=Console(github=False, stream=log),
    )
    assert [delivery.delivered for delivery in deliveries] == [True, False, False]
    assert {message["title"] for message in Chat.heard} == {"Deploying 1.1.0"}
    assert "told team: Deploying 1.1.0" in log.getvalue()
    assert "NOTIFY_PAGER is not set. Pass the secret under `env:` of the step." in log.getvalue()


def test_a_channels_secret_is_found_by_its_name() -> None:
    assert secret_name("on-call") == "NOTIFY_ON_CALL"


TOLD = """
checklist: [{item: Team notified, notified: before}]
notify: {before: [team], during: [team], after: [team], rollback: [team]}
steps: {deploy: {run: 'echo deploy >> story'}, smoke: [{run: 'test ! -f broken'}]}
rollback: {run: 'echo back >> story'}
"""


def test_a_deployment_is_told_before_during_and_after(desk_of: Any, chat: str) -> None:
    desk = desk_of(environ={"NOTIFY_TEAM": chat})
    result = run(desk.job, GitHubInMemory(policies=[policy_of(TOLD)]))
    assert result.status == "success"
    assert [message["title"] for message in Chat.heard] == [
        "Deploying 1.1.0 to production",
        "1.1.0 is out in production and being looked at",
        "1.1.0 is in production",
    ]


def test_a_team_that_must_know_and_was_not_told_holds_the_deployment(desk_of: Any) -> None:
    desk = desk_of()
    result = run(desk.job, GitHubInMemory(policies=[policy_of(TOLD)]))
    assert (result.status, result.exit_code) == ("waiting", 3)
    assert "NOTIFY_TEAM is not set" in desk.log
    assert desk.file("story") == ""
