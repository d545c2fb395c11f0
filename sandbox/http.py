"""The wire: a Flask app that authenticates, limits, dispatches and records every request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from sandbox.answers import Answer, Refusal, not_found
from sandbox.auth import Caller, authenticate, check
from sandbox.faults import Fault
from sandbox.graph.problems import OverLimit
from sandbox.routes import every_route
from sandbox.routing import Call, Route
from sandbox.smart_http import serve_git
from sandbox.state import Repository
from sandbox.world import Exchange, Quota, World, quota_name

SLASHED = ("path", "ref", "basehead", "environment_name", "branch", "name")
API_VERSIONS = ("2022-11-28", "2026-03-10")
LIMITS = {"anonymous": 60, "job": 1000}
UNCOUNTED = (
    "/rate_limit",
    "/meta",
    "/login/oauth/access_token",
    "/login/oauth/authorize",
    "/organizations/{org}/settings/apps/new",
    "/settings/apps/new",
)
"""The limits are the API's; the last four are pages."""


VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_app(world: World) -> Flask:
    """The REST and GraphQL API, the control endpoints and git's smart HTTP over one world."""
    app = Flask("sandbox", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True  # a cut connection must reach the server
    serve_git(app, world)
    addresses()  # before there are threads: of two that make syntax trees at once, Python 3.11 fails one

    def view(_: str = "") -> Response:
        return respond(_answer(world, request))

    for rule in ("/", "/<path:_>"):
        app.add_url_rule(rule, rule, view, methods=VERBS, provide_automatic_options=False)
    return app


def _answer(world: World, incoming: Request) -> Answer:
    try:
        route, path = addresses().bind("").match(incoming.path, incoming.method)
    except HTTPException:
        return not_found().answer()
    return Desk(world, route, dict(path), incoming).answer()


@cache
def addresses() -> Map:
    """Where each route lives, compiled once for all the sandboxes of a process."""
    rules = [Rule(rule_of(route.template), endpoint=route, methods=[route.method]) for route in every_route()]
    return Map(rules, strict_slashes=False, merge_slashes=False)


def rule_of(template: str) -> str:
    """`/repos/{owner}/{repo}/contents/{path}` as Werkzeug writes it; paths and refs may hold slashes."""

    def converter(found: re.Match[str]) -> str:
        return f"<path:{found[1]}>" if found[1] in SLASHED else f"<{found[1]}>"

    return re.sub(r"\{(\w+)\}", converter, template)


def respond(answer: Answer) -> Response:
    if answer.raw is not None:
        payload = answer.raw
    elif answer.status in (204, 304):
        payload = b""
    else:
        payload = json.dumps(answer.body, separators=(",", ":")).encode()
    return Response(payload, status=answer.status, headers=answer.headers, content_type=answer.media_type)


class Desk:
    """One request, from faults to record."""

    def __init__(self, world: World, route: Route, path: dict[str, str], incoming: Request) -> None:
        self.world = world
        self.route = route
        self.path = path
        self.incoming = incoming
        self.body: Any = None
        self.caller = Caller(kind="anonymous")
        self.cut: Fault | None = None

    def answer(self) -> Answer:
        if self.route.template.startswith("/_sandbox/"):
            return self._refusable(self._handle)
        self._play_delays()
        answer = self._refusable(self._limited)
        answer = self._revalidated(answer)
        self._record(answer)
        self._lose_answer()
        return answer

    def _refusable(self, step: Callable[[], Answer]) -> Answer:
        try:
            return step()
        except Refusal as refusal:
            return refusal.answer()

    def _limited(self) -> Answer:
        broken = self._fault("status", "secondary_limit")
        if broken is not None and not broken.after_effect:
            raise _broken(broken)
        with self.world.lock:
            self.caller = authenticate(self.world, self.incoming.headers.get("Authorization"))
            quota = self._quota()
            self._spend(quota)
            answer = self._refusable(self._handle)
        if broken is not None:
            raise _broken(broken)
        return _with_headers(answer, _quota_headers(quota, self.route))

    def _handle(self) -> Answer:
        self.body = _body(self.incoming)
        with self.world.lock:
            repository = self._repository()
            check(self.world, self.caller, self.route.needs, repository)
            return self.route.handler(
                Call(
                    world=self.world,
                    caller=self.caller,
                    path=self.path,
                    query=self.incoming.args.to_dict(),
                    headers=dict(self.incoming.headers),
                    body=self.body,
                    url=self.world.url + self.incoming.path,
                    found=repository,
                )
            )

    def _repository(self) -> Repository | None:
        if not self.route.template.startswith("/repos/{owner}/{repo}"):
            return None
        repository = self.world.repositories.get(f"{self.path['owner']}/{self.path['repo']}".lower())
        if repository is None:
            raise not_found()
        return repository

    # Limits

    def _quota(self) -> Quota:
        now = self.world.now()
        name = quota_name(self.caller.who, _resource(self.route))
        quota = self.world.quotas.get(name)
        if quota is None or quota.resets_at <= now:
            limit = LIMITS.get(self.caller.kind, 5000)
            quota = Quota(limit=limit, resets_at=now + timedelta(hours=1))
            self.world.quotas[name] = quota
        return quota

    def _spend(self, quota: Quota) -> None:
        if self.route.template in UNCOUNTED:
            return
        fault = self._fault("rate_limit")
        if fault is not None:
            quota.used = quota.limit
        if quota.remaining == 0:
            refusal = OverLimit if _resource(self.route) == "graphql" else Refusal
            headers = _quota_headers(quota, self.route)
            raise refusal(403, f"API rate limit exceeded for {self.caller.who}.", headers=headers)
        quota.used += 1

    # Faults

    def _fault(self, *kinds: str) -> Fault | None:
        return self.world.faults.take(self.incoming.method, self.incoming.path, *kinds)

    def _play_delays(self) -> None:
        self.world.faults.wait_out(self.incoming.method, self.incoming.path, "latency", "timeout")
        self.cut = self._fault("cut")
        if self.cut is not None and not self.cut.after_effect:
            self._cut_connection()

    def _lose_answer(self) -> None:
        if self.cut is not None:
            self._cut_connection()

    def _cut_connection(self) -> None:
        """End the connection without an answer, as a broken network does."""
        raise ConnectionAbortedError("the sandbox cut this connection on request")

    # After the answer

    def _revalidated(self, answer: Answer) -> Answer:
        """304 for a GET whose answer the caller already has; it costs nothing."""
        if self.incoming.method != "GET" or answer.status != 200:  # noqa: PLR2004 - OK
            return answer
        raw = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        etag = f'W/"{hashlib.sha256(raw).hexdigest()}"'
        answer = _with_headers(answer, {"ETag": etag})
        if etag not in self.incoming.headers.get("If-None-Match", ""):
            return answer
        with self.world.lock:
            quota = self._quota()
            quota.used -= 0 if self.route.template in UNCOUNTED else 1
        headers = {**answer.headers, **_quota_headers(quota, self.route)}
        return Answer(status=304, headers=headers)

    def _record(self, answer: Answer) -> None:
        exchange = Exchange(
            who=self.caller.who,
            method=self.incoming.method,
            template=self.route.template,
            path=self.incoming.path,
            query=self.incoming.args.to_dict(),
            request_body=self.body,
            status=answer.status,
            response_body=answer.body if answer.raw is None else None,
            at=self.world.now(),
        )
        self.world.exchanges.append(exchange)
        if answer.raw is not None:
            return  # bytes have no shape that a listener could judge
        for listener in list(self.world.on_exchange):
            listener(exchange)


def _broken(fault: Fault) -> Refusal:
    if fault.kind == "secondary_limit":
        retry = {"Retry-After": str(int(fault.seconds or 60))}
        return Refusal(403, "You have exceeded a secondary rate limit.", headers=retry)
    return Refusal(fault.status, "Server Error")


def _body(incoming: Request) -> Any:
    raw = incoming.get_data()
    if not raw:
        return None
    as_curl_sends_json = raw.lstrip()[:1] in (b"{", b"[")  # under a form's media type, which GitHub takes
    if incoming.mimetype == "application/x-www-form-urlencoded" and not as_curl_sends_json:
        return incoming.form.to_dict()
    try:
        return json.loads(raw)
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None


def _with_headers(answer: Answer, headers: dict[str, str]) -> Answer:
    return Answer(
        status=answer.status,
        body=answer.body,
        headers={**headers, **answer.headers},
        raw=answer.raw,
        media_type=answer.media_type,
    )


def _resource(route: Route) -> str:
    return "graphql" if route.template == "/graphql" else "core"


def _quota_headers(quota: Quota, route: Route) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(quota.limit),
        "X-RateLimit-Remaining": str(quota.remaining),
        "X-RateLimit-Used": str(quota.used),
        "X-RateLimit-Reset": str(int(quota.resets_at.timestamp())),
        "X-RateLimit-Resource": _resource(route),
        "X-GitHub-Api-Version-Selected": API_VERSIONS[0],
        "X-GitHub-Media-Type": "github.v3; format=json",
    }


def requests_made(exchanges: Iterable[Exchange]) -> int:
    """How many requests counted; a 304 does not."""
    return sum(exchange.status != 304 for exchange in exchanges)  # noqa: PLR2004 - Not Modified
