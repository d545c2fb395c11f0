"""What a person's browser meets: registering an App from a manifest, and signing in with OAuth.

There is nobody to click, so the sandbox agrees at once: as `login` of the query, or as the first person.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.answers import Answer, ok, unprocessable
from sandbox.routing import Call, Routes
from sandbox.state import App, Token, User
from sandbox.world import SignIn

routes = Routes()


@routes.post("/settings/apps/new")
def register_for_a_person(call: Call) -> Answer:
    return _register(call, _person(call).login)


@routes.post("/organizations/{org}/settings/apps/new")
def register_for_an_organization(call: Call) -> Answer:
    return _register(call, call.path["org"])


def _register(call: Call, owner: str) -> Answer:
    """See https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest."""
    manifest = _manifest(call)
    hook = manifest.get("hook_attributes") or {}
    app = call.world.add_app(
        manifest["name"].lower().replace(" ", "-"),
        owner=owner,
        permissions=manifest.get("default_permissions"),
        events=tuple(manifest.get("default_events", ())),
        webhook_url=hook.get("url") if hook.get("active", True) else None,
        webhook_secret=secrets.token_hex(20),
    )
    app.callback_urls = tuple(manifest.get("callback_urls", ()))
    code = secrets.token_hex(20)
    call.world.manifests[code] = app
    return _redirect(manifest["redirect_url"], code=code, state=call.query.get("state"))


def _manifest(call: Call) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(call.want("AppManifest", "manifest", str))
    except ValueError:
        raise unprocessable("The manifest is not JSON.") from None
    for name in ("name", "url", "redirect_url"):
        if not manifest.get(name):
            raise unprocessable(f"The manifest lacks '{name}'.")
    return manifest


@routes.get("/login/oauth/authorize")
def authorize(call: Call) -> Answer:
    app = _client(call, call.query.get("client_id"))
    wanted = call.query.get("redirect_uri") or (app.callback_urls or ("",))[0]
    if not urlsplit(wanted).scheme or (app.callback_urls and wanted not in app.callback_urls):
        raise unprocessable("The redirect_uri is not associated with this application.")
    if call.query.get("code_challenge_method", "S256") != "S256":
        raise unprocessable("code_challenge_method must be S256.")
    code = secrets.token_hex(10)
    call.world.sign_ins[code] = SignIn(
        app=app, user=_person(call), redirect_uri=wanted, challenge=call.query.get("code_challenge")
    )
    return _redirect(wanted, code=code, state=call.query.get("state"))


@routes.post("/login/oauth/access_token")
def exchange_code(call: Call) -> Answer:
    """200 with a token, or 200 with an `error`, as GitHub answers."""
    sign_in = call.world.sign_ins.pop(str(call.get("code")), None)
    if sign_in is None or not _proved(sign_in, call.get("code_verifier")):
        return ok(_oauth_error("bad_verification_code", "The code passed is incorrect or expired."))
    app = sign_in.app
    if (call.get("client_id"), call.get("client_secret")) != (app.client_id, app.client_secret):
        return ok(
            _oauth_error("incorrect_client_credentials", "The client_id and/or client_secret are wrong.")
        )
    if call.get("redirect_uri") not in (None, sign_in.redirect_uri):
        return ok(_oauth_error("redirect_uri_mismatch", "The redirect_uri must match the one registered."))
    return ok(_user_token(call, sign_in))


def _proved(sign_in: SignIn, verifier: str | None) -> bool:
    """As https://www.rfc-editor.org/rfc/rfc7636#section-4.6 has it."""
    if sign_in.challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == sign_in.challenge


def _user_token(call: Call, sign_in: SignIn) -> dict[str, Any]:
    text = f"ghu_{secrets.token_hex(18)}"
    call.world.tokens[text] = Token(
        text=text,
        kind="user",
        user=sign_in.user,
        app=sign_in.app,
        expires_at=call.world.now() + call.world.user_token_life,
    )
    return {
        "access_token": text,
        "expires_in": int(call.world.user_token_life.total_seconds()),
        "refresh_token": f"ghr_{secrets.token_hex(38)}",
        "refresh_token_expires_in": 15_897_600,
        "scope": "",
        "token_type": "bearer",
    }


def _oauth_error(code: str, description: str) -> dict[str, str]:
    return {"error": code, "error_description": description}


def _client(call: Call, client_id: str | None) -> App:
    found = next((app for app in call.world.apps.values() if app.client_id == client_id), None)
    if found is None:
        raise unprocessable("No App has this client_id.")
    return found


def _person(call: Call) -> User:
    asked = call.query.get("login")
    if asked and asked.lower() in call.world.users:
        return call.world.user(asked)
    return next(user for user in call.world.users.values() if user.kind == "User" and user.login != "github")


def _redirect(to: str, **query: str | None) -> Answer:
    given = {name: value for name, value in query.items() if value is not None}
    joint = "&" if urlsplit(to).query else "?"
    return Answer(status=302, body={}, headers={"Location": f"{to}{joint}{urlencode(given)}"})
