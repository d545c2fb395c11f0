"""A served shop whose production waits for our App, for tests of the gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from gateway.app import App
from gateway.connection import Response
from gateway.github import GitHub
from gateway.lines import Lines
from gateway.tokens import PERMISSIONS, TO_LOOK, AppKey, InstallationTokens
from protocol.gate import Gate
from sandbox.server import Server, serve
from sandbox.state import App as PlayedApp
from sandbox.state import Installation, Repository
from sandbox.world import World
from tests.runner import private_key

SHOP, HOME = "acme/shop", "acme/.github"
PATIENCE = 60.0
POLICY = """\
version: 1
environments:
  production:
    deploy: manual
    approvals:
      - {name: Release manager, count: 1, from: ["team:acme/release-managers"]}
"""
PLAIN_POLICY = """\
version: 1
environments:
  production: {deploy: manual}
"""
WORKFLOW = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo out it goes
"""


@dataclass(kw_only=True)
class WaitingShop:
    """`acme/shop` of ada, with grace as a writer and a release manager; `gate` is its App."""

    server: Server
    played: PlayedApp
    installation: Installation
    responses: list[Response] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def repository(self) -> Repository:
        return self.world.repository(SHOP)

    def app(self) -> App:
        key = AppKey(app_id=str(self.played.id), private_key=self.played.private_key)
        return App(key, api_url=self.server.url, on_response=self.responses.append)

    def github(self, without: tuple[str, ...] = ()) -> GitHub:
        """The repository, as our App sees it, `without` some of its permissions."""
        permissions = {name: level for name, level in PERMISSIONS.items() if name not in without}
        tokens = InstallationTokens(self.app(), permissions=permissions)
        source = tokens.source(self.installation.id, SHOP)
        return GitHub(SHOP, source, api_url=self.server.url, on_response=self.responses.append)

    def looking(self, *, reconciled: bool = True) -> GitHub:
        """The repository as the service has it, with one thread beside: what is put last is done last."""
        tokens = InstallationTokens(self.app(), permissions=TO_LOOK, beside=".github")
        if reconciled:
            tokens.learn(self.installation.id, [one.full_name for one in self.installation.repositories])
        return GitHub(
            SHOP,
            InstallationTokens(self.app()).source(self.installation.id, SHOP),
            looking=tokens.source(self.installation.id, SHOP),
            api_url=self.server.url,
            on_response=self.responses.append,
            lines=Lines(threads=1),
        )

    def add_home(self, policy: str | None, *, private: bool = True, ours: bool = True) -> None:
        """Acme's `.github`, with a policy or none, which the App is installed on or not."""
        files = {"README.md": "Ours\n"} if policy is None else {".github/deploy.yml": policy}
        home = self.world.add_repository(HOME, files=files, private=private)
        if ours:
            self.installation.repositories.append(home)

    def github_with(self, token: str) -> GitHub:
        """The repository, as the owner of a token sees it."""
        return GitHub(SHOP, lambda: token, api_url=self.server.url, on_response=self.responses.append)

    def push(self, policy: str = PLAIN_POLICY, **files: str) -> Gate:
        """A push by ada that deploys, and the gate it waits at."""
        named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
        content = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": WORKFLOW, **named}
        with self.world.lock:  # a service that runs beside us answers only when we have seen the gate
            sha = self.world.commit(SHOP, content, "Change it", author=self.world.user("ada"))
            return self.gate_of(sha)

    def merged(self, *, policy: str = PLAIN_POLICY, body: str = "", **files: str) -> tuple[int, Gate]:
        """A pull request by ada, merged by grace: its number, and the gate its merge waits at."""
        with_workflow = {".github/deploy.yml": policy, ".github/workflows/deploy.yml": WORKFLOW}
        if not self.repository.runs:
            self.world.commit(SHOP, with_workflow, "Policy", quiet=True)
        self.world.commit(
            SHOP, files or {"shop.py": "print()\n"}, "Sell", branch="sell", author=self.world.user("ada")
        )
        fields = {"title": "Sell more", "head": "sell", "base": "main", "body": body}
        number = self.ask("POST", "/pulls", fields)["number"]
        merged = self.ask("PUT", f"/pulls/{number}/merge", {}, by="grace")
        return number, self.gate_of(merged["sha"])

    def gate_of(self, sha: str) -> Gate:
        def waits() -> bool:
            return any(run.head_sha == sha and run.pending for run in self.repository.runs.values())

        self.wait(waits)
        run = next(run for run in self.repository.runs.values() if run.head_sha == sha and run.pending)
        deployment = run.pending[0].deployment
        return Gate(
            repository=SHOP,
            run_id=run.id,
            environment="production",
            sha=sha,
            ref=run.ref,
            requested_at=run.pending[0].since,
            deployment_id=deployment.id if deployment else None,
            installation_id=self.installation.id,
        )

    def ask(self, method: str, path: str, body: Any = None, *, by: str = "ada") -> Any:
        """The JSON answer to a person's request under the repository."""
        headers = {"Authorization": f"Bearer {self.world.token_for(by)}"}
        url = f"{self.server.url}/repos/{SHOP}{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=PATIENCE)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def wait(self, until: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE
        while True:
            with self.world.lock:
                if until():
                    return
            assert time.monotonic() < give_up, "it never came to that"
            time.sleep(0.01)


@contextmanager
def waiting_shop(root: Path) -> Iterator[WaitingShop]:
    world = World(root=root)
    ada = world.add_user("ada")
    for login in ("grace", "bo"):
        world.add_user(login)
    world.add_org("acme", owners=("ada",), members=("grace",))
    world.add_team("acme", "release-managers", members=("grace",))
    world.add_repository(SHOP, files={"README.md": "A shop.\n"}, author=ada)
    world.add_collaborator(SHOP, "grace")
    server = serve(world)
    played = world.add_app("gate", owner="acme", permissions=dict(PERMISSIONS), private_key=private_key())
    installation = world.install(played, SHOP)
    world.add_environment(SHOP, "production", custom=(played,))
    try:
        yield WaitingShop(server=server, played=played, installation=installation)
    finally:
        server.stop()


def now() -> datetime:
    return datetime.now(UTC)
