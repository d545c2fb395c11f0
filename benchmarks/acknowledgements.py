"""Acknowledgements a second, ours beside Probot's, turn by turn in one run.

`python -m benchmarks.acknowledgements [--kept DIR]`. Needs node and npm. First an event neither
application uses, then one that both take: ours is in the database before the answer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.node import installed
from sandbox.world import World
from tests.started import SECRET, environ_for, free_port, started

TURNS, SECONDS, CONNECTIONS = 3, 5, 16
EVENTS = {"not ours": "star", "stored first": "pull_request_review"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    rate: float  # a second
    p99: float  # milliseconds
    bad: int  # answers other than 2xx, and none


def measure(node: Path, root: Path) -> dict[str, dict[str, list[Turn]]]:
    """By event, by application, a turn after the other."""
    world = World(root=root / "github")
    world.add_user("ada")
    environ = environ_for(world.add_app("gate", owner="ada"), root, "http://127.0.0.1:9")
    found: dict[str, dict[str, list[Turn]]] = {}
    with started(root, environ, "web") as ours, _probot(node, environ) as theirs:
        urls = {"probot": theirs, "ours": f"{ours.url}/webhook"}
        for url in urls.values():
            _wait_for(url)
        for name, event in EVENTS.items():
            file = root / f"{event}.json"
            file.write_text(json.dumps(example(node, event)))
            found[name] = {application: [] for application in urls}
            for application in [*urls] * TURNS:
                found[name][application].append(_turn(node, urls[application], event, file))
    return found


def example(node: Path, event: str) -> Any:
    """GitHub's own published payload."""
    return next(one for name, _, one in examples(node) if name == event)


def examples(node: Path) -> Iterator[tuple[str, str, Any]]:
    """Event, action and payload of everything GitHub publishes."""
    index = node / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
    for event in json.loads(index.read_text()):
        for payload in event["examples"]:
            yield event["name"], str(payload.get("action", "")), payload


@contextmanager
def _probot(node: Path, environ: Mapping[str, str]) -> Iterator[str]:
    port = free_port()
    settings = {
        **os.environ,
        "PORT": str(port),
        "PRIVATE_KEY": environ["GITHUB_APP_PRIVATE_KEY"],
        "WEBHOOK_SECRET": SECRET,
        "NODE_ENV": "production",
    }
    process = subprocess.Popen(["node", "app.mjs"], cwd=node, env=settings)
    try:
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(300):
        with suppress(requests.RequestException):
            requests.get(url, timeout=5)
            return
        time.sleep(0.1)
    raise TimeoutError(url)


def _turn(node: Path, url: str, event: str, file: Path) -> Turn:
    command = ["node", "load.mjs", url, event, str(file), str(SECONDS), str(CONNECTIONS)]
    environ = {**os.environ, "WEBHOOK_SECRET": SECRET}
    told = subprocess.run(command, cwd=node, env=environ, capture_output=True, text=True, check=True)
    said = json.loads(told.stdout)
    return Turn(rate=said["rate"], p99=said["p99"], bad=said["bad"])


def _line(name: str, turns: list[Turn]) -> str:
    rate = statistics.median(turn.rate for turn in turns)
    p99 = statistics.median(turn.p99 for turn in turns)
    return (
        f"  {name:<8} {rate:8.0f} a second   p99 {p99:6.1f} ms   not 2xx: {sum(turn.bad for turn in turns)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, help="install there, and use it again next time")
    asked = parser.parse_args()
    with installed(asked.kept) as node, tempfile.TemporaryDirectory(prefix="acknowledgements-") as home:
        found = measure(node, Path(home))
    for event, by_application in found.items():
        print(f"{event} (load {os.getloadavg()[0]:.1f})")
        for application, turns in by_application.items():
            print(_line(application, turns))
    medians = {name: statistics.median(t.rate for t in turns) for name, turns in found["not ours"].items()}
    print(f"ratio for an event that is not ours: {medians['ours'] / medians['probot']:.2f}")
    return 0 if medians["ours"] >= medians["probot"] else 1


if __name__ == "__main__":
    sys.exit(main())
