"""Logging in with GitHub: its token is used once, to ask what the person may see, and then forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from gateway.errors import GatewayError
from gateway.viewer import Viewer, read_viewer
from service.pages.problems import NotShown
from service.sessions import Sessions
from service.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

SIGHT = 900.0  # seconds after which GitHub is asked again what a person may see
_BEGUN_WITHIN = 600.0  # seconds
_MOST_BEGUN = 5  # in one browser, as when many pages are opened at once
_TIMEOUT = 15  # seconds
_LONGEST_TARGET = 300  # characters: a cookie has no more room for five of them
_WORDS = ("name", "login", "form_token")  # of the cookie

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserToken:
    value: str = field(repr=False)
    seconds: float  # that it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A login that this browser began: what proves it to be ours, and where it leads."""

    state: str
    verifier: str = field(repr=False)
    at: float
    target: str


class Login:
    """The routes /login, /login/callback and /logout, and who is logged in."""

    def __init__(self, settings: Settings, sessions: Sessions, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._sessions = sessions
        self._clock = clock
        self.routes = Blueprint("login", __name__)
        self.routes.get("/login")(self.begin)
        self.routes.get("/login/callback")(self.finish)
        self.routes.post("/logout")(self.leave)

    def viewer(self) -> Viewer | None:
        """Whoever sent this request, as long as what they may see is known freshly."""
        name = session.get("name")
        return self._sessions.viewer(name, self._clock()) if name else None

    def begin(self) -> Response:
        """On to GitHub, with a state that only this browser knows and a proof that only we can give."""
        self._require_settings()
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        target = safe_target(request.args.get("next", ""))
        attempt = Attempt(state=state, verifier=verifier, at=self._clock(), target=target)
        _keep([*_attempts(), attempt])
        page = f"{self._settings.server_url}/login/oauth/authorize"
        hint = {"login": session["login"]} if "login" in session else {}
        url, _ = self._client().create_authorization_url(page, state=state, code_verifier=verifier, **hint)
        return redirect(url)

    def finish(self) -> Response:
        """Back from GitHub."""
        self._require_settings()
        attempt = self._begun(request.args.get("state", ""))
        if "code" not in request.args:
            raise NotShown("login.refused", request.args.get("error_description", "")[:200])
        viewer, seconds = self._ask_github(request.args["code"], attempt.verifier)
        now = self._clock()
        name = self._sessions.begin(viewer, now=now, until=now + min(SIGHT, seconds))
        self._end_session()
        session.update(name=name, login=viewer.login, form_token=secrets.token_urlsafe(32))
        log.info("login.done", login=viewer.login, repositories=len(viewer.repositories))
        return redirect(attempt.target)

    def leave(self) -> Response:
        """Log out."""
        given, ours = request.form.get("form_token", ""), session.get("form_token", "")
        if not ours or not secrets.compare_digest(given.encode(), ours.encode()):
            raise NotShown("page.forged")
        self._end_session()
        return redirect(url_for("pages.home"))

    def _end_session(self) -> None:
        if "name" in session:
            self._sessions.end(session["name"])
        for word in _WORDS:
            session.pop(word, None)

    def _require_settings(self) -> None:
        if not self._settings.can_log_in:
            raise NotShown("login.not_configured")

    def _begun(self, state: str) -> Attempt:
        """The attempt that this ends."""
        attempts = _attempts()
        _keep([one for one in attempts if not _same(one.state, state)])
        fresh = (one for one in attempts if one.at > self._clock() - _BEGUN_WITHIN)
        found = next((one for one in fresh if _same(one.state, state)), None)
        if found is None:
            raise NotShown("login.not_begun")
        return found

    def _ask_github(self, code: str, verifier: str) -> tuple[Viewer, float]:
        """Who it is, and for how many seconds the token held: nothing of it is left after this."""
        token = self._token(code, verifier)
        try:
            return read_viewer(token.value, api_url=self._settings.api_url), token.seconds
        except GatewayError as error:
            log.warning("login.no_answer", reason=str(error))
            raise NotShown("login.no_answer") from error

    def _token(self, code: str, verifier: str) -> UserToken:
        import requests  # noqa: PLC0415 - only where people log in
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as above

        page = f"{self._settings.server_url}/login/oauth/access_token"
        try:
            with self._client() as client:
                found = client.fetch_token(page, code=code, code_verifier=verifier, timeout=_TIMEOUT)
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            log.warning("login.no_token", reason=type(error).__name__, error=getattr(error, "error", ""))
            raise NotShown("login.no_answer") from error
        return _user_token(found)

    def _client(self) -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415 - as above

        return OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - a way, not a secret
            code_challenge_method="S256",
            redirect_uri=f"{self._settings.public_url}/login/callback",
        )


def login_address(target: str) -> str:
    """Where a person logs in to come to `target`, a path of ours."""
    return f"{url_for('login.begin')}?{urlencode({'next': target})}"


def safe_target(text: str) -> str:
    """A path of ours; the home page for whatever leads, or could be read as leading, elsewhere."""
    parts = urlsplit(text.replace("\\", "/"))
    is_ours = text.startswith("/") and not parts.scheme and not parts.netloc
    is_plain = (
        len(text) <= _LONGEST_TARGET
        and text.isascii()
        and text.isprintable()
        and not text.startswith(("//", "/\\"))
    )
    return text if is_ours and is_plain else url_for("pages.home")


def _attempts() -> list[Attempt]:
    """As the cookie has them."""
    return [Attempt(**one) for one in session.get("begun", ())]


def _keep(attempts: Sequence[Attempt]) -> None:
    session["begun"] = [asdict(one) for one in attempts[-_MOST_BEGUN:]]


def _user_token(found: Any) -> UserToken:
    value = found.get("access_token")
    if not isinstance(value, str) or not value:
        raise NotShown("login.no_answer")
    seconds = found.get("expires_in")
    return UserToken(value=value, seconds=float(seconds) if isinstance(seconds, int | float) else SIGHT)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())
