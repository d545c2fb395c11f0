"""One way to GitHub: PyGithub carries the requests, one instance per thread, nothing retried twice."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import requests
from github import Github
from github.Auth import Auth

from gateway.errors import GatewayError, RateLimited, Unavailable, error_of, free_again, names_time

if TYPE_CHECKING:
    from gateway.pacing import Pace

API_VERSION = "2022-11-28"
PAGE = 100
MOST_PAGES = 100
TIMEOUT = 15  # seconds, to connect and between two bytes

Received: TypeAlias = tuple[int, Mapping[str, str], Any]
"""An answer's status, headers, and JSON (None where it has none)."""

# At DEBUG PyGithub writes whole answers, and one of them holds the installation token.
logging.getLogger("github.Requester").addFilter(lambda record: record.levelno > logging.DEBUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, for metrics. `remaining` is what the hour still allows, None where unsaid."""

    verb: str
    path: str
    status: int
    remaining: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a GraphQL query brought: partial data, and the errors of the parts that did not come."""

    data: Mapping[str, Any]
    errors: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True, kw_only=True)
class Connection:
    """Requests to one API address. Safe to use from several threads.

    What only reads, and the answer to a gate, is asked with `looking` where there is one: a token that
    can do no more. All else is asked with `token`. `own` is each thread's, and may be shared with other
    connections to the same address. Not with that of a token source: it may ask while a request of ours
    is being made.
    """

    api_url: str
    token: Callable[[], str] = field(repr=False)
    looking: Callable[[], str] | None = field(default=None, repr=False)
    own: threading.local = field(default_factory=threading.local, repr=False)
    on_response: Callable[[Response], None] | None = None
    pace: Pace | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _ahead: dict[str, Future[Received]] = field(default_factory=dict, repr=False)

    def rest(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the answer, None when it has none. Raises GatewayError."""
        return self._asked(verb, path, body, params)[2]

    def changed(self, path: str, etag: str) -> tuple[str, Any]:
        """The answer's tag and JSON; None where it is still that of `etag`, and costs nothing of the hour."""
        _, headers, found = self._asked("GET", path, None, None, etag=etag)
        return headers.get("etag", ""), found

    def create(self, path: str, body: Mapping[str, Any]) -> tuple[bool, Any]:
        """POST what may exist already: whether it is new, and the JSON of the answer."""
        status, _, found = self._asked("POST", path, body, None)
        return status == HTTPStatus.CREATED, found

    def answer_gate(self, path: str, body: Mapping[str, Any]) -> None:
        """With the token that looked at it: a verdict waits for no other."""
        self._ask("POST", path, body, None, looks=True)

    def pages(
        self, path: str, *, params: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Iterator[Any]:
        """Every item of a list, page after page; `key` is where an answer keeps its list."""
        for page in range(1, MOST_PAGES + 1):
            found = self.rest("GET", path, params={**(params or {}), "per_page": PAGE, "page": page})
            items = found[key] if key else found
            yield from items
            if len(items) < PAGE:
                return
        raise Unavailable(f"GET {path}: more than {MOST_PAGES * PAGE} items. Nothing is decided on a part.")

    def page_after(self, path: str, cursor: str | None) -> tuple[list[Any], str | None]:
        """One page of a list that goes by cursors, and the next page's cursor."""
        params = {"per_page": PAGE, **({"cursor": cursor} if cursor else {})}
        _, headers, found = self._asked("GET", path, None, params)
        following = re.search(r"<([^>]*)>;\s*rel=\"next\"", headers.get("link", ""))
        query = parse_qs(urlsplit(following[1]).query) if following else {}
        return found, next(iter(query.get("cursor", ())), None)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Answer:
        """Ask a query (never a mutation: it may be asked twice). Raises only when nothing came at all."""
        _, headers, body = self._asked(*self.graphql_request(query, variables), None, reads=True)
        return self._answer(headers, body)

    def mutate(self, document: str, variables: Mapping[str, Any]) -> Answer:
        """Change things, several at once. Asked once: what had no answer may have been done."""
        _, headers, body = self._ask(*self.graphql_request(document, variables), None)
        return self._answer(headers, body)

    def _answer(self, headers: Mapping[str, str], body: Any) -> Answer:
        errors = tuple(body.get("errors") or ()) if isinstance(body, dict) else ()
        if any(error.get("type") == "RATE_LIMITED" for error in errors):
            until = free_again(headers, self.clock())
            said = f"GraphQL: the rate limit is used up until {until.isoformat()}."
            raise self._told(RateLimited(said, until=until, guessed=not names_time(headers)))
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            said = "; ".join(str(error.get("message")) for error in errors[:3]) or "an answer without data"
            raise Unavailable(f"GraphQL: {said}. Asking again later.", status=HTTPStatus.OK)
        return Answer(data=data, errors=errors)

    def graphql_request(self, query: str, variables: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
        """Verb, URL and body that carry a query or a mutation."""
        return "POST", self._github().requester.graphql_url, {"query": query, "variables": variables}

    def ask_ahead(self, beside: Executor, verb: str, url: str, body: Mapping[str, Any] | None = None) -> None:
        """Ask now, beside other work, what only reads; who asks the very same next takes that answer."""
        asking = partial(self._ask, verb, url, body, None, looks=True)
        self._ahead[_words_of(verb, url, body)] = beside.submit(asking)

    def close(self) -> None:
        """Close this thread's connection."""
        github = self.own.__dict__.pop("github", None)
        if github is not None:
            github.close()

    def _asked(
        self,
        verb: str,
        url: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
        *,
        reads: bool = False,
        etag: str = "",
    ) -> Received:
        """Ask; what only reads is asked once more when nobody answered. A write never is."""
        ahead = self._ahead.pop(_words_of(verb, url, body), None) if self._ahead and not params else None
        looks = reads or verb == "GET"
        try:
            return (
                ahead.result() if ahead is not None else self._ask(verb, url, body, params, etag, looks=looks)
            )
        except Unavailable:
            if not looks:
                raise
            return self._ask(verb, url, body, params, etag, looks=True)

    def _ask(
        self,
        verb: str,
        url: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
        etag: str = "",
        *,
        looks: bool = False,
    ) -> Received:
        what = f"{verb} {url}"
        if self.pace is not None:
            self.pace.before(verb, urlsplit(url).path)
        try:
            status, headers, text = self._github(looks=looks).requester.requestJson(
                verb, url, dict(params or {}), {"If-None-Match": etag} if etag else None, body
            )
        except (requests.RequestException, RuntimeError) as problem:
            cure = f"Check that {self.api_url} can be reached from here."
            raise Unavailable(f"{what}: no answer ({type(problem).__name__}). {cure}") from problem
        self._tell(verb, url, status, headers)
        found = _json(what, status, text)
        if status >= 300 and not (etag and status == HTTPStatus.NOT_MODIFIED):
            raise self._told(error_of(what, status, headers, found, self.clock()))
        return status, headers, found

    def _told(self, error: GatewayError) -> GatewayError:
        """All who share the limit hear of it."""
        if isinstance(error, RateLimited) and self.pace is not None:
            self.pace.refused(error)
        return error

    def _tell(self, verb: str, url: str, status: int, headers: Mapping[str, str]) -> None:
        left = headers.get("x-ratelimit-remaining", "")
        remaining = int(left) if left.isdigit() else None
        if self.pace is not None and remaining is not None:
            self.pace.heard(remaining)
        if self.on_response is not None:
            path = urlsplit(url).path
            self.on_response(Response(verb=verb, path=path, status=status, remaining=remaining))

    def _github(self, *, looks: bool = False) -> Github:
        """This thread's own, with our token: PyGithub keeps the request in flight on the instance."""
        if not hasattr(self.own, "github"):
            self.own.bearer = _Bearer()
            self.own.github = Github(
                auth=self.own.bearer,
                base_url=self.api_url,
                timeout=TIMEOUT,
                user_agent="deploy-protocol",
                per_page=PAGE,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
                lazy=True,
                api_version=API_VERSION,
            )
        self.own.bearer.source = (looks and self.looking) or self.token
        return self.own.github  # type: ignore[no-any-return]  # thread-locals have no types


class _Bearer(Auth):
    """Whatever token the source has at the moment of the request; never shown."""

    source: Callable[[], str]

    @property
    def token_type(self) -> str:
        return "Bearer"

    @property
    def token(self) -> str:
        return self.source()


def _words_of(verb: str, url: str, body: Mapping[str, Any] | None) -> str:
    return f"{verb} {url} {json.dumps(body, sort_keys=True)}"


def _json(what: str, status: int, text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        if status >= 300:
            return None
        raise Unavailable(
            f"{what}: the answer is not JSON. Something stands between us and GitHub."
        ) from None
