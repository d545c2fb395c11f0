"""Answers and refusals in GitHub's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response. `raw` replaces the JSON body, `media_type` names it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json; charset=utf-8"


def ok(body: Any) -> Answer:
    return Answer(body=body)


def created(body: Any) -> Answer:
    return Answer(status=201, body=body)


def nothing() -> Answer:
    return Answer(status=204)


class Refusal(Exception):  # noqa: N818 - an answer that is no, not a fault of ours
    """A response that ends the request where it stands."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Any] | None = None,
        headers: dict[str, str] | None = None,
        documentation_url: str = DOCS,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.documentation_url = documentation_url

    def answer(self) -> Answer:
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        body |= {"documentation_url": self.documentation_url, "status": str(self.status)}
        return Answer(status=self.status, body=body, headers=self.headers)


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def forbidden(message: str) -> Refusal:
    return Refusal(403, message)


def unauthorized(message: str) -> Refusal:
    return Refusal(401, message)


def conflict(message: str) -> Refusal:
    return Refusal(409, message)


def unprocessable(message: str = "Validation Failed", *errors: Any) -> Refusal:
    """422. `errors` are sentences or `field_error`s."""
    return Refusal(422, message, errors=list(errors) or None)


def field_error(
    resource: str, name: str, code: str = "invalid", message: str | None = None
) -> dict[str, str]:
    error = {"resource": resource, "field": name, "code": code}
    return error if message is None else {**error, "message": message}
