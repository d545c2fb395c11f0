"""The sandbox as a server on loopback: in a thread for tests, or as a process of its own."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.actions import LocalAction
from sandbox.http import create_app
from sandbox.recording import Recording, follow_as_asked
from sandbox.runner import Runner
from sandbox.seed import DEFAULT, SeedError, plant, read_actions, read_seed
from sandbox.webhooks import Courier
from sandbox.world import World


class QuietHandler(WSGIRequestHandler):
    """No line per request on standard error, and a connection cut on request is really closed."""

    protocol_version = "HTTP/1.1"  # git sends its packs in chunks

    def log(self, *_: object) -> None:
        return

    def connection_dropped(self, *_: object) -> None:
        self.close_connection = True


@dataclass(kw_only=True)
class Server:
    """A running sandbox. `stop` ends it and waits for its threads."""

    world: World
    courier: Courier = field(repr=False)
    runner: Runner | None = field(repr=False)
    http: BaseWSGIServer = field(repr=False)
    thread: threading.Thread = field(repr=False)

    @property
    def url(self) -> str:
        return self.world.url

    def stop(self) -> None:
        if self.runner is not None:
            self.runner.stop()
        self.courier.stop()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def serve(
    world: World,
    port: int = 0,
    *,
    run_workflows: bool = True,
    actions: Mapping[str, LocalAction] | None = None,
) -> Server:
    """Serve a world on 127.0.0.1; port 0 asks the operating system for a free one.

    With `run_workflows` a push starts the workflows it finds; `actions` are the container actions for them.
    """
    http = make_server("127.0.0.1", port, create_app(world), threaded=True, request_handler=QuietHandler)
    world.url = f"http://127.0.0.1:{http.server_port}"
    follow_as_asked(world)
    courier = Courier(world)
    runner = Runner(world, actions=actions).start() if run_workflows else None
    thread = threading.Thread(
        target=http.serve_forever, kwargs={"poll_interval": 0.005}, name="sandbox", daemon=True
    )
    thread.start()
    return Server(world=world, courier=courier, runner=runner, http=http, thread=thread)


class PlaceError(Exception):
    """A file, directory or port that cannot be used, with the cure."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sandbox until it is told to stop, and print where it is and how to get in."""
    asked = _arguments(argv)
    try:
        seed = read_seed(asked.seed) if asked.seed else DEFAULT
        _try_port(asked.port)
        world = World(root=_empty_directory(asked.root))
        if asked.record:
            Recording(_writable(asked.record)).follow(world)
    except (SeedError, PlaceError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    over = _told_to_stop()
    server = serve(world, asked.port, actions=read_actions(seed))
    try:
        plant(world, seed)
    except SeedError as error:
        print(f"{asked.seed}: {error}", file=sys.stderr)  # noqa: T201 - as above
        server.stop()
        return 2
    introduce(world, as_json=asked.json)
    over.wait()
    server.stop()
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy-protocol sandbox", description="A GitHub on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 asks for a free one")
    parser.add_argument("--root", type=Path, help="an empty directory for its git repositories")
    parser.add_argument(
        "--record", type=Path, help="append every exchange to this file, a JSON object a line"
    )
    parser.add_argument("--seed", type=Path, help="a YAML file of users, repositories and Apps to begin with")
    parser.add_argument("--json", action="store_true", help="introduce itself as one JSON object")
    return parser.parse_args(argv)


def _empty_directory(asked: Path | None) -> Path:
    if asked is None:
        return Path(tempfile.mkdtemp(prefix="sandbox-"))
    try:
        asked.mkdir(parents=True, exist_ok=True)
        taken = any(asked.iterdir())
    except OSError as error:
        why = f"{asked} cannot be used ({error.strerror}): name an empty directory, or none"
        raise PlaceError(why) from error
    if taken:
        raise PlaceError(f"{asked} is not empty: name an empty directory, or none")
    return asked


def _writable(record: Path) -> Path:
    """Tried before anything starts: an exchange that cannot be recorded has no answer."""
    try:
        record.open("a").close()
    except OSError as error:
        raise PlaceError(f"{record} cannot be written ({error.strerror}): name another file") from error
    return record


def _try_port(port: int) -> None:
    """Beforehand, since the server's own answer to one it cannot have is the end of the process."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            cure = "name another, or none for one that is free"
            raise PlaceError(f"--port: {port} cannot be used ({error.strerror}): {cure}") from error


def introduce(world: World, *, as_json: bool) -> None:
    people = [user.login for user in world.users.values() if user.kind == "User" and user.login != "github"]
    tokens = {login: world.token_for(login) for login in people}
    apps = [app for app in world.apps.values() if app.private_key]
    if as_json:
        keys = {
            app.slug: {"id": app.id, "client_id": app.client_id, "private_key": app.private_key}
            for app in apps
        }
        story = json.dumps({"url": world.url, "root": str(world.root), "tokens": tokens, "apps": keys})
    else:
        lines = [f"A GitHub of your own: {world.url}  (kept in {world.root})"]
        lines += [f"  repository  {world.url}/{one.full_name}.git" for one in world.repositories.values()]
        lines += [f"  token       {token}  {login}" for login, token in tokens.items()]
        lines += [f"  app         {app.id}  {app.slug}" for app in apps]
        first = next(iter(tokens.values()), "")
        lines.append(f'Try: curl -H "Authorization: Bearer {first}" {world.url}/user')
        story = "\n".join(lines)
    print(story, flush=True)  # noqa: T201 - this is a command


def _told_to_stop() -> threading.Event:
    """Set by a signal, however early it comes."""
    over = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: over.set())
    return over
