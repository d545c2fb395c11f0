"""The whole GitHub of the sandbox: one lock, one counter of ids, one clock, and verbs to fill it."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.faults import Faults
from sandbox.git import ZERO, Git
from sandbox.state import (
    Account,
    App,
    BranchPolicy,
    Environment,
    Event,
    HookDelivery,
    Installation,
    Job,
    Label,
    Organization,
    Permissions,
    ProtectionRule,
    Push,
    Repository,
    Role,
    RuleType,
    Team,
    Token,
    User,
)

ROLES: tuple[Role, ...] = ("read", "triage", "write", "maintain", "admin")
TOKEN_LIFE = timedelta(hours=1)
KEPT_EXCHANGES = 20_000


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as the wire saw them."""

    who: str
    method: str
    template: str
    path: str
    query: dict[str, str]
    request_body: Any
    status: int
    response_body: Any
    at: datetime


@dataclass(slots=True, kw_only=True)
class Quota:
    """What one caller has left of this hour."""

    limit: int = 5000
    used: int = 0
    resets_at: datetime

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person who agreed to sign in to an App, until the App asks for the token."""

    app: App
    user: User
    redirect_uri: str
    challenge: str | None


def quota_name(who: str, resource: str) -> str:
    """REST and GraphQL have limits of their own."""
    return f"{resource} {who}"


@dataclass(kw_only=True)
class World:
    """Everything the sandbox knows. Hold `lock` while reading or changing it from outside a handler."""

    root: Path
    clock: Callable[[], datetime] = system_clock
    url: str = "http://127.0.0.1"
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    faults: Faults = field(default_factory=Faults)
    users: dict[str, User] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    user_token_life: timedelta = timedelta(hours=8)
    installations: dict[int, Installation] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    sign_ins: dict[str, SignIn] = field(default_factory=dict, repr=False)
    manifests: dict[str, App] = field(default_factory=dict, repr=False)
    deliveries: list[HookDelivery] = field(default_factory=list, repr=False)
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT_EXCHANGES), repr=False)
    quotas: dict[str, Quota] = field(default_factory=dict, repr=False)
    on_event: list[Callable[[Event], None]] = field(default_factory=list, repr=False)
    on_push: list[Callable[[Push], None]] = field(default_factory=list, repr=False)
    on_job: list[Callable[[Job], None]] = field(default_factory=list, repr=False)
    """Called when a job is ready to run, and when one that runs is to stop."""
    on_delivery: list[Callable[[HookDelivery], None]] = field(default_factory=list, repr=False)
    on_exchange: list[Callable[[Exchange], None]] = field(default_factory=list, repr=False)
    _last_id: int = 1000
    _moved: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.actions_app = self._github_actions()

    # Time and identity

    def now(self) -> datetime:
        """To the second, as GitHub tells time."""
        return (self.clock() + self._moved).replace(microsecond=0)

    def move_clock(self, by: timedelta) -> datetime:
        self._moved += by
        return self.now()

    def next_id(self) -> int:
        with self.lock:
            self._last_id += 1
            return self._last_id

    # People

    def add_user(self, login: str, *, kind: str = "User", name: str | None = None) -> User:
        user = User(id=self.next_id(), login=login, kind=kind, name=name, created_at=self.now())
        self.users[login.lower()] = user
        return user

    def add_org(
        self, login: str, *, owners: tuple[str, ...] = (), members: tuple[str, ...] = ()
    ) -> Organization:
        people = [self.user(member) for member in dict.fromkeys((*owners, *members))]
        organization = Organization(
            id=self.next_id(),
            login=login,
            name=login.title(),
            members=people,
            owners=[self.user(owner) for owner in owners],
            created_at=self.now(),
        )
        self.organizations[login.lower()] = organization
        return organization

    def add_team(self, org: str, slug: str, *, members: tuple[str, ...] = ()) -> Team:
        organization = self.organizations[org.lower()]
        team = Team(
            id=self.next_id(),
            slug=slug,
            name=slug.replace("-", " ").title(),
            organization=organization,
            members=[self.user(member) for member in members],
            created_at=self.now(),
        )
        organization.teams[slug] = team
        organization.members += [user for user in team.members if user not in organization.members]
        return team

    def user(self, login: str) -> User:
        return self.users[login.lower()]

    def account(self, login: str) -> Account:
        return self.organizations.get(login.lower()) or self.users[login.lower()]

    # Repositories

    def add_repository(
        self,
        full_name: str,
        *,
        files: Mapping[str, str | bytes] | None = None,
        private: bool = False,
        default_branch: str = "main",
        author: User | None = None,
    ) -> Repository:
        """A repository; with `files`, its first commit is made without a push event."""
        owner, name = full_name.split("/")
        now = self.now()
        repository = Repository(
            id=self.next_id(),
            name=name,
            owner=self.account(owner),
            path=self.root / "git" / owner / f"{name}.git",
            default_branch=default_branch,
            private=private,
            created_at=now,
            updated_at=now,
            pushed_at=now,
        )
        git = Git.create(repository.path, default_branch)
        if files:
            git.commit(default_branch, dict(files), "First commit", author or self._someone(repository), now)
        self.repositories[full_name.lower()] = repository
        return repository

    def repository(self, full_name: str) -> Repository:
        return self.repositories[full_name.lower()]

    def git(self, repository: Repository) -> Git:
        return Git(repository.path)

    def add_collaborator(self, full_name: str, login: str, role: Role = "write") -> None:
        self.repository(full_name).collaborators[self.user(login).id] = role

    def grant_team(self, org: str, slug: str, full_name: str, role: Role = "write") -> None:
        team = self.organizations[org.lower()].teams[slug]
        team.repositories[self.repository(full_name).id] = role

    def role(self, user: User, repository: Repository) -> Role | None:
        """The strongest role a person has; what is public, anybody may read."""
        return self.given_role(user, repository) or (None if repository.private else "read")

    def given_role(self, user: User, repository: Repository) -> Role | None:
        """The strongest role somebody gave a person, by ownership, membership, invitation or a team."""
        roles: list[Role] = []
        owner = repository.owner
        if owner is user or (isinstance(owner, Organization) and user in owner.owners):
            roles.append("admin")
        if isinstance(owner, Organization):
            roles += [
                team.repositories[repository.id]
                for team in owner.teams.values()
                if user in team.members and repository.id in team.repositories
            ]
            roles += ["read"] if user in owner.members else []
        if user.id in repository.collaborators:
            roles.append(repository.collaborators[user.id])
        return max(roles, key=ROLES.index, default=None)

    def label(self, repository: Repository, name: str, color: str = "ededed") -> Label:
        """The label of that name, made when it is new, as GitHub does when one is put on an issue."""
        known = repository.labels.get(name.lower())
        if known is None:
            known = Label(id=self.next_id(), name=name, color=color)
            repository.labels[name.lower()] = known
        return known

    def add_environment(
        self,
        full_name: str,
        name: str,
        *,
        reviewers: tuple[User | Team, ...] = (),
        wait_minutes: int = 0,
        prevent_self_review: bool = False,
        custom: tuple[App, ...] = (),
        branches: tuple[str, ...] | None = None,
    ) -> Environment:
        """An environment and the rules at its door. `custom` are the Apps whose verdict it waits for."""
        now = self.now()
        environment = Environment(id=self.next_id(), name=name, created_at=now, updated_at=now)
        if wait_minutes:
            environment.rules.append(self._rule("wait_timer", wait_minutes=wait_minutes))
        if reviewers:
            people = list(reviewers)
            environment.rules.append(
                self._rule("required_reviewers", reviewers=people, prevent_self_review=prevent_self_review)
            )
        environment.rules += [self._rule("custom", app=app) for app in custom]
        if branches is not None:
            environment.rules.append(self._rule("branch_policy"))
            environment.branch_policies = [BranchPolicy(id=self.next_id(), name=one) for one in branches]
        self.repository(full_name).environments[name.lower()] = environment
        return environment

    def _rule(self, kind: RuleType, **about: Any) -> ProtectionRule:
        return ProtectionRule(id=self.next_id(), type=kind, **about)

    # Git and its events

    def commit(
        self,
        full_name: str,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        branch: str | None = None,
        author: User | None = None,
        quiet: bool = False,
    ) -> str:
        """Commit on a branch (made from the default branch when new) and push it. None deletes a file."""
        with self.lock:
            repository = self.repository(full_name)
            git = self.git(repository)
            target = branch or repository.default_branch
            by = author or self._someone(repository)
            before = git.tip(target)
            start = before or git.tip(repository.default_branch)
            after = git.commit(target, files, message, by, self.now(), parent=start)
            self.pushed(
                Push(
                    repository=repository,
                    ref=f"refs/heads/{target}",
                    before=before or ZERO,
                    after=after,
                    pusher=by,
                ),
                quiet=quiet,
            )
            return after

    def pushed(self, push: Push, *, quiet: bool = False) -> None:
        """Tell the world about a moved ref: pull requests follow, events go out, workflows start.

        GitHub tells of branches and tags; any other ref moves in silence.
        """
        from sandbox.pushes import announce  # noqa: PLC0415 - pushes shows payloads, which need a world

        if not push.ref.startswith(("refs/heads/", "refs/tags/")):
            return
        with self.lock:
            push.repository.pushed_at = push.repository.updated_at = self.now()
            announce(self, push, quiet=quiet)
            if not quiet:
                for listener in list(self.on_push):
                    listener(push)

    def emit(self, event: Event) -> None:
        for listener in list(self.on_event):
            listener(event)

    def send(self, delivery: HookDelivery) -> None:
        """Hand a delivery to whoever carries it; it stays pending where nobody does."""
        for carrier in list(self.on_delivery):
            carrier(delivery)

    # Apps and tokens

    def add_app(
        self,
        slug: str,
        *,
        owner: str,
        permissions: Permissions | None = None,
        events: tuple[str, ...] = (),
        webhook_url: str | None = None,
        webhook_secret: str = "",
        private_key: str | None = None,
    ) -> App:
        """A registered App; its key is made here unless given. `webhook_url` None sends nothing."""
        private, public = key_pair(private_key)
        app = App(
            id=self.next_id(),
            slug=slug,
            name=slug.replace("-", " ").title(),
            owner=self.account(owner),
            bot=self.add_user(f"{slug}[bot]", kind="Bot"),
            private_key=private,
            public_key=public,
            client_id=f"Iv23{secrets.token_hex(8)}",
            client_secret=secrets.token_hex(20),
            permissions=dict(permissions or {}),
            events=events,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            created_at=self.now(),
        )
        self.apps[app.id] = app
        return app

    def install(self, app: App, *full_names: str) -> Installation:
        """Install on these repositories of one owner, announced as GitHub does (`installation.created`)."""
        repositories = [self.repository(name) for name in full_names]
        now = self.now()
        installation = Installation(
            id=self.next_id(),
            app=app,
            account=repositories[0].owner,
            permissions={"metadata": "read", **app.permissions},
            events=app.events,
            repositories=repositories,
            created_at=now,
            updated_at=now,
        )
        with self.lock:
            self.installations[installation.id] = installation
            self._tell_of(installation, "created")
        return installation

    def uninstall(self, installation: Installation) -> None:
        with self.lock:
            self._tell_of(installation, "deleted")
            del self.installations[installation.id]
            self.tokens = {
                text: token for text, token in self.tokens.items() if token.installation is not installation
            }

    def suspend(self, installation: Installation, *, on: bool = True) -> None:
        with self.lock:
            installation.suspended_at = self.now() if on else None
            self._tell_of(installation, "suspend" if on else "unsuspend")

    def extend_installation(self, installation: Installation, *full_names: str) -> None:
        """Install on more repositories, announced as `installation_repositories.added`."""
        with self.lock:
            added = [self.repository(name) for name in full_names]
            installation.repositories += added
            self._tell_of(installation, "added", "installation_repositories", added)

    def _tell_of(
        self,
        installation: Installation,
        action: str,
        name: str = "installation",
        added: Sequence[Repository] = (),
    ) -> None:
        self.emit(
            Event(
                name=name,
                action=action,
                repository=None,
                sender=self._person_of(installation.account),
                payload={},
                installation=installation,
                repositories=tuple(added),
            )
        )

    def installation_of(self, app: App, repository: Repository) -> Installation | None:
        mine = (one for one in self.installations.values() if one.app is app)
        return next((one for one in mine if one.covers(repository)), None)

    def token_for(self, login: str) -> str:
        """A person's own token; it may do what the person may."""
        token = Token(text=f"ghp_{secrets.token_hex(18)}", kind="user", user=self.user(login))
        self.tokens[token.text] = token
        return token.text

    def installation_token(
        self,
        installation: Installation,
        *,
        permissions: Permissions | None = None,
        repositories: list[Repository] | None = None,
    ) -> Token:
        text = f"ghs_{installation.app.id}_{secrets.token_urlsafe(96)}"
        token = Token(
            text=text,
            kind="installation",
            user=installation.app.bot,
            app=installation.app,
            installation=installation,
            permissions=dict(installation.permissions if permissions is None else permissions),
            repositories=repositories,
            expires_at=self.now() + TOKEN_LIFE,
        )
        self.tokens[text] = token
        return token

    def job_token(self, job: Job, repository: Repository) -> str:
        """What `GITHUB_TOKEN` is in a job. It lives while the job does."""
        token = Token(
            text=f"ghs_{secrets.token_hex(18)}",
            kind="job",
            user=self.actions_app.bot,
            app=self.actions_app,
            job=job,
            permissions={"metadata": "read", **job.permissions},
            repositories=[repository],
        )
        self.tokens[token.text] = token
        return token.text

    def _github_actions(self) -> App:
        return self.add_app_without_key("github-actions", self.add_user("github"))

    def add_app_without_key(self, slug: str, owner: User) -> App:
        """GitHub's own Apps: nobody signs in as them."""
        app = App(
            id=self.next_id(),
            slug=slug,
            name=slug.replace("-", " ").title(),
            owner=owner,
            bot=self.add_user(f"{slug}[bot]", kind="Bot"),
            private_key="",
            public_key="",
            client_id=f"Iv1.{secrets.token_hex(8)}",
            client_secret="",
            created_at=self.now(),
        )
        self.apps[app.id] = app
        return app

    def _someone(self, repository: Repository) -> User:
        return self._person_of(repository.owner)

    def _person_of(self, account: Account) -> User:
        if isinstance(account, Organization):
            return (account.owners or account.members or [self.user("github")])[0]
        return account


def key_pair(private_key: str | None = None) -> tuple[str, str]:
    """Private and public key as PEM; the private one is made when none is given."""
    if private_key is not None:
        return private_key, _public_of(private_key)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private.decode(), _public(key)


@cache
def _public_of(private_key: str) -> str:
    """Kept, for reading a key takes 30 ms: its numbers are tried for primes."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    return _public(cast("rsa.RSAPrivateKey", key))


def _public(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
