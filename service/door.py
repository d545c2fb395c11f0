"""The webhook's door: plain WSGI before Flask, so that what we do not use costs almost nothing."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.events import EVENTS, dig, is_used
from service.inbox import Delivery, Inbox
from service.intake import Intake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 25 * 1024 * 1024  # GitHub never sends more
_MOST_DIGITS = len(str(MAX_BODY))
_GUID_LENGTH = 36  # of what anybody may claim to be a delivery's id, so much is written down
PATH = "/webhook"
NOT_OURS = "not an event we use"
_WORD = re.compile(r"[a-z_]{1,40}")

log = structlog.get_logger()


class Refused(Exception):  # noqa: N818 - an answer to the sender, not a fault
    """Why a delivery is not taken in."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        self.status = status
        self.why = why
        super().__init__(why)


class Door:
    """Checks a delivery, commits it, and only then acknowledges it with 202."""

    def __init__(
        self,
        *,
        inside: WSGIApplication,
        secrets: tuple[str, ...],
        inbox: Inbox,
        hand_over: Callable[[Sequence[str]], None],
        clock: Callable[[], float],
    ) -> None:
        self._inside = inside
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._intake = Intake(inbox, hand_over, clock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return self._inside(environ, start_response)
        try:
            status, text = self._receive(environ)
        except Refused as refusal:
            status, text = refusal.status, refusal.why
            _tell(refusal, environ.get("HTTP_X_GITHUB_DELIVERY", ""))
        body = text.encode() + b"\n"
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def is_for_nobody(self, event: str, signature: str, body: bytes) -> bool:
        """Whether it is GitHub that says it, and none of what we listen to: then nothing of it is read."""
        return event not in EVENTS and self._is_genuine(signature, body)

    def _is_genuine(self, signature: str, body: bytes) -> bool:
        """By the current or the previous secret, SHA-256 only, in constant time."""
        given, good = signature.encode("latin-1", "replace"), False
        for secret in self._secrets:
            expected = "sha256=" + hmac.digest(secret, body, "sha256").hex()
            good |= bool(secret) and hmac.compare_digest(expected.encode(), given)
        return good

    def _receive(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, str]:
        body = _read_body(environ)
        if not self._is_genuine(environ.get("HTTP_X_HUB_SIGNATURE_256", ""), body):
            raise Refused(HTTPStatus.UNAUTHORIZED, "X-Hub-Signature-256 does not match the webhook secret")
        event = environ.get("HTTP_X_GITHUB_EVENT", "")
        if event not in EVENTS:
            return HTTPStatus.ACCEPTED, NOT_OURS
        delivery = _delivery(environ, event, body)
        if not is_used(event, delivery.action):
            return HTTPStatus.ACCEPTED, "not an action we use"
        return self._take_in(delivery)

    def _take_in(self, delivery: Delivery) -> tuple[HTTPStatus, str]:
        try:
            is_new = self._intake.take_in(delivery)
        except (SQLAlchemyError, TimeoutError) as error:
            # GitHub keeps a failed delivery for three days; reconcile asks for it again.
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the inbox cannot be written now") from error
        return HTTPStatus.ACCEPTED, "taken in" if is_new else "had it already"


def _tell(refusal: Refused, delivery: str) -> None:
    """To operators, who would learn of it from GitHub alone."""
    log.warning(
        "delivery.refused",
        delivery=delivery[:_GUID_LENGTH],
        status=refusal.status.value,
        reason=refusal.why,
        cause=_said(refusal.__cause__),
    )


def _said(cause: BaseException | None) -> str:
    """The database's own first line: what follows, and SQLAlchemy's, may show the payload."""
    words = str(getattr(cause, "orig", "")).partition("\n")[0]
    return words or (type(cause).__name__ if cause else "")


def _read_body(environ: WSGIEnvironment) -> bytes:
    if environ.get("REQUEST_METHOD") != "POST":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "send webhooks with POST")
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed")
    if len(length) > _MOST_DIGITS or int(length) > MAX_BODY:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "more than 25 MB")
    try:
        body: bytes = environ["wsgi.input"].read(int(length))
    except OSError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body stopped coming") from None
    if len(body) != int(length):
        raise Refused(HTTPStatus.BAD_REQUEST, "the body ends too early")
    return body


def _delivery(environ: WSGIEnvironment, event: str, body: bytes) -> Delivery:
    try:
        guid = str(UUID(environ.get("HTTP_X_GITHUB_DELIVERY", "")))
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "X-GitHub-Delivery is not a delivery id") from None
    action = dig(_parse(body), str, "action") or ""
    return Delivery(guid=guid, event=event, action=action if _WORD.fullmatch(action) else "", body=body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(
            HTTPStatus.BAD_REQUEST, "the body is not JSON: set the webhook's content type to application/json"
        ) from None
    if not isinstance(payload, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    return payload
