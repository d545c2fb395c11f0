"""The checks and statuses of one commit, and the one word for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sandbox.graph.paging import Connection
from sandbox.graph.view import Node
from sandbox.shapes.basics import node_id
from sandbox.state import CheckRun, CommitStatus, Repository

FAILED = {"failure", "cancelled", "timed_out", "action_required", "startup_failure", "stale"}
WORST_FIRST = ("ERROR", "FAILURE", "PENDING", "SUCCESS")


@dataclass(frozen=True, slots=True)
class StatusAt:
    """The commit statuses of a SHA, the newest of each context."""

    home: Repository
    sha: str

    @property
    def statuses(self) -> list[CommitStatus]:
        newest = {status.context: status for status in self.home.statuses if status.sha == self.sha}
        return list(newest.values())

    @property
    def contexts(self) -> list[Any]:
        return list(self.statuses)


@dataclass(frozen=True, slots=True)
class Rollup(StatusAt):
    """Check runs too, the newest of each name in each suite."""

    @property
    def check_runs(self) -> list[CheckRun]:
        mine = (run for run in self.home.check_runs.values() if run.head_sha == self.sha)
        return list({(run.suite.id, run.name): run for run in mine}.values())

    @property
    def contexts(self) -> list[Any]:
        return [*self.check_runs, *self.statuses]


class StatusNode(Node, shows=StatusAt):
    typename = "Status"

    @property
    def id(self) -> str:
        return node_id(self.typename, f"{self.home.id}:{self.record.sha}")

    @property
    def commit(self) -> Any:
        return self.commit_at(self.record.sha)

    @property
    def state(self) -> str:
        states = {state_of(one) for one in self.record.contexts}
        return next(word for word in WORST_FIRST if word in states)

    @property
    def contexts(self) -> Any:
        return self.view.shown(self.record.contexts, self.home)

    def context(self, *, name: str) -> Any:
        return next((one for one in self.contexts if one.record.context == name), None)

    def combined_contexts(self, **paging: Any) -> Connection:
        return Contexts(self.view.shown(Rollup(self.home, self.record.sha).contexts, self.home), **paging)


class RollupNode(StatusNode, shows=Rollup):
    typename = "StatusCheckRollup"

    def contexts(self, **paging: Any) -> Connection:
        return Contexts(self.view.shown(self.record.contexts, self.home), **paging)


def rollup_at(near: Node, sha: str) -> Any:
    """Of a commit in that node's repository; null where nothing was said of it."""
    rollup = Rollup(near.home, sha)
    return near.show(rollup) if rollup.contexts else None


class Contexts(Connection):
    """What the caller may not read is null, as any node it may not."""

    @property
    def check_run_count(self) -> int:
        return sum(node.typename == "CheckRun" for node in self.items)

    @property
    def status_context_count(self) -> int:
        return len(self.items) - self.check_run_count


class StatusContext(Node, shows=CommitStatus):
    typename = "StatusContext"
    needs: ClassVar = {"": "statuses:read"}

    @property
    def state(self) -> str:
        return str(self.record.state).upper()

    @property
    def creator(self) -> Any:
        return self.show(self.record.creator)

    @property
    def commit(self) -> Any:
        return self.commit_at(self.record.sha)

    def avatar_url(self, **_: Any) -> str:
        return f"{self.view.world.url}/avatars/{self.record.creator.id}"

    def is_required(self, **pull: Any) -> bool:
        return is_required(self, self.record.context, **pull)


def state_of(one: CheckRun | CommitStatus) -> str:
    if isinstance(one, CommitStatus):
        return one.state.upper()
    if one.status != "completed":
        return "PENDING"
    return "FAILURE" if one.conclusion in FAILED else "SUCCESS"


def name_of(one: CheckRun | CommitStatus) -> str:
    return one.context if isinstance(one, CommitStatus) else one.name


def is_required(node: Node, name: str, *, pull_request_number: int | None = None, **_: Any) -> bool:
    """Whether the pull request's base branch asks for this check before a merge."""
    issue = node.home.issues.get(pull_request_number or 0)
    if issue is None or issue.pull is None:
        return False
    return name in node.home.required_checks.get(issue.pull.base_ref, ())
