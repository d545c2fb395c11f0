"""Refs, commits, trees, blobs, tags and comparisons, out of the real git repository."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from sandbox.git import Commit, Entry, FileChange, Signature, email_of
from sandbox.graph.paging import Connection, only_paging
from sandbox.graph.rollup import StatusAt, rollup_at
from sandbox.graph.view import Node
from sandbox.pulls import associated_with
from sandbox.shapes.basics import node_id
from sandbox.state import User

CO_AUTHOR = re.compile(r"^co-authored-by:\s*([^<\n]*?)\s*<([^>\n]+)>\s*$", re.IGNORECASE | re.MULTILINE)
LONGEST_TEXT = 512_000


@dataclass(frozen=True, slots=True)
class RefAt:
    """A ref by its full name, and the object it points at."""

    full_name: str
    sha: str


@dataclass(frozen=True, slots=True)
class ObjectAt:
    """A blob, a tree or an annotated tag."""

    sha: str
    kind: str


@dataclass(frozen=True, slots=True)
class Range:
    """Two commits to compare."""

    base: str
    head: str


class GitNode(Node):
    @property
    def oid(self) -> str:
        return str(self.record.sha)

    @property
    def id(self) -> str:
        return node_id(self.typename, f"{self.home.id}:{self.oid}")

    @property
    def abbreviated_oid(self) -> str:
        return self.oid[:7]

    @property
    def commit_resource_path(self) -> str:
        return f"/{self.home.full_name}/commit/{self.oid}"

    @property
    def commit_url(self) -> str:
        return self.view.world.url + self.commit_resource_path


class RefNode(Node, shows=RefAt):
    typename = "Ref"
    needs: ClassVar = {"associated_pull_requests": "pull_requests:read"}

    @property
    def id(self) -> str:
        return node_id("Ref", f"{self.home.id}:{self.record.full_name}")

    @property
    def prefix(self) -> str:
        kind = self.record.full_name.split("/")[1]
        return f"refs/{kind}/"

    @property
    def name(self) -> str:
        return str(self.record.full_name).removeprefix(self.prefix)

    @property
    def target(self) -> Any:
        return object_node(self, self.record.sha)

    def compare(self, *, head_ref: str) -> Any:
        head, base = self.git.resolve(head_ref), self.git.resolve(self.record.full_name)
        return self.show(Range(base, head)) if head and base else None

    def associated_pull_requests(self, *, states: list[str] | None = None, **arguments: Any) -> Connection:
        pulls = [pull for pull in self.home.pulls if pull.head_ref == self.name and pull.fork is None]
        nodes = [self.show(pull) for pull in pulls]
        return Connection(
            [node for node in nodes if not states or node.state in states], **only_paging(arguments)
        )


class Comparison(Node, shows=Range):
    typename = "Comparison"

    @property
    def id(self) -> str:
        return node_id("Comparison", f"{self.home.id}:{self.record.base}...{self.record.head}")

    @property
    def ahead_by(self) -> int:
        return self.git.count(f"{self.record.base}..{self.record.head}")

    @property
    def behind_by(self) -> int:
        return self.git.count(f"{self.record.head}..{self.record.base}")

    @property
    def status(self) -> str:
        words = {(False, False): "IDENTICAL", (True, False): "AHEAD", (False, True): "BEHIND"}
        return words.get((self.ahead_by > 0, self.behind_by > 0), "DIVERGED")

    @property
    def base_target(self) -> Any:
        return self.commit_at(self.record.base)

    @property
    def head_target(self) -> Any:
        return self.commit_at(self.record.head)

    def commits(self, **paging: Any) -> Connection:
        """Oldest first, as GitHub compares."""
        return ComparedCommits(self.view.shown(reversed(self._log()), self.home), **paging)

    def _log(self) -> list[Commit]:
        return self.git.log(f"{self.record.base}..{self.record.head}")


class ComparedCommits(Connection):
    @property
    def author_count(self) -> int:
        return len({commit.record.author.email for commit in self.items})


class Changing(Node, ABC):
    """What brings changes: a commit, or a pull request."""

    @abstractmethod
    def brought(self) -> list[FileChange]:
        """By it alone."""

    @property
    def additions(self) -> int:
        return sum(change.additions for change in self.brought())

    @property
    def deletions(self) -> int:
        return sum(change.deletions for change in self.brought())


class CommitNode(GitNode, Changing, shows=Commit):
    typename = "Commit"
    needs: ClassVar = {
        "associated_pull_requests": "pull_requests:read",
        "check_suites": "checks:read",
        "deployments": "deployments:read",
        "status": "statuses:read",
        "status_check_rollup": "checks:read|statuses:read",
    }

    @property
    def resource_path(self) -> str:
        return self.commit_resource_path

    @property
    def message_headline(self) -> str:
        return str(self.record.message).split("\n", 1)[0]

    @property
    def message_body(self) -> str:
        return str(self.record.message).partition("\n")[2].strip("\n")

    @property
    def author(self) -> Any:
        return self.show(self.record.author)

    @property
    def committer(self) -> Any:
        return self.show(self.record.committer)

    @property
    def authored_date(self) -> Any:
        return self.record.author.date

    @property
    def committed_date(self) -> Any:
        return self.record.committer.date

    def authors(self, **paging: Any) -> Connection:
        """The author, then those of the `Co-authored-by` trailers."""
        return self.connect([self.record.author, *co_authors(self.record)], **paging)

    @property
    def tree(self) -> Any:
        return self.show(ObjectAt(self.record.tree, "tree"))

    def file(self, *, path: str) -> Any:
        return self.show(self.git.entry(self.oid, path))

    def parents(self, **paging: Any) -> Connection:
        return Connection([self.commit_at(parent) for parent in self.record.parents], **paging)

    def history(self, *, path: str | None = None, **arguments: Any) -> Connection:
        found = self.git.log(self.oid, path=path)
        return self.connect(
            [commit for commit in found if _within(commit, arguments)], **only_paging(arguments)
        )

    @property
    def changed_files_if_available(self) -> int:
        return len(self.brought())

    def brought(self) -> list[FileChange]:
        empty_tree = self.git.text("hash-object", "-t", "tree", "--stdin", stdin=b"")
        return self.git.changes((*self.record.parents, empty_tree)[0], self.oid)

    @property
    def status(self) -> Any:
        statuses = StatusAt(self.home, self.oid)
        return self.show(statuses) if statuses.statuses else None

    @property
    def status_check_rollup(self) -> Any:
        return rollup_at(self, self.oid)

    def check_suites(self, *, filter_by: dict[str, Any] | None = None, **paging: Any) -> Connection:
        wanted = (filter_by or {}).get("appId")
        suites = [suite for suite in self.home.check_suites.values() if suite.head_sha == self.oid]
        return self.connect([suite for suite in suites if wanted in (None, suite.app.id)], **paging)

    def associated_pull_requests(self, *, order_by: dict[str, str], **paging: Any) -> Connection:
        pulls = associated_with(self.home, self.git, self.oid)
        field = "updated_at" if order_by["field"] == "UPDATED_AT" else "created_at"
        pulls.sort(key=lambda pull: getattr(pull.issue, field), reverse=order_by["direction"] == "DESC")
        return self.connect(pulls, **paging)

    def deployments(self, *, environments: list[str] | None = None, **arguments: Any) -> Connection:
        mine = [one for one in self.home.deployments.values() if one.sha == self.oid]
        found = [one for one in mine if not environments or one.environment in environments]
        return self.connect(found, **only_paging(arguments))


class GitActor(Node, shows=Signature):
    typename = "GitActor"

    def avatar_url(self, **_: Any) -> str:
        return f"{self.view.world.url}/avatars/0"

    @property
    def user(self) -> Any:
        people: Iterator[User] = iter(self.view.world.users.values())
        mail = self.record.email.lower()
        return self.show(next((one for one in people if email_of(one).lower() == mail), None))


class Blob(GitNode):
    typename = "Blob"

    @property
    def _bytes(self) -> bytes:
        return self.git.blob(self.oid)

    @property
    def byte_size(self) -> int:
        return len(self._bytes)

    @property
    def is_binary(self) -> bool:
        return b"\0" in self._bytes[:8000]

    @property
    def is_truncated(self) -> bool:
        return self.byte_size > LONGEST_TEXT

    @property
    def text(self) -> str | None:
        return None if self.is_binary else self._bytes[:LONGEST_TEXT].decode("utf-8", "replace")


class Tree(GitNode):
    typename = "Tree"

    @property
    def entries(self) -> list[Any]:
        return self.view.shown(self.git.tree(self.oid), self.home)


class Tag(GitNode):
    typename = "Tag"

    @property
    def _parts(self) -> tuple[dict[str, str], str]:
        head, _, message = self.git.text("cat-file", "tag", self.oid).partition("\n\n")
        return dict(line.split(" ", 1) for line in head.splitlines()), message

    @property
    def name(self) -> str:
        return self._parts[0]["tag"]

    @property
    def message(self) -> str:
        return self._parts[1]

    @property
    def target(self) -> Any:
        return object_node(self, self._parts[0]["object"])

    @property
    def tagger(self) -> None:
        return None


class ObjectNode(Node, shows=ObjectAt):
    """Chooses the class of a blob, tree or tag."""

    def __new__(cls, view: Any, record: ObjectAt, home: Any) -> Any:
        chosen = {"blob": Blob, "tree": Tree, "tag": Tag}[record.kind]
        return chosen(view, record, home)


class TreeEntry(Node, shows=Entry):
    typename = "TreeEntry"

    @property
    def oid(self) -> str:
        return str(self.record.sha)

    @property
    def name(self) -> str:
        return PurePosixPath(self.record.path).name

    @property
    def extension(self) -> str:
        return PurePosixPath(self.record.path).suffix

    @property
    def mode(self) -> int:
        return int(self.record.mode, 8)

    @property
    def size(self) -> int:
        return self.record.size or 0

    @property
    def object(self) -> Any:
        return object_node(self, self.record.sha)


def object_node(near: Node, sha: str) -> Any:
    """The commit, tree, blob or tag of that SHA in a node's repository."""
    kind = near.git.object_type(sha)
    if kind in (None, "commit"):
        return near.commit_at(sha)
    return near.show(ObjectAt(sha, str(kind)))


def co_authors(commit: Commit) -> list[Signature]:
    found = CO_AUTHOR.findall(commit.message)
    return [Signature(name=name, email=email, date=commit.author.date) for name, email in found]


def _within(commit: Commit, arguments: dict[str, Any]) -> bool:
    when = commit.committer.date
    since, until = arguments.get("since"), arguments.get("until")
    return (since is None or when >= datetime.fromisoformat(since)) and (
        until is None or when <= datetime.fromisoformat(until)
    )
