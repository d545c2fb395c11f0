"""What the sandbox remembers, as plain records. They change only under the world's lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sandbox.workflow import Job as JobPlan
from sandbox.workflow import Part
from sandbox.workflow import Workflow as Plan

Permissions = dict[str, str]
"""Permission name to `read`, `write` or `admin`, as in an App's manifest."""

Role = Literal["read", "triage", "write", "maintain", "admin"]
ReviewState = Literal["PENDING", "COMMENTED", "APPROVED", "CHANGES_REQUESTED", "DISMISSED"]
RuleType = Literal["required_reviewers", "wait_timer", "branch_policy", "custom"]


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    """A person or a bot (`kind` is `User` or `Bot`)."""

    id: int
    login: str
    kind: str = "User"
    name: str | None = None
    email: str | None = None
    site_admin: bool = False
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Team:
    id: int
    slug: str
    name: str
    organization: Organization = field(repr=False)
    members: list[User] = field(default_factory=list)
    repositories: dict[int, Role] = field(default_factory=dict)
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Organization:
    id: int
    login: str
    kind: str = "Organization"
    name: str | None = None
    members: list[User] = field(default_factory=list)
    owners: list[User] = field(default_factory=list)
    teams: dict[str, Team] = field(default_factory=dict)
    created_at: datetime


Account = User | Organization


@dataclass(slots=True, kw_only=True, eq=False)
class App:
    id: int
    slug: str
    name: str
    owner: Account
    bot: User
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    permissions: Permissions = field(default_factory=dict)
    events: tuple[str, ...] = ()
    webhook_url: str | None = None
    webhook_secret: str = field(default="", repr=False)
    callback_urls: tuple[str, ...] = ()
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Installation:
    id: int
    app: App
    account: Account
    permissions: Permissions
    events: tuple[str, ...]
    everywhere: bool = False
    repositories: list[Repository] = field(default_factory=list, repr=False)
    suspended_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    def covers(self, repository: Repository) -> bool:
        if self.everywhere:
            return repository.owner is self.account
        return repository in self.repositories


@dataclass(slots=True, kw_only=True, eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Labelling:
    """Who put a label on an issue."""

    id: int
    actor: User
    label: Label
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Edit:
    """A text as somebody left it."""

    id: int
    editor: User
    body: str
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Reaction:
    id: int
    user: User
    content: str
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Comment:
    """`edits` is empty until the first change; then the text as written is the first of them."""

    id: int
    author: User
    body: str
    app: App | None = None
    edits: list[Edit] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Issue:
    """An issue, or the issue half of a pull request (`pull` is set)."""

    id: int
    number: int
    title: str
    body: str | None
    author: User
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    labels: list[Label] = field(default_factory=list)
    labellings: list[Labelling] = field(default_factory=list)  # of all that ever came, also those gone since
    assignees: list[User] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    pull: PullRequest | None = None
    app: App | None = None
    locked: bool = False
    closed_by: User | None = None
    closed_at: datetime | None = None
    edited_at: datetime | None = None  # its body; labels and comments change `updated_at` alone
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Review:
    id: int
    author: User
    body: str
    state: ReviewState
    commit_sha: str
    submitted_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Dismissal:
    """Who dismissed a review, and what that had said until then."""

    id: int
    actor: User
    review: Review
    previous: ReviewState
    message: str
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class PullRequest:
    """The pull half; title, body, labels, state and comments are on `issue`.

    `fork` is where its head branch lives; None where that lives beside its base.
    """

    id: int
    issue: Issue = field(repr=False)
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    fork: Repository | None = field(default=None, repr=False)
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    dismissals: list[Dismissal] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.issue.number


@dataclass(slots=True, kw_only=True, eq=False)
class Release:
    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    author: User
    draft: bool = False
    prerelease: bool = False
    created_at: datetime
    published_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class CheckSuite:
    id: int
    head_sha: str
    head_branch: str | None
    app: App
    run: WorkflowRun | None = field(default=None, repr=False)
    status: str = "queued"
    conclusion: str | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class CheckRun:
    """`id` equals the job's id where an Actions job made it; `deployment` is that job's."""

    id: int
    name: str
    head_sha: str
    suite: CheckSuite
    app: App
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)
    deployment: Deployment | None = field(default=None, repr=False)
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class CommitStatus:
    id: int
    sha: str
    context: str
    state: Literal["error", "failure", "pending", "success"]
    description: str | None = None
    target_url: str | None = None
    creator: User
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class ProtectionRule:
    """One rule of an environment. `app` is set for a custom one, `reviewers` for required reviewers."""

    id: int
    type: RuleType
    reviewers: list[User | Team] = field(default_factory=list)
    prevent_self_review: bool = False
    wait_minutes: int = 0
    app: App | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class BranchPolicy:
    id: int
    name: str
    type: Literal["branch", "tag"] = "branch"


