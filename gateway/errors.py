"""What can go wrong on the way to the outside: one root; each says what, where and the cure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
LEAST_WAIT = timedelta(seconds=60)
_LIMIT_WORDS = ("api rate limit exceeded", "secondary rate limit", "rate limit already exceeded")


class GatewayError(Exception):
    """Root of every error the gateway raises on purpose. `status` is GitHub's answer, 0 for none."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Unavailable(GatewayError):
    """Nobody answered, or the answer was a failure of theirs. Ask again later."""


class Forbidden(GatewayError):
    """The token is bad, expired, or lacks a permission."""


class NotFound(GatewayError):
    """There is no such thing, or the token may not see it."""


class Rejected(GatewayError):
    """GitHub understood and said no: the request breaks one of its rules (4xx)."""


class RefMoved(GatewayError):
    """A branch no longer points at the commit that was decided on."""


class RateLimited(GatewayError):
    """Too many requests. Nothing is to be asked before `until` (aware); `guessed`: GitHub named no time."""

    def __init__(self, message: str, *, until: datetime, status: int = 0, guessed: bool = False) -> None:
        super().__init__(message, status=status)
        self.until = until
        self.guessed = guessed


def error_of(what: str, status: int, headers: Mapping[str, str], body: Any, now: datetime) -> GatewayError:
    """The error an answer of 300 or more stands for. `what` names the request, without any secret."""
    said = _message(body)
    if is_rate_limited(status, headers, said):
        until = free_again(headers, now)
        return RateLimited(
            f"{what}: GitHub's rate limit is used up ({status}). Asking again after {until.isoformat()}.",
            until=until,
            status=status,
            guessed=not names_time(headers),
        )
    where = f"{what}: GitHub answered {status}" + (f", '{said}'." if said else ".")
    match status:
        case 401:
            return Forbidden(f"{where} The token is wrong or has expired: check it.", status=status)
        case 403:
            return Forbidden(f"{where} Give the token or the App the permission this needs.", status=status)
        case 404 | 410:
            cure = "Check the name, and that the App is installed on the repository."
            return NotFound(f"{where} {cure}", status=status)
        case _ if status >= 500:
            return Unavailable(f"{where} It is GitHub's failure: asking again later.", status=status)
        case _ if status < 400:
            cure = "Set the API address to where GitHub really is."
            return Unavailable(f"{where} It points elsewhere. {cure}", status=status)
    return Rejected(f"{where} {_details(body)}".rstrip(), status=status)


def is_rate_limited(status: int, headers: Mapping[str, str], said: str) -> bool:
    if status == 429:
        return True
    if status != 403:
        return False
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    return any(words in said.lower() for words in _LIMIT_WORDS)


def free_again(headers: Mapping[str, str], now: datetime) -> datetime:
    """When to ask again: `retry-after`, else the reset when nothing remains, else a minute from now."""
    retry_after = headers.get("retry-after", "")
    if retry_after.isdigit():
        return now + timedelta(seconds=int(retry_after))
    if names_time(headers):
        return max(datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC), now)
    return now + LEAST_WAIT


def names_time(headers: Mapping[str, str]) -> bool:
    """Whether GitHub says when to ask again. Header names are in lower case."""
    used_up = headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit()
    return used_up or headers.get("retry-after", "").isdigit()


def _message(body: Any) -> str:
    said = body.get("message") if isinstance(body, dict) else None
    return said[:300] if isinstance(said, str) else ""


def _details(body: Any) -> str:
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return ""
    sentences = [_detail(error) for error in errors[:5]]
    return "; ".join(sentence for sentence in sentences if sentence)


def _detail(error: Any) -> str:
    if isinstance(error, dict):
        parts = (error.get(key) for key in ("resource", "field", "code", "message"))
        return " ".join(str(part) for part in parts if part)
    return str(error)
