"""Routes named by GitHub's own templates, and the call a handler gets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from sandbox.answers import Answer, field_error, not_found, unprocessable
from sandbox.auth import Caller, grants
from sandbox.git import Git
from sandbox.state import App, Event, Repository, User
from sandbox.world import ROLES, World

LARGEST_PAGE = 100
Item = TypeVar("Item")


class Numbered(Protocol):
    id: int


Record = TypeVar("Record", bound=Numbered)


@dataclass(kw_only=True)
class Call:
    """One request on its way to a handler, already authenticated and permitted."""

    world: World
    caller: Caller
    path: dict[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    url: str
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository of a `/repos/{owner}/{repo}` template."""
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def git(self) -> Git:
        return self.world.git(self.repository)

    @property
    def user(self) -> User:
        return self.caller.person

    @property
    def app(self) -> App | None:
        """The App on whose behalf this is done, for `performed_via_github_app`."""
        return self.caller.app

    def number(self, name: str) -> int:
        """A whole number of the path; anything else is a 404, as at GitHub."""
        text = self.path[name]
        if not text.isdecimal():
            raise not_found()
        return int(text)

    def among(self, records: Mapping[int, Item], name: str) -> Item:
        """The one whose number the path names."""
        found = records.get(self.number(name))
        if found is None:
            raise not_found()
        return found

    def one_of(self, records: Iterable[Record], name: str) -> Record:
        """The one whose id the path names."""
        return self.among({one.id: one for one in records}, name)

    def want(self, resource: str, name: str, kind: type[Item]) -> Item:
        """A required field of the body, of this type."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if value is None:
            raise unprocessable("Validation Failed", field_error(resource, name, "missing_field"))
        if not isinstance(value, kind):
            raise unprocessable(f"Invalid request.\n\nFor '{name}', {value!r} is not a {kind.__name__}.")
        return value

    def decoded(self, resource: str, content: str) -> bytes:
        """The bytes that a field `content` stands for."""
        try:
            return base64.b64decode("".join(content.split()), validate=True)
        except binascii.Error:
            raise unprocessable("content is not valid Base64", field_error(resource, "content")) from None

    def get(self, name: str, default: Any = None) -> Any:
        """An optional field of the body."""
        return self.body.get(name, default) if isinstance(self.body, dict) else default

    def may(self, need: str) -> bool:
        """Whether the caller also has this permission, for handlers that show or do more with it."""
        token = self.caller.token
        if token is not None and token.kind != "user":
            return grants(token.permissions, need)
        role = self.world.role(self.user, self.repository)
        wanted = need.split(":")[1]
        return role is not None and ROLES.index(role) >= ROLES.index("write" if wanted == "write" else "read")

    def emit(self, name: str, action: str | None, /, **payload: Any) -> None:
        """Announce what this call did, in this repository and by this caller."""
        self.world.emit(
            Event(
                name=name,
                action=action,
                repository=self.repository,
                sender=self.user,
                payload=payload,
                quiet=self.caller.quiet,
            )
        )

    def page(
        self, items: Iterable[Item], shape: Callable[[Item], Any], *, under: str | None = None
    ) -> Answer:
        """One page of a list with its Link header; `under` wraps it as `{total_count, UNDER: [...]}`."""
        everything = list(items)
        size = self.natural("per_page", 30, LARGEST_PAGE)
        number = self.natural("page", 1)
        last = max(1, -(-len(everything) // size))
        shown = [shape(item) for item in everything[(number - 1) * size : number * size]]
        body = shown if under is None else {"total_count": len(everything), under: shown}
        link = self._links(number, last)
        return Answer(body=body, headers={"Link": link} if link else {})

    def moment(self, name: str) -> datetime | None:
        """A time of the query; refused when it is none."""
        text = self.query.get(name)
        try:
            return None if text is None else datetime.fromisoformat(text)
        except ValueError:
            raise unprocessable(f"{name} is not a time such as 2026-11-23T10:00:00Z.") from None

    def natural(self, name: str, default: int, largest: int | None = None) -> int:
        """A counting number of the query; anything else is as if it were not there."""
        text = self.query.get(name, "")
        value = int(text) if text.isdecimal() and int(text) > 0 else default
        return value if largest is None else min(value, largest)

    def _links(self, number: int, last: int) -> str:
        pages: dict[str, int] = {}
        if number > 1:
            pages |= {"prev": number - 1}
        if number < last:
            pages |= {"next": number + 1, "last": last}
        if number > 1:
            pages |= {"first": 1}
        return ", ".join(f'<{self._at_page(page)}>; rel="{name}"' for name, page in pages.items())

    def _at_page(self, page: int) -> str:
        return f"{self.url}?{urlencode({**self.query, 'page': page})}"


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`needs` is a permission (`pulls:read|issues:read`), `app`, `installation`, `user`, or None."""

    method: str
    template: str
    needs: str | None
    handler: Handler


@dataclass(slots=True)
class Routes:
    """The routes of one noun, in GitHub's templates. Paths, refs and names may hold slashes."""

    all: list[Route] = field(default_factory=list)

    def add(self, method: str, template: str, needs: str | None) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.all.append(Route(method=method, template=template, needs=needs, handler=handler))
            return handler

        return register

    def get(self, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
        return self.add("GET", template, needs)

    def post(self, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
        return self.add("POST", template, needs)

    def put(self, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
        return self.add("PUT", template, needs)

    def patch(self, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
        return self.add("PATCH", template, needs)

    def delete(self, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
        return self.add("DELETE", template, needs)
