"""Tokens: the App's own word, and what it gets for one installation and one repository."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from gateway.errors import Rejected

if TYPE_CHECKING:
    from gateway.app import App

# What judging and logging need, and nothing more. https://docs.github.com/en/rest/authentication
PERMISSIONS: Mapping[str, str] = {
    "actions": "write",  # runs and approvals; write only for starting a workflow
    "checks": "write",
    "contents": "write",  # policy and history; write only for the log in Releases
    "deployments": "write",
    "issues": "write",
    "members": "read",  # the teams that a policy names
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
TO_READ: Mapping[str, str] = dict.fromkeys(PERMISSIONS, "read")
TO_LOOK: Mapping[str, str] = {**TO_READ, "deployments": "write"}  # and to answer a gate
_LACKING = "permissions requested are not granted"  # GitHub's words
_NOT_COVERED = "not accessible to the parent installation"  # GitHub's as well
EARLY = timedelta(minutes=5)
LESSER = timedelta(minutes=10)  # a token for less than we want is kept: by then there may be more to have
JWT_SECONDS = 540  # GitHub takes ten minutes at most; a minute is left for clocks that differ


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKey:
    """What proves the App to be itself."""

    app_id: str
    private_key: str = field(repr=False)

    def jwt(self) -> str:
        from github.Auth import AppAuth  # noqa: PLC0415  # PyGithub takes 0.2 s to import

        return AppAuth(self.app_id, sign_func=_signing(self.private_key)).create_jwt(JWT_SECONDS)


@lru_cache(maxsize=8)
def _signing(private_key: str) -> Callable[[dict[str, Any]], str]:
    """Kept, for reading a key takes a hundred times as long as signing: its numbers are tried for primes."""
    import jwt  # noqa: PLC0415  # start-up time

    algorithm = jwt.get_algorithm_by_name("RS256")
    return partial(jwt.encode, key=algorithm.prepare_key(private_key), algorithm="RS256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Of no fixed width: new ones are longer."""

    value: str = field(repr=False)
    expires_at: datetime


class InstallationTokens:
    """Tokens in memory only, one for each installation and repository, renewed five minutes early.

    Those for a repository see the one called `beside` as well, where the installation covers it.
    """

    def __init__(
        self,
        app: App,
        *,
        permissions: Mapping[str, str] = PERMISSIONS,
        beside: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._permissions = dict(permissions)
        self._beside = beside
        self._alone: dict[int, datetime] = {}  # installations without `beside`, and until when that is known
        self._clock = clock
        self._tokens: dict[tuple[int, str], Token] = {}
        self._locks: dict[tuple[int, str], threading.Lock] = {}

    def source(self, installation_id: int, repository: str) -> Callable[[], str]:
        """What to hand to `GitHub(repository, source)`: always a token that holds."""
        return partial(self.token, installation_id, repository)

    def token(self, installation_id: int, repository: str) -> str:
        """A token for one repository ("owner/name"; "" for all of the installation)."""
        key = (installation_id, repository)
        with self._locks.setdefault(key, threading.Lock()):
            token = self._tokens.get(key)
            if token is None or token.expires_at - EARLY <= self._clock():
                token = self._tokens[key] = self._ask(installation_id, repository)
            return token.value

    def forget(self, installation_id: int) -> None:
        """GitHub takes its tokens no more, as after it was suspended for a while."""
        for key in [key for key in list(self._tokens) if key[0] == installation_id]:
            self._tokens.pop(key, None)
        self._alone.pop(installation_id, None)

    def learn(self, installation_id: int, covered: Collection[str]) -> None:
        """Which repositories ("owner/name") it covers just now, so that none is asked for in vain."""
        is_there = any(name.rpartition("/")[2] == self._beside for name in covered)
        was_alone = self._alone.pop(installation_id, None) is not None
        if is_there and was_alone:
            self.forget(installation_id)
        elif not is_there:
            self._alone[installation_id] = self._clock() + LESSER

    def _ask(self, installation_id: int, repository: str) -> Token:
        name = repository.rpartition("/")[2]
        if name in ("", self._beside) or not self._beside:
            return self._granted(installation_id, [name] if name else [])
        if self._alone.get(installation_id, datetime.min.replace(tzinfo=UTC)) > self._clock():
            return self._sooner(self._granted(installation_id, [name]))
        try:
            return self._granted(installation_id, [name, self._beside])
        except Rejected as refusal:
            if _NOT_COVERED not in str(refusal):
                raise
        alone = self._granted(installation_id, [name])  # or it was this one that is not covered
        self._alone[installation_id] = self._clock() + LESSER
        return self._sooner(alone)

    def _sooner(self, token: Token) -> Token:
        """By then there may be more to have."""
        return replace(token, expires_at=min(token.expires_at, self._clock() + EARLY + LESSER))

    def _granted(self, installation_id: int, names: Sequence[str]) -> Token:
        """All we need; where the installation gives less, that much, so that we can say what is lacking."""
        try:
            return self._ask_for(self._permissions, installation_id, names)
        except Rejected as refusal:
            if _LACKING not in str(refusal):
                raise
            given = self._app.permissions_of(installation_id)
            less = {
                name: _lesser(level, given[name])
                for name, level in self._permissions.items()
                if name in given
            }
            if less == self._permissions:
                raise
            return self._sooner(self._ask_for(less, installation_id, names))

    def _ask_for(self, permissions: Mapping[str, str], installation_id: int, names: Sequence[str]) -> Token:
        body: dict[str, object] = {"permissions": dict(permissions)}
        if names:
            body["repositories"] = list(names)
        found = self._app.connection.rest("POST", f"/app/installations/{installation_id}/access_tokens", body)
        return Token(value=found["token"], expires_at=datetime.fromisoformat(found["expires_at"]))


def _lesser(wanted: str, given: str) -> str:
    return "read" if "read" in (wanted, given) else wanted
