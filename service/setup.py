"""`serve setup`: registers the App on GitHub from a manifest, once, for whoever read the log."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from urllib.parse import quote

import structlog
from flask import Flask, Response, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.errors import GatewayError
from gateway.registration import Registration, convert_manifest
from gateway.tokens import PERMISSIONS
from service.events import EVENTS
from service.logs import configure_logs
from service.pages.problems import NotShown
from service.pages.site import HEADERS, prepare
from service.registration import registration_file, write_registration
from service.settings import SetupSettings, read_setup_settings

TOKEN = "DEPLOY_PROTOCOL_SETUP_TOKEN"  # noqa: S105 - the variable that hands it to the web server
DEFAULT_NAME = "Deployment Protocol"
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # an organisation, as GitHub names them
_LONGEST_NAME = 34  # GitHub's own limit for an App's name

log = structlog.get_logger()


def set_up(environ: Mapping[str, str]) -> int:
    """Say where to go, and wait there. Raises SettingsError."""
    settings = read_setup_settings(environ)
    token = secrets.token_urlsafe(32)
    os.environ[TOKEN] = token
    where = f"{settings.public_url}/setup?token={token}"
    print(f"To register the App, open {where}", file=sys.stderr, flush=True)  # noqa: T201 - for a person
    options = [f"--bind={settings.host}:{settings.port}", "--workers=1", "--threads=4", "--no-control-socket"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "service.setup:application()", *options])


def application() -> Flask:
    """The entry for gunicorn."""
    configure_logs()
    return create_setup(read_setup_settings(os.environ), os.environ[TOKEN])


def create_setup(settings: SetupSettings, token: str) -> Flask:
    """Nothing but the setup, and nothing at all without the token."""
    app = Flask("service")
    prepare(app, client_secret="", public_url=settings.public_url)
    setup = Setup(settings, token)
    app.get("/")(lambda: redirect(url_for("show")))
    app.get("/setup")(setup.show)
    app.get("/setup/callback")(setup.finish)
    app.get("/setup/done")(setup.tell)
    return app


class Setup:
    """One registration. Whoever has the token begins it, and the same browser ends it."""

    def __init__(self, settings: SetupSettings, token: str) -> None:
        self._settings = settings
        self._token = token
        self._made: Registration | None = None

    def show(self) -> AnyResponse:
        """First the name and the owner are asked, then GitHub is."""
        if "token" in request.args:
            return self._admit(request.args["token"])
        self._require_admitted()
        if self._made is not None:
            return redirect(url_for("tell"))
        owner, name = request.args.get("organisation", "").strip(), request.args.get("name", "").strip()
        if not name:
            return _page("setup.html", self._settings, name=DEFAULT_NAME)
        wrong = _wrong(owner, name)
        if wrong:
            return _page("setup.html", self._settings, name=name, organisation=owner, wrong=wrong)
        session["state"] = secrets.token_urlsafe(32)
        return _page(
            "manifest.html",
            self._settings,
            name=name,
            organisation=owner,
            action=f"{self._settings.server_url}{_form(owner)}?state={session['state']}",
            manifest=json.dumps(manifest(name, self._settings.public_url)),
            permissions=PERMISSIONS,
            events=sorted(EVENTS),
        )

    def finish(self) -> AnyResponse:
        """Back from GitHub: the code becomes the App's secrets, which go to the file and nowhere else."""
        self._require_admitted()
        state = session.get("state", "")
        if not state or not secrets.compare_digest(request.args.get("state", "").encode(), state.encode()):
            raise NotShown("setup.not_begun")
        try:
            made = convert_manifest(request.args.get("code", ""), api_url=self._settings.api_url)
            write_registration(self._settings.data_dir, made)
        except GatewayError as error:
            raise NotShown("setup.no_answer", str(error)) from error
        except OSError as error:
            raise NotShown("setup.not_written", str(error)) from error
        self._made = made
        session.pop("state")
        log.info("setup.done", app=made.app_id, name=made.name)
        return redirect(url_for("tell"))

    def tell(self) -> AnyResponse:
        self._require_admitted()
        if self._made is None:
            raise NotShown("page.not_found")
        file = registration_file(self._settings.data_dir).resolve()
        return _page("registered.html", self._settings, made=self._made, file=file)

    def _admit(self, given: str) -> AnyResponse:
        """The token leaves the address at once, so that nobody reads it there."""
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise NotShown("page.not_found")
        session["admitted"] = True
        return redirect(url_for("show"))

    def _require_admitted(self) -> None:
        """The cookie is signed with a key that only this process has."""
        if not session.get("admitted"):
            raise NotShown("page.not_found")


def manifest(name: str, public_url: str) -> dict[str, object]:
    """What the App is to be: exactly the permissions its tokens ask for and the events its door takes."""
    return {
        "name": name,
        "url": public_url,
        "hook_attributes": {"url": f"{public_url}/webhook", "active": True},
        "redirect_url": f"{public_url}/setup/callback",
        "callback_urls": [f"{public_url}/login/callback"],
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": sorted(EVENTS),
    }


def _form(organisation: str) -> str:
    """GitHub's page that takes a manifest."""
    return f"/organizations/{quote(organisation)}/settings/apps/new" if organisation else "/settings/apps/new"


def _wrong(organisation: str, name: str) -> str:
    if organisation and not _ACCOUNT.fullmatch(organisation):
        return f"'{organisation}' is not an organisation's name: write it as in its address on GitHub."
    if len(name) > _LONGEST_NAME:
        return f"The name has {len(name)} characters: GitHub takes {_LONGEST_NAME}."
    return ""


def _page(template: str, settings: SetupSettings, **shown: object) -> Response:
    """These pages alone may send a form to GitHub."""
    answer = make_response(render_template(template, settings=settings, **shown))
    policy = HEADERS["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = policy.replace(
        "form-action 'self'", f"form-action 'self' {settings.server_url}"
    )
    return answer
