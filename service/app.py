"""The web application: the door, what operators read, and pages for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.door import Door
from service.inbox import Inbox
from service.numbers import Numbers
from service.queue import DELIVERY, Queue
from service.settings import Settings
from service.workers import SILENT, WEB, Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

FOR_OPERATORS = ("/healthz", "/readyz", "/metrics")


def create_app(
    settings: Settings, engine: Engine, queue: Queue, clock: Callable[[], float]
) -> WSGIApplication:
    """The whole WSGI application, door first."""
    return Door(
        inside=_inside(settings, engine, clock),
        secrets=settings.webhook_secrets,
        inbox=Inbox(engine),
        hand_over=lambda guids: _hand_over(queue, guids),
        clock=clock,
    )


def _hand_over(queue: Queue, guids: Sequence[str]) -> None:
    """The deliveries are safe already: what the queue does not take, the sweep finds."""
    try:
        queue.put(DELIVERY, *guids)
    except Exception:
        log.exception("delivery.not_queued", deliveries=guids)


def _inside(settings: Settings, engine: Engine, clock: Callable[[], float]) -> WSGIApplication:
    """Pages are built when first looked at: most web processes only ever take in webhooks."""
    operators = _operators(engine, clock)

    @cache
    def site() -> Flask:
        from service.pages.site import create_site  # noqa: PLC0415 - a third of the memory, and half a second

        return create_site(settings, engine, clock)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app = operators if environ.get("PATH_INFO") in FOR_OPERATORS else site()
        return app(environ, start_response)

    return application


def _operators(engine: Engine, clock: Callable[[], float]) -> Flask:
    app = Flask("service", static_folder=None)
    app.register_error_handler(SQLAlchemyError, lambda error: (f"{_silent(error)}\n", 503))
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

    return app


def _silent(error: Exception) -> str:
    return f"the database does not answer: {type(error).__name__}"


def _trouble(engine: Engine, now: float) -> str:
    """Why we are not ready; empty when we are."""
    try:
        web = Workers(engine, WEB)
        web.give_sign(now)  # reading alone would not notice a database that is full
        seen_at = web.last_seen()
    except SQLAlchemyError as error:
        return _silent(error)
    if seen_at is None or seen_at < now - SILENT:
        return "no worker gives a sign of life: start `deploy-protocol serve worker`"
    return ""