@dataclass(slots=True, kw_only=True, eq=False)
class Environment:
    id: int
    name: str
    rules: list[ProtectionRule] = field(default_factory=list)
    protected_branches: bool = False
    branch_policies: list[BranchPolicy] | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Approval:
    """A person's answer to required reviewers (`/approvals` shows no time; we keep it for GraphQL)."""

    environments: list[Environment]
    state: Literal["approved", "rejected", "pending"]
    user: User
    comment: str
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class PendingDeployment:
    """A job at its environment's door. It may go when every rule in `waiting` has answered."""

    job: Job = field(repr=False)
    environment: Environment
    deployment: Deployment | None
    waiting: list[ProtectionRule]
    rejected_by: ProtectionRule | None = None
    reports: list[str] = field(default_factory=list)
    wait_timer_started_at: datetime | None = None
    since: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Step:
    number: int
    name: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One job of a run; its check run carries the same id. `key` is its name in the workflow file.

    Jobs of one matrix share a key; `part` tells them apart.
    """

    id: int
    key: str
    name: str
    run: WorkflowRun = field(repr=False)
    check_run: CheckRun
    attempt: int = 1
    status: str = "queued"
    conclusion: str | None = None
    environment: Environment | None = None
    deployment: Deployment | None = None
    permissions: Permissions = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    part: Part = field(default_factory=Part)
    labels: tuple[str, ...] = ()
    may_fail: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    log: list[str] = field(default_factory=list, repr=False)
    summary: str = ""
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def plan(self) -> JobPlan | None:
        """What the workflow file says of it."""
        return self.run.plan.jobs[self.key] if self.run.plan else None


@dataclass(slots=True, kw_only=True, eq=False)
class Workflow:
    id: int
    name: str
    path: str
    state: str = "active"
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class WorkflowRun:
    """One run of a workflow; `plan` is the file as it stood at `head_sha`, None where it was invalid.

    `fork` is where its commit comes from, when that is another repository.
    """

    id: int
    repository: Repository = field(repr=False)
    workflow: Workflow
    plan: Plan | None = field(default=None, repr=False)
    cancelled: bool = False
    number: int
    attempt: int = 1
    event: str
    head_branch: str | None
    head_sha: str
    fork: Repository | None = field(default=None, repr=False)
    ref: str
    title: str = ""
    actor: User
    triggering_actor: User
    inputs: dict[str, str] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict, repr=False)
    suite: CheckSuite
    status: str = "queued"
    conclusion: str | None = None
    jobs: list[Job] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    pending: list[PendingDeployment] = field(default_factory=list)
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None

    @property
    def current_jobs(self) -> list[Job]:
        """The jobs of the latest attempt that have come up so far."""
        return [job for job in self.jobs if job.attempt == self.attempt]


@dataclass(slots=True, kw_only=True, eq=False)
class DeploymentStatus:
    id: int
    state: str
    creator: User
    app: App | None = None
    description: str = ""
    environment: str
    environment_url: str = ""
    log_url: str = ""
    created_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Deployment:
    id: int
    ref: str
    sha: str
    task: str = "deploy"
    environment: str
    description: str | None = None
    payload: Any = field(default_factory=dict)
    creator: User
    app: App | None = None
    transient: bool = False
    production: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)
    job: Job | None = field(default=None, repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Repository:
    """One repository and all that hangs on it. `path` is its bare git directory, `parent` what it forks."""

    id: int
    name: str
    owner: Account
    path: Path
    parent: Repository | None = field(default=None, repr=False)
    default_branch: str = "main"
    private: bool = False
    description: str | None = None
    collaborators: dict[int, Role] = field(default_factory=dict)
    protected_branches: set[str] = field(default_factory=set)
    required_checks: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by protected branch
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    check_suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[CommitStatus] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    runs: dict[int, WorkflowRun] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> list[PullRequest]:
        return [issue.pull for issue in self.issues.values() if issue.pull is not None]

    @property
    def jobs(self) -> list[Job]:
        return [job for run in self.runs.values() for job in run.jobs]


@dataclass(slots=True, kw_only=True, eq=False)
class Token:
    """Who a bearer is. `repositories` None means no narrowing beyond the installation or the person."""

    text: str = field(repr=False)
    kind: Literal["user", "installation", "job"]
    user: User
    app: App | None = None
    installation: Installation | None = None
    job: Job | None = None
    permissions: Permissions = field(default_factory=dict)
    repositories: list[Repository] | None = None
    expires_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class HookDelivery:
    """One attempt to hand an event to an App. A redelivery is a new record with the same `guid`."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation: Installation | None
    repository: Repository | None
    payload: dict[str, Any] = field(repr=False)
    redelivery: bool = False
    url: str
    status: str = "PENDING"
    status_code: int = 0
    duration: float = 0.0
    request_headers: dict[str, str] = field(default_factory=dict, repr=False)
    response_headers: dict[str, str] = field(default_factory=dict, repr=False)
    response_body: str = field(default="", repr=False)
    delivered_at: datetime


@dataclass(slots=True, kw_only=True, frozen=True)
class Push:
    """A branch or tag that moved. Forty zeros stand for `did not exist` and `is gone`."""

    repository: Repository
    ref: str
    before: str
    after: str
    pusher: User

    @property
    def branch(self) -> str | None:
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


@dataclass(slots=True, kw_only=True, frozen=True)
class Event:
    """Something that happened. `payload` lacks what `Courier` adds: organization, installation, sender.

    `only` narrows the receivers to one App; `quiet` means a job's token caused it, so no workflow starts.
    """

    name: str
    action: str | None
    repository: Repository | None
    sender: User
    payload: dict[str, Any]
    only: App | None = None
    installation: Installation | None = None
    repositories: tuple[Repository, ...] = ()
    quiet: bool = False
