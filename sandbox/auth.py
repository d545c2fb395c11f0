"""Who is calling, and what they may do."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta

import jwt

from sandbox.answers import Refusal, forbidden, not_found, unauthorized
from sandbox.state import App, Installation, Permissions, Repository, Token, User
from sandbox.world import ROLES, World

LEVELS = ("none", "read", "write", "admin")
LONGEST_JWT = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
ROLE_NEEDED = {"read": "read", "write": "write", "admin": "admin"}
TRIAGE_MAY_WRITE = ("issues", "pull_requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The bearer of a request. Nobody (`anonymous`) reads what is public."""

    kind: str
    user: User | None = None
    app: App | None = None
    token: Token | None = None

    @property
    def who(self) -> str:
        """A short name for records: `app:3`, `installation:7`, `job:9`, `user:ada`, `anonymous`."""
        if self.token is not None and self.token.installation is not None:
            return f"installation:{self.token.installation.id}"
        if self.token is not None and self.token.job is not None:
            return f"job:{self.token.job.id}"
        if self.kind == "app" and self.app is not None:
            return f"app:{self.app.id}"
        return f"user:{self.user.login}" if self.user else "anonymous"

    @property
    def installation(self) -> Installation | None:
        return self.token.installation if self.token else None

    @property
    def person(self) -> User:
        """Whose login stands on what this request makes."""
        if self.user is None:
            raise unauthorized("Requires authentication")
        return self.user

    @property
    def quiet(self) -> bool:
        """What a job's token makes starts no workflow."""
        return self.kind == "job"

    def reaches(self, repository: Repository) -> bool:
        """Whether an App's or job's token was made for this repository."""
        token = self.token
        if token is None or token.kind == "user":
            return False
        if token.installation is not None and not token.installation.covers(repository):
            return False
        return token.repositories is None or repository in token.repositories


def authenticate(world: World, header: str | None) -> Caller:
    """The caller behind an Authorization header; raises 401 for one that is wrong or has expired."""
    if not header:
        return Caller(kind="anonymous")
    text = _bearer(header)
    token = world.tokens.get(text)
    if token is not None:
        return _token_caller(world, token)
    if text.count(".") == 2:  # noqa: PLR2004 - a JWT has three parts
        return _app_caller(world, text)
    raise unauthorized("Bad credentials")


def _bearer(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return rest.strip()
        case "basic":
            try:
                return base64.b64decode(rest).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                raise unauthorized("Bad credentials") from None
        case _:
            raise unauthorized("Bad credentials")


def _token_caller(world: World, token: Token) -> Caller:
    if token.expires_at is not None and token.expires_at <= world.now():
        raise unauthorized("Bad credentials")
    if token.installation is not None and token.installation.suspended_at is not None:
        raise forbidden("This installation has been suspended")
    return Caller(kind=token.kind, user=token.user, app=token.app, token=token)


def _app_caller(world: World, text: str) -> Caller:
    app = _issuer(world, text)
    try:
        claims = jwt.decode(
            text, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
    except jwt.InvalidTokenError:
        raise unauthorized("A JSON web token could not be decoded") from None
    _check_times(world, claims)
    return Caller(kind="app", user=app.bot, app=app)


def _issuer(world: World, text: str) -> App:
    try:
        issuer = str(jwt.decode(text, options={"verify_signature": False}).get("iss", ""))
    except jwt.InvalidTokenError:
        raise unauthorized("A JSON web token could not be decoded") from None
    for app in world.apps.values():
        if app.public_key and issuer in (str(app.id), app.client_id):
            return app
    raise unauthorized("'Issuer' claim ('iss') must be an Integer")


def _check_times(world: World, claims: dict[str, object]) -> None:
    now = world.now().timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or issued > now + CLOCK_SKEW.total_seconds():
        raise unauthorized(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int | float) or expires <= now:
        raise unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value"
            " representing the future time at which the assertion expires"
        )
    if expires > now + (LONGEST_JWT + CLOCK_SKEW).total_seconds():
        raise unauthorized("'Expiration time' claim ('exp') is too far in the future")


def check(world: World, caller: Caller, needs: str | None, repository: Repository | None) -> None:
    """Raise unless the caller has one of the permissions in `needs` (`issues:write|pull_requests:write`).

    `app` asks for an App's JWT, `installation` for its token, `user` for a person's; None asks nothing.
    """
    match needs:
        case None:
            return
        case "app":
            _need_app(caller)
        case "installation":
            _need_kind(caller, "installation")
        case "user":
            _need_kind(caller, "user")
        case _:
            _need_permission(world, caller, needs.split("|"), repository)


def _need_app(caller: Caller) -> None:
    if caller.kind != "app":
        raise unauthorized("A JSON web token could not be decoded")


def _need_kind(caller: Caller, kind: str) -> None:
    if caller.kind == "anonymous":
        raise unauthorized("Requires authentication")
    if caller.kind != kind:
        raise _not_by_integration()


def _need_permission(world: World, caller: Caller, needs: list[str], repository: Repository | None) -> None:
    match caller.kind:
        case "app":
            raise unauthorized("A JSON web token could not be decoded") if repository is None else not_found()
        case "installation" | "job":
            _token_may(caller, needs, repository)
        case _:
            _person_may(world, caller, needs, repository)


def _token_may(caller: Caller, needs: list[str], repository: Repository | None) -> None:
    assert caller.token is not None  # noqa: S101 - both kinds carry one
    if repository is not None and not caller.reaches(repository):
        if repository.private:
            raise not_found()
        if all(need.endswith(":read") for need in needs):
            return  # anybody may read what is public
        raise _not_by_integration()
    if not any(grants(caller.token.permissions, need) for need in needs):
        raise _not_by_integration()


def grants(permissions: Permissions, need: str) -> bool:
    """Whether these permissions include `name:level`."""
    name, level = need.split(":")
    return LEVELS.index(permissions.get(name, "none")) >= LEVELS.index(level)


def _person_may(world: World, caller: Caller, needs: list[str], repository: Repository | None) -> None:
    reads = any(need.endswith(":read") for need in needs)
    if caller.user is None:
        if reads and (repository is None or not repository.private):
            return
        raise unauthorized("Requires authentication") if not reads else not_found()
    if repository is None:
        return
    role = world.role(caller.user, repository)
    if role is None:
        raise not_found()
    if not any(_role_grants(role, need) for need in needs):
        raise forbidden(
            "Must have admin rights to Repository."
            if "admin" in needs[0]
            else "Resource not accessible by personal access token"
        )


def _role_grants(role: str, need: str) -> bool:
    name, level = need.split(":")
    if level == "write" and name in TRIAGE_MAY_WRITE:
        return True  # anyone who can read may open and comment; handlers ask more where more is needed
    if level == "write" and name in ("administration", "environments"):
        level = "admin"
    return ROLES.index(role) >= ROLES.index(ROLE_NEEDED[level])


def _not_by_integration() -> Refusal:
    return forbidden("Resource not accessible by integration")
