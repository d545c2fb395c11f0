"""A running sandbox with a small cast, for tests that talk to it as the outside does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import requests
from github import Auth, Github
from requests.structures import CaseInsensitiveDict

from sandbox.actions import LocalAction
from sandbox.server import Server, serve
from sandbox.state import App, HookDelivery, Installation
from sandbox.world import World
from tests.listening import listening

SHOP = "acme/shop"
FILES = {"README.md": "# Shop\n", "src/app.py": "print('hello')\n", "migrations/001.sql": "select 1;\n"}
PATIENCE = 60.0


@dataclass(kw_only=True)
class Client:
    """Plain HTTP as one caller. Paths start at the API's root."""

    url: str
    token: str | None
    session: requests.Session = field(repr=False)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, timeout=PATIENCE, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.ask("POST", path, json=body, **options)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.ask("PATCH", path, json=body)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("PUT", path, json=body)

    def delete(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("DELETE", path, json=body)


@dataclass(kw_only=True)
class Sandbox:
    """`acme/shop`: ada owns acme, grace may write, bo is a stranger."""

    world: World
    server: Server
    root: Path
    closing: ExitStack = field(repr=False)

    @property
    def url(self) -> str:
        return self.server.url

    def client(self, token: str | None = None) -> Client:
        session = self.closing.enter_context(requests.Session())
        session.trust_env = False
        return Client(url=self.url, token=token, session=session)

    def client_as(self, login: str) -> Client:
        return self.client(self.world.token_for(login))

    def client_of(self, app: App) -> Client:
        """Plain HTTP with the App's own JWT."""
        return self.client(app_jwt(self.world, app))

    def github(self, login: str) -> Github:
        return self._github(Auth.Token(self.world.token_for(login)))

    def github_of(self, app: App, installation: Installation) -> Github:
        """PyGithub with a token of this installation, made when first needed."""
        return self._github(Auth.AppAuth(app.id, app.private_key).get_installation_auth(installation.id))

    def _github(self, auth: Auth.Auth) -> Github:
        github = Github(
            auth=auth,
            base_url=self.url,
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=None,
        )
        self.closing.callback(github.close)
        return github

    def settle(self) -> None:
        """Wait until every webhook has been sent."""
        self.server.courier.settle()


@contextmanager
def start_sandbox(
    root: Path, *, run_workflows: bool = False, actions: Mapping[str, LocalAction] | None = None
) -> Iterator[Sandbox]:
    """A sandbox under `root`, stopped at the end. With `run_workflows` pushes start workflows."""
    world = World(root=root)
    for login in ("ada", "grace", "bo"):
        world.add_user(login)
    world.add_org("acme", owners=("ada",))
    world.add_repository(SHOP, files=FILES)
    world.add_collaborator(SHOP, "grace", "write")
    with ExitStack() as closing:
        server = serve(world, run_workflows=run_workflows, actions=actions)
        closing.callback(server.stop)
        yield Sandbox(world=world, server=server, root=root, closing=closing)


def app_jwt(world: World, app: App, **claims: Any) -> str:
    now = int(world.now().timestamp())
    whole = {"iat": now - 60, "exp": now + 300, "iss": str(app.id), **claims}
    return jwt.encode(whole, app.private_key, algorithm="RS256")


@dataclass(kw_only=True)
class Received:
    headers: CaseInsensitiveDict[str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["X-GitHub-Event"]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload


@dataclass(kw_only=True)
class Receiver:
    """An App's door that keeps what it gets and answers with `status`."""

    url: str
    received: list[Received]
    status: int = 202

    def wait_for(self, event: str, action: str | None = None) -> Received:
        give_up = time.monotonic() + PATIENCE
        while True:
            for one in list(self.received):
                if one.event == event and one.payload.get("action") == action:
                    return one
            assert time.monotonic() < give_up, [
                (one.event, one.payload.get("action")) for one in self.received
            ]
            time.sleep(0.01)


@contextmanager
def start_receiver() -> Iterator[Receiver]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(headers=CaseInsensitiveDict(self.headers.items()), body=body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    receiver = Receiver(url=f"http://127.0.0.1:{http.server_port}/webhook", received=[])
    with listening(http):
        yield receiver


def deliveries_of(world: World, event: str) -> list[HookDelivery]:
    with world.lock:
        return [delivery for delivery in world.deliveries if delivery.event == event]
