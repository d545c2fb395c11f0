"""How the world's records become GraphQL's nodes, for one caller and one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sandbox.answers import Refusal
from sandbox.auth import Caller, check
from sandbox.git import Git
from sandbox.graph.limits import Price
from sandbox.graph.paging import Connection
from sandbox.graph.problems import GraphProblem
from sandbox.shapes.basics import node_id
from sandbox.state import Repository
from sandbox.world import World

SHOWN_BY: dict[type, type[Node]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The world as one caller sees it."""

    world: World
    caller: Caller
    price: Price
    git_objects: dict[tuple[int, str], Any] = field(default_factory=dict)

    def show(self, record: Any, home: Repository | None) -> Any:
        """The node of a record; `home` is the repository it belongs to."""
        return None if record is None else SHOWN_BY[type(record)](self, record, home)

    def shown(self, records: Iterable[Any], home: Repository | None) -> list[Any]:
        return [self.show(record, home) for record in records]

    def require(self, need: str, home: Repository | None) -> None:
        """Refuse in GraphQL's way what the same caller may not read over REST."""
        try:
            check(self.world, self.caller, need, home)
        except Refusal as refusal:
            raise GraphProblem("FORBIDDEN", refusal.message) from None

    def sees(self, repository: Repository) -> bool:
        if not repository.private or self.caller.reaches(repository):
            return True
        user = self.caller.user
        return (
            self.caller.kind == "user" and user is not None and self.world.role(user, repository) is not None
        )


class Node:
    """A record as GraphQL shows it. What a subclass does not say is the record's own attribute.

    `needs` names the permission a field asks for; without it the field is null, with a FORBIDDEN error.
    """

    typename: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}

    def __init__(self, view: View, record: Any, home: Repository | None = None) -> None:
        self.view = view
        self.record = record
        self.home_or_none = home

    def __init_subclass__(cls, *, shows: type | None = None) -> None:
        if shows is not None:
            SHOWN_BY[shows] = cls

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)

    @property
    def home(self) -> Repository:
        assert self.home_or_none is not None  # noqa: S101 - only people and teams live outside of one
        return self.home_or_none

    @property
    def git(self) -> Git:
        return self.view.world.git(self.home)

    @property
    def id(self) -> str:
        return node_id(self.typename, self.record.id)

    @property
    def database_id(self) -> int | None:
        number: int = self.record.id
        return number

    @property
    def full_database_id(self) -> str:
        return str(self.record.id)

    @property
    def repository(self) -> Any:
        return self.view.show(self.home, self.home)

    @property
    def url(self) -> str:
        return f"{self.view.world.url}{self.resource_path}"

    def show(self, record: Any) -> Any:
        return self.view.show(record, self.home_or_none)

    def connect(self, records: Iterable[Any], **paging: Any) -> Connection:
        return Connection(self.view.shown(records, self.home_or_none), **paging)

    def commit_at(self, sha: str | None) -> Any:
        """The commit of that SHA; looked up once in a query."""
        if sha is None or self.git.object_type(sha) != "commit":
            return None
        known = self.view.git_objects
        key = (self.home.id, sha)
        if key not in known:
            known[key] = self.git.commit_of(sha)
        return self.show(known[key])
