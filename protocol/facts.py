"""What is known about one deployment at one moment: values only, gathered by the gateway.

A fact that could not be read is `Missing(reason)`, never an empty list: a rule that needs it waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Literal, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that could not be read, and why."""

    reason: str


Known: TypeAlias = T | Missing


class Permission(IntEnum):
    """A person's permission on the repository, in GitHub's order."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


class Relation(Enum):
    """How the commit being deployed stands to the commit an environment runs now."""

    NOTHING_DEPLOYED = "nothing_deployed"
    IDENTICAL = "identical"
    AHEAD = "ahead"  # ours descends from what runs
    BEHIND = "behind"  # what runs descends from ours: ours is outdated
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who may do what. Logins are lower case; a bot's login ends in `[bot]`."""

    permissions: Known[Mapping[str, Permission]] = field(default_factory=dict)
    teams: Mapping[str, Known[frozenset[str]]] = field(default_factory=dict)  # "org/slug" → members


class CheckState(Enum):
    PENDING = "pending"
    PASSED = "passed"  # success, neutral, skipped
    FAILED = "failed"  # failure, cancelled, timed_out, action_required, startup_failure, stale, error


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check run or commit status on the commit, ours and our own job's left out."""

    name: str
    state: CheckState
    required: bool = False
    url: str = ""


ApprovalMethod: TypeAlias = Literal["review", "environment", "button", "comment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's word. `sha` is the commit it was given for; None binds it to this run.

    `at` of an environment approval is when the gate was requested, since GitHub keeps no time:
    it may expire early, never late.
    """

    by: str
    method: ApprovalMethod
    state: Literal["approved", "rejected", "withdrawn"]
    at: datetime
    sha: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The pull request that brought the commit."""

    number: int
    author: str
    head_sha: str
    head_branch: str
    base_branch: str = "main"
    title: str = ""
    merged: bool = False
    merge_sha: str | None = None
    from_fork: bool = False
    labels: frozenset[str] = frozenset()
    body: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the deployment changes. `lines` is additions plus deletions."""

    paths: tuple[str, ...]
    lines: int
    authors: frozenset[str] = frozenset()  # of every commit, committers and co-authors included


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A checklist item ticked on the pull request's sticky comment, by a verified person."""

    item: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """An open issue labelled `deploy-freeze` by someone with write access.

    `environments` empty means all. `until` None means until the issue is closed.
    """

    reason: str
    by: str
    environments: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    url: str = ""

    def concerns(self, environment: str) -> bool:
        """GitHub does not tell the case of environments' names apart."""
        names = {name.casefold() for name in self.environments}
        return not names or environment.casefold() in names


DeploymentState: TypeAlias = Literal[
    "waiting", "queued", "pending", "in_progress", "success", "failure", "error", "inactive", "abandoned"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A Deployment on GitHub, this gate's own left out. `finished_at` is its last status's time."""

    id: int
    environment: str
    sha: str
    state: DeploymentState
    created_at: datetime
    succeeded: bool = False  # it had a success status, even if inactive since
    finished_at: datetime | None = None
    creator: str = ""
    version: str = ""
    url: str = ""
    logged: str = ""  # how our line in its statuses says that it went, such as `rollback` or `held`
    instead_of: str = ""  # the commit that it takes back, where somebody asked for a rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a command or a notification showed for one checklist item."""

    passed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """A written request to pass everything but access and the integrity of the policy."""

    by: str
    reason: str
    at: datetime
    labelled_by: Known[str] = ""  # who made the issue an emergency, where that is another than `by`


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything `decide` may know of one gate: one environment of one run."""

    repository: str  # "owner/name"
    environment: str
    sha: str
    branch: str  # branch or tag name the run is for, without refs/heads/
    deployer: str  # who started it
    requested_at: datetime  # when the gate began to wait
    triggered_by: str = ""  # who re-ran it last, when someone else
    intent: Literal["deploy", "rollback"] = "deploy"
    place: Literal["gate", "action"] = "gate"  # only the action can run commands for evidence
    people: People = field(default_factory=People)
    checks: Known[tuple[Check, ...]] = ()
    pull_request: Known[PullRequest | None] = None
    from_fork: bool = False  # whether the run is for a commit of another repository, in a pull request or not
    changes: Known[Changes] = Changes(paths=(), lines=0)
    approvals: Known[tuple[Approval, ...]] = ()
    ticks: Known[tuple[Tick, ...]] = ()
    freezes: Known[tuple[Freeze, ...]] = ()
    deployments: Known[tuple[Deployment, ...]] = ()  # newest first, all environments the policy names
    relations: Mapping[str, Known[Relation]] = field(default_factory=dict)  # by environment
    evidence: Mapping[str, Known[Evidence]] = field(default_factory=dict)  # by checklist item
    emergency: Emergency | None = None

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved, whether or not it counts; nobody where that is not known."""
        approvals = () if isinstance(self.approvals, Missing) else self.approvals
        return tuple(dict.fromkeys(one.by for one in approvals if one.state == "approved"))
