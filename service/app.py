"""The web application: the door, what operators read, and pages for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.clients import Clients
from service.door import Door
from service.entries import Entries
from service.inbox import Inbox
from service.numbers import Numbers
from service.pages.login import Login
from service.pages.site import add_site
from service.pages.sources import Sources
from service.pages.standings import Standings
from service.queue import DELIVERY, Queue
from service.sessions import Sessions
from service.settings import Settings
from service.waiting import WaitingRoom
from service.workers import WEB, Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger()

WORKER_SILENT = 20.0  # seconds without a sign of life after which the worker counts as gone


def create_app(
    settings: Settings, engine: Engine, queue: Queue, clock: Callable[[], float]
) -> WSGIApplication:
    """The whole WSGI application, door first."""
    return Door(
        inside=_inside(settings, engine, clock),
        secrets=settings.webhook_secrets,
        inbox=Inbox(engine),
        hand_over=lambda guid: _hand_over(queue, guid),
        clock=clock,
    )


def _hand_over(queue: Queue, guid: str) -> None:
    """The delivery is safe already: what the queue does not take, the sweep finds."""
    try:
        queue.put(DELIVERY, guid)
    except Exception:
        log.exception("delivery.not_queued", delivery=guid)


def _inside(settings: Settings, engine: Engine, clock: Callable[[], float]) -> Flask:
    app = Flask("service")
    _add_what_operators_read(app, engine, clock)
    add_site(app, settings, Login(settings, Sessions(engine), clock), _sources(settings, engine, clock))
    return app


def _sources(settings: Settings, engine: Engine, clock: Callable[[], float]) -> Sources:
    return Sources(
        entries=Entries(engine),
        waiting=WaitingRoom(engine),
        standings=Standings(Clients(settings).github_for),
        clock=clock,
        server_url=settings.server_url,
    )


def _add_what_operators_read(app: Flask, engine: Engine, clock: Callable[[], float]) -> None:
    registry = CollectorRegistry()
    registry.register(Numbers(engine, clock))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        trouble = _trouble(engine, clock())
        return jsonify(status=trouble or "ready"), 503 if trouble else 200

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _trouble(engine: Engine, now: float) -> str:
    """Why we are not ready; empty when we are."""
    try:
        web = Workers(engine, WEB)
        web.give_sign(now)  # reading alone would not notice a database that is full
        seen_at = web.last_seen()
    except SQLAlchemyError as error:
        return f"the database does not answer: {type(error).__name__}"
    if seen_at is None or seen_at < now - WORKER_SILENT:
        return "no worker gives a sign of life: start `deploy-protocol serve worker`"
    return ""
