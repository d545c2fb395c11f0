"""One page over HTTP: certificates verified, at most a mebibyte, within its time."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import IO, Any

from gateway.errors import Unavailable
from gateway.patience import within

_MOST_BODY = 1 << 20
_CHUNK = 65_536
_LATE = "the page did not end in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`cut`: there is more of the body than was read."""

    status: int
    headers: Message
    body: str
    cut: bool


def fetch(url: str, *, timeout: float, follow: bool = True, headers: Mapping[str, str] | None = None) -> Page:
    """Any answer is a page, whatever its status. Raises Unavailable, the end of a sentence, when none came.

    With a secret among the headers, pass `follow=False`: a redirect would carry it elsewhere.
    """
    ask = partial(_fetch, url, timeout, follow=follow, headers=headers or {})
    try:
        return within(timeout, ask)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(_why(error)) from error


def _fetch(url: str, timeout: float, *, follow: bool, headers: Mapping[str, str]) -> Page:
    if not url.startswith(("http://", "https://")):
        raise ValueError("only http:// and https:// addresses are looked at")
    opener = urllib.request.build_opener() if follow else urllib.request.build_opener(_KeepRedirect)
    sent = {"User-Agent": "deploy-protocol", "Cache-Control": "no-cache", **headers}
    request = urllib.request.Request(url, headers=sent)  # noqa: S310 - the scheme is checked above
    deadline = time.monotonic() + timeout
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        body, cut = _body(response, deadline)
        return Page(status=response.status, headers=response.headers, body=body, cut=cut)


class _KeepRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - the base class calls it so
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


def _body(response: IO[bytes], deadline: float) -> tuple[str, bool]:
    """As much as is read, and whether there is more. A page that drips does not hold anything up."""
    body, promised = b"", getattr(response, "length", None)
    while len(body) <= _MOST_BODY and (chunk := response.read1(_CHUNK)):  # type: ignore[attr-defined]  # HTTPResponse has it
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    if promised is not None and len(body) < min(promised, _MOST_BODY):
        raise http.client.IncompleteRead(body, promised - len(body))
    return body[:_MOST_BODY].decode("utf-8", "replace"), len(body) > _MOST_BODY


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    return str(reason) or (_LATE if isinstance(reason, TimeoutError) else type(error).__name__)
