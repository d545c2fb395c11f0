"""What crosses the wire, kept as one JSON object a line, for whoever wants to judge it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from sandbox.state import HookDelivery
from sandbox.world import Exchange, World

DIRECTORY = "SANDBOX_RECORD"
"""An environment variable: the directory in which every sandbox keeps a file of its own."""


class Recording:
    """Appends to a file before an answer leaves, so that who has the answer can read the record."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()

    def follow(self, world: World) -> None:
        world.on_exchange.append(self.exchange)
        world.on_delivery.append(self.delivery)

    def exchange(self, exchange: Exchange) -> None:
        self._write(
            {
                "method": exchange.method,
                "template": exchange.template,
                "path": exchange.path,
                "query": exchange.query,
                "status": exchange.status,
                "request": exchange.request_body,
                "response": exchange.response_body,
                "who": exchange.who,
            }
        )

    def delivery(self, delivery: HookDelivery) -> None:
        self._write({"event": delivery.event, "request": delivery.payload})

    def _write(self, line: Mapping[str, Any]) -> None:
        with self._one_at_a_time, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def follow_as_asked(world: World) -> None:
    """Record this world where the environment says so."""
    directory = os.environ.get(DIRECTORY)
    if directory:
        Recording(Path(directory, f"{os.getpid()}-{uuid4().hex}.jsonl")).follow(world)
