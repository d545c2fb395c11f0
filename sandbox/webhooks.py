"""Webhooks: each event signed and sent to the Apps that asked for it, in the order it happened."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

from sandbox.shapes.accounts import account_shape, organization_shape
from sandbox.shapes.apps import installation_shape
from sandbox.shapes.basics import node_id
from sandbox.shapes.repositories import repository_shape, short_repository_shape
from sandbox.state import App, Event, HookDelivery, Installation, Organization
from sandbox.world import World

SECONDS_TO_ANSWER = 10.0
ALWAYS_SENT = ("installation", "installation_repositories", "github_app_authorization", "ping")
KEPT_BODY = 10_000


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Courier:
    """Listens to the world, writes a delivery for each subscribed App, and sends them one after another."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._waiting: queue.Queue[HookDelivery | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="sandbox-courier", daemon=True)
        world.on_event.append(self.take)
        world.on_delivery.append(self._waiting.put)
        self._thread.start()

    def take(self, event: Event) -> None:
        for app, installation in _receivers(self.world, event):
            delivery = write_delivery(self.world, app, installation, event)
            fault = self.world.faults.take("POST", event.name, "webhook_drop", "webhook_duplicate")
            match fault.kind if fault else None:
                case "webhook_drop":
                    delivery.status, delivery.status_code = "timed out", 0
                case "webhook_duplicate":
                    self.world.send(delivery)
                    self.world.send(delivery)
                case _:
                    self.world.send(delivery)

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until everything taken so far has been sent; raises TimeoutError when it is not in time."""
        until = time.monotonic() + seconds
        while self._waiting.unfinished_tasks:
            if time.monotonic() > until:
                raise TimeoutError(f"Webhooks are still on their way after {seconds} s.")
            time.sleep(0.005)

    def stop(self) -> None:
        self.world.on_event.remove(self.take)
        self.world.on_delivery.remove(self._waiting.put)
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (delivery := self._waiting.get()) is not None:
            try:
                deliver(self.world, delivery)
            finally:
                self._waiting.task_done()
        self._waiting.task_done()


def _receivers(world: World, event: Event) -> list[tuple[App, Installation | None]]:
    chosen: list[tuple[App, Installation | None]] = []
    for app in world.apps.values():
        if app.webhook_url is None or (event.only is not None and event.only is not app):
            continue
        installation = _installation_for(world, app, event)
        if installation is None or (installation.suspended_at and event.name != "installation"):
            continue
        if event.name in (*ALWAYS_SENT, *installation.events) or event.only is app:
            chosen.append((app, installation))
    return chosen


def _installation_for(world: World, app: App, event: Event) -> Installation | None:
    if event.installation is not None:
        return event.installation if event.installation.app is app else None
    return world.installation_of(app, event.repository) if event.repository else None


def write_delivery(world: World, app: App, installation: Installation | None, event: Event) -> HookDelivery:
    """The record of a delivery about to be tried, with the payload as it stands now."""
    delivery = HookDelivery(
        id=world.next_id(),
        guid=str(uuid.uuid4()),
        app=app,
        event=event.name,
        action=event.action,
        installation=installation,
        repository=event.repository,
        payload=_payload(world, installation, event),
        url=app.webhook_url or "",
        delivered_at=world.now(),
    )
    world.deliveries.append(delivery)
    return delivery


def redeliver(world: World, known: HookDelivery) -> HookDelivery:
    """A new attempt under the same GUID."""
    again = HookDelivery(
        id=world.next_id(),
        guid=known.guid,
        app=known.app,
        event=known.event,
        action=known.action,
        installation=known.installation,
        repository=known.repository,
        payload=known.payload,
        redelivery=True,
        url=known.app.webhook_url or known.url,
        delivered_at=world.now(),
    )
    world.deliveries.append(again)
    world.send(again)
    return again


def _payload(world: World, installation: Installation | None, event: Event) -> dict[str, Any]:
    """GitHub's frame around an event: action, repository, organization, installation, sender."""
    payload: dict[str, Any] = {} if event.action is None else {"action": event.action}
    payload |= event.payload
    repository = event.repository
    if repository is not None:
        payload.setdefault("repository", repository_shape(world, repository))
        if isinstance(repository.owner, Organization):
            payload["organization"] = organization_shape(world, repository.owner)
    if installation is not None:
        payload["installation"] = _installation_part(world, installation, event)
    if event.name.startswith("installation") and installation is not None:
        payload |= _installed(installation, event)
    return {**payload, "sender": account_shape(world, event.sender)}


def _installation_part(world: World, installation: Installation, event: Event) -> dict[str, Any]:
    if event.name.startswith("installation"):
        return installation_shape(world, installation)
    return {"id": installation.id, "node_id": node_id("IntegrationInstallation", installation.id)}


def _installed(installation: Installation, event: Event) -> dict[str, Any]:
    """What an installation covers, or what it got."""
    if event.name == "installation":
        return {
            "repositories": [short_repository_shape(one) for one in installation.repositories],
            "requester": None,
        }
    return {
        "repository_selection": "all" if installation.everywhere else "selected",
        "repositories_added": [short_repository_shape(one) for one in event.repositories],
        "repositories_removed": [],
        "requester": None,
    }


def deliver(world: World, delivery: HookDelivery) -> None:
    """Send it and write down how it went."""
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    headers = _headers(delivery, body)
    request = urllib.request.Request(delivery.url, data=body, headers=headers, method="POST")  # noqa: S310
    started = time.monotonic()
    try:
        with _direct().open(request, timeout=SECONDS_TO_ANSWER) as response:
            code, text, back = response.status, response.read(KEPT_BODY), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            code, text, back = error.code, error.read(KEPT_BODY), dict(error.headers)
    except OSError as error:
        code, text, back = 0, str(error).encode(), {}
    with world.lock:
        delivery.duration = time.monotonic() - started
        delivery.status_code = code
        delivery.status = _status_words(code)
        delivery.request_headers = headers
        delivery.response_headers = back
        delivery.response_body = text.decode(errors="replace")
        delivery.delivered_at = world.now()


def _headers(delivery: HookDelivery, body: bytes) -> dict[str, str]:
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a0dbf4",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    if delivery.app.webhook_secret:
        headers["X-Hub-Signature-256"] = sign(delivery.app.webhook_secret, body)
    return headers


def _direct() -> urllib.request.OpenerDirector:
    """Loopback needs no proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _status_words(code: int) -> str:
    if code == 0:
        return "failed to connect to host"
    return "OK" if 200 <= code < 400 else f"Invalid HTTP Response: {code}"  # noqa: PLR2004
