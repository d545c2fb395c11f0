"""Every example payload GitHub publishes, signed and sent to the App: only 2xx, and none of them dies inside.

`python -m benchmarks.examples [--kept DIR]`. Needs npm for `@octokit/webhooks-examples`.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import requests

from benchmarks.acknowledgements import examples
from benchmarks.node import installed
from sandbox.server import serve
from sandbox.webhooks import sign
from sandbox.world import World
from service.inbox import Inbox
from service.tables import open_database
from tests.started import SECRET, Started, environ_for, started


def send_all(node: Path, root: Path) -> tuple[collections.Counter[int], dict[str, int]]:
    """How often each status was answered, and how many deliveries ended in each state."""
    world = World(root=root / "github")
    world.add_user("ada")
    server = serve(world, run_workflows=False)
    database = f"sqlite:///{root / 'examples.sqlite3'}"
    environ = environ_for(world.add_app("gate", owner="ada"), root, server.url)
    with started(root, {**environ, "DATABASE_URL": database}) as service:
        service.wait_until_ready()
        answers = collections.Counter(_send(service, name, payload) for name, _, payload in examples(node))
        engine = open_database(database)
        states = _settled(Inbox(engine))
        engine.dispose()
    server.stop()
    return answers, states


def _send(service: Started, event: str, payload: object) -> int:
    body = json.dumps(payload).encode()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": sign(SECRET, body),
    }
    return requests.post(f"{service.url}/webhook", data=body, headers=headers, timeout=30).status_code


def _settled(inbox: Inbox) -> dict[str, int]:
    give_up = time.monotonic() + 30
    while inbox.counts().get("new") and time.monotonic() < give_up:
        time.sleep(0.2)
    return dict(inbox.counts())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, help="install there, and use it again next time")
    asked = parser.parse_args()
    with installed(asked.kept) as node, tempfile.TemporaryDirectory(prefix="examples-") as home:
        answers, states = send_all(node, Path(home))
    print(f"answered {dict(answers)}, taken in and then {states}")
    return 0 if all(200 <= status < 300 for status in answers) and not states.get("dead") else 1


if __name__ == "__main__":
    sys.exit(main())
