"""What can go wrong on the way to the outside: one root, each with what, where and the cure."""

from __future__ import annotations

from datetime import datetime


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
    """Too many requests. Nothing is asked before `until` (aware)."""

    def __init__(self, message: str, *, until: datetime, status: int = 0) -> None:
        super().__init__(message, status=status)
        self.until = until
