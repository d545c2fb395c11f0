"""Shapes of payloads, whole and broken: every one is acknowledged or refused, none dies inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import Client

from sandbox.webhooks import sign
from service.app import create_app
from service.events import EVENTS
from tests.serving import SECRET, Served, serving

REPOSITORY = {"id": 1, "name": "shop", "full_name": "acme/shop", "owner": {"login": "acme"}}
FRAME = {"repository": REPOSITORY, "sender": {"login": "ada"}, "installation": {"id": 5}}
BROKEN: dict[str, Any] = {
    "no frame": {},
    "repository is null": {**FRAME, "repository": None},
    "repository is a text": {**FRAME, "repository": "acme/shop"},
    "name of no owner": {**FRAME, "repository": {"full_name": "shop"}},
    "name is a number": {**FRAME, "repository": {"full_name": 7}},
    "installation is a list": {**FRAME, "installation": [5]},
    "installation is true": {**FRAME, "installation": {"id": True}},
    "installation beyond every number": {**FRAME, "installation": {"id": 1 << 70}},
    "name no database keeps": {**FRAME, "repository": {"full_name": "acme/sh\0p"}},
    "name with half a character": {**FRAME, "repository": {"full_name": "acme/sh\ud800p"}},
    "sender is null": {**FRAME, "sender": None},
    "unknown fields": {**FRAME, "surprise": {"deep": [{"er": None}]}},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(Path(tmp_path_factory.mktemp("shapes"))) as served:
        yield served


def send(served: Served, event: str, payload: dict[str, Any]) -> int:
    body = json.dumps(payload).encode()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": sign(SECRET, body),
    }
    client = Client(create_app(served.settings, served.engine, served.queue, served.clock))
    return client.post("/webhook", data=body, headers=headers).status_code


@pytest.mark.parametrize("shape", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("event", sorted(EVENTS))
def test_peers_9_an_odd_shape_of_any_event_is_taken_and_does_not_die(
    served: Served, event: str, shape: dict[str, Any]
) -> None:
    for action in sorted(EVENTS[event])[:2] or [""]:
        payload = {**shape, "action": action} if action else shape
        assert send(served, event, payload) == 202
    while (task := served.queue.huey.dequeue()) is not None:
        served.queue.huey.execute(task)
    assert [one.error for one in served.deliveries() if "GitHub" not in one.error and one.error] == []
