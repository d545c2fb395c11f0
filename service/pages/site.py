"""The pages under `/`: who may see them, what they all carry, and what is said when one cannot be shown."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Flask, g, redirect, render_template, request, session
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from service.clients import Clients
from service.entries import Entries
from service.pages.deployment import add_deployment
from service.pages.home import add_home
from service.pages.login import Login, login_address
from service.pages.problems import NotShown, Problem, problem_of
from service.pages.repository import add_repository
from service.pages.schedule import add_schedule
from service.pages.sources import Sources
from service.pages.standings import Standings
from service.pages.words import FILTERS
from service.sessions import Sessions
from service.settings import Settings
from service.waiting import WaitingRoom
from service.workers import WEB, Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Shown: TypeAlias = tuple[str, int]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

log = structlog.get_logger()


def create_site(settings: Settings, engine: Engine, clock: Callable[[], float]) -> Flask:
    """Every page, with what protects them."""
    app = Flask("service")
    login = Login(settings, Sessions(engine), clock)
    sources = Sources(
        entries=Entries(engine),
        waiting=WaitingRoom(engine),
        standings=Standings(_clients(settings, Workers(engine, WEB), clock).github_for),
        clock=clock,
        server_url=settings.server_url,
    )
    prepare(app, client_secret=settings.client_secret, public_url=settings.public_url)
    app.jinja_env.filters.update(FILTERS)
    pages = Blueprint("pages", __name__)
    pages.before_request(lambda: _admit(settings, login))
    add_home(pages, sources)
    add_repository(pages, sources)
    add_deployment(pages, sources)
    add_schedule(pages, sources)
    app.register_blueprint(login.routes)
    app.register_blueprint(pages)
    return app


def _clients(settings: Settings, web: Workers, clock: Callable[[], float]) -> Clients:
    """What pages ask counts: a small part of GitHub's limits is theirs, among all that show pages."""

    def pages() -> int:
        now = clock()
        web.seem_alive(now)
        return web.alive(now)

    return Clients(settings, lambda: datetime.fromtimestamp(clock(), UTC), pages=pages)


def prepare(app: Flask, *, client_secret: str, public_url: str) -> None:
    """The cookie, the headers, and pages in our words for what cannot be shown."""
    _prepare_cookie(app, client_secret, public_url)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.after_request(_with_headers)
    app.register_error_handler(NotShown, lambda error: _show(error.problem, error.detail))
    app.register_error_handler(HTTPException, lambda error: _show(problem_of(error.code or 500)))
    app.register_error_handler(Exception, _fail)
    app.wsgi_app = _below(urlsplit(public_url).path, app.wsgi_app)  # type: ignore[assignment, method-assign]


def _prepare_cookie(app: Flask, client_secret: str, public_url: str) -> None:
    """Signed with a key that no other use of the client secret can make; by chance where there is none."""
    secret = client_secret.encode() or secrets.token_bytes()
    app.secret_key = hmac.new(secret, b"session cookie", hashlib.sha256).digest()
    app.config.update(
        SESSION_COOKIE_NAME="deploy_protocol",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=public_url.startswith("https://"),
        SESSION_COOKIE_PATH=urlsplit(public_url).path or "/",
    )


def _admit(settings: Settings, login: Login) -> Response | None:
    """Only those whose rights are known freshly; who was here before goes by GitHub without a click."""
    if not settings.can_log_in:
        raise NotShown("login.not_configured")
    g.viewer = login.viewer()
    is_greeted = request.endpoint == "pages.home" and "login" not in session
    if g.viewer is not None or is_greeted:
        return None
    return redirect(login_address(iri_to_uri(request.script_root + request.full_path.rstrip("?"))))


def _with_headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _fail(error: Exception) -> Shown:
    log.error("page.failed", path=request.path, exc_info=error)
    return _show(problem_of(500))


def _show(problem: Problem, detail: str = "") -> Shown:
    return render_template("problem.html", problem=problem, detail=detail), problem.status


def _below(prefix: str, inside: Callable[..., Iterable[bytes]]) -> WSGIApplication:
    """Where PUBLIC_URL has a path, a proxy takes it off: our links put it on again."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return inside({**environ, "SCRIPT_NAME": prefix} if prefix else environ, start_response)

    return application
