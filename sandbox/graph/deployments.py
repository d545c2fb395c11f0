"""Environments, deployments, the reviews they wait for, and releases."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from sandbox.graph.git_objects import RefAt
from sandbox.graph.paging import Connection
from sandbox.graph.view import Node
from sandbox.shapes.basics import node_id
from sandbox.state import (
    Approval,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Release,
    Team,
    User,
)

COMPLETED = ("success", "failure", "error")


class DeploymentNode(Node, shows=Deployment):
    typename = "Deployment"
    needs: ClassVar = {"": "deployments:read"}

    @property
    def commit_oid(self) -> str:
        return str(self.record.sha)

    @property
    def commit(self) -> Any:
        return self.commit_at(self.record.sha)

    @property
    def creator(self) -> Any:
        return self.show(self.record.creator)

    @property
    def latest_environment(self) -> str:
        statuses = self.record.statuses
        return statuses[-1].environment if statuses else str(self.record.environment)

    @property
    def original_environment(self) -> str:
        return str(self.record.environment)

    @property
    def payload(self) -> str:
        """JSON as text, even of a text."""
        return json.dumps(self.record.payload)

    @property
    def ref(self) -> Any:
        """Null when the deployment was made of a SHA, or its branch is gone."""
        names = (f"refs/heads/{self.record.ref}", f"refs/tags/{self.record.ref}")
        refs = self.git.refs()
        return self.show(next((RefAt(name, refs[name]) for name in names if name in refs), None))

    @property
    def state(self) -> str:
        """The newest status in the words of a deployment: a success that still stands is ACTIVE."""
        statuses = self.record.statuses
        word = statuses[-1].state if statuses else "pending"
        if word == "inactive" and self.record.transient:
            return "DESTROYED"
        return "ACTIVE" if word == "success" else str(word).upper()

    @property
    def latest_status(self) -> Any:
        statuses = self.record.statuses
        return StatusOf(self, statuses[-1]) if statuses else None

    def statuses(self, **paging: Any) -> Connection:
        """Newest first."""
        return Connection([StatusOf(self, one) for one in reversed(self.record.statuses)], **paging)


class StatusOf(Node):
    """One status, with the deployment it is of."""

    typename = "DeploymentStatus"

    def __init__(self, deployment: DeploymentNode, record: DeploymentStatus) -> None:
        super().__init__(deployment.view, record, deployment.home_or_none)
        self.deployment = deployment

    @property
    def state(self) -> str:
        return str(self.record.state).upper()

    @property
    def creator(self) -> Any:
        return self.show(self.record.creator)

    @property
    def environment_url(self) -> str | None:
        return self.record.environment_url or None

    @property
    def log_url(self) -> str | None:
        return self.record.log_url or None

    @property
    def updated_at(self) -> Any:
        return self.record.created_at


class EnvironmentNode(Node, shows=Environment):
    typename = "Environment"
    needs: ClassVar = {"latest_completed_deployment": "deployments:read"}

    @property
    def latest_completed_deployment(self) -> Any:
        """The newest whose last status is a success, a failure or an error."""
        mine = [one for one in self.home.deployments.values() if one.environment == self.record.name]
        ended = [one for one in mine if one.statuses and one.statuses[-1].state in COMPLETED]
        return self.show(max(ended, key=lambda one: one.id, default=None))

    def protection_rules(self, **paging: Any) -> Connection:
        """GitHub's GraphQL has no word for a custom rule, so those are left out."""
        return self.connect([rule for rule in self.record.rules if rule.type != "custom"], **paging)


class RuleNode(Node, shows=ProtectionRule):
    typename = "DeploymentProtectionRule"

    @property
    def type(self) -> str:
        return str(self.record.type).upper()

    @property
    def timeout(self) -> int:
        return int(self.record.wait_minutes)

    def reviewers(self, **paging: Any) -> Connection:
        return self.connect(self.record.reviewers, **paging)


class RequestNode(Node, shows=PendingDeployment):
    typename = "DeploymentRequest"

    @property
    def environment(self) -> Any:
        return self.show(self.record.environment)

    @property
    def _reviewers(self) -> list[User | Team]:
        return [one for rule in self.record.environment.rules for one in rule.reviewers]

    @property
    def current_user_can_approve(self) -> bool:
        user = self.view.caller.user
        people = (one.members if isinstance(one, Team) else [one] for one in self._reviewers)
        return any(user in some for some in people)

    @property
    def wait_timer(self) -> int:
        return sum(rule.wait_minutes for rule in self.record.environment.rules)

    def reviewers(self, **paging: Any) -> Connection:
        return self.connect(self._reviewers, **paging)


class ReviewOfDeployment(Node, shows=Approval):
    typename = "DeploymentReview"
    database_id = None  # GitHub may leave it out; the sandbox numbers no approvals

    @property
    def id(self) -> str:
        return node_id(self.typename, f"{self.home.id}:{self.record.at.isoformat()}:{self.record.user.id}")

    @property
    def state(self) -> str:
        return str(self.record.state).upper()

    @property
    def user(self) -> Any:
        return self.show(self.record.user)

    def environments(self, **paging: Any) -> Connection:
        return self.connect(self.record.environments, **paging)


class ReleaseNode(Node, shows=Release):
    typename = "Release"

    @property
    def author(self) -> Any:
        author = self.record.author
        return self.show(author) if author.kind == "User" else None

    @property
    def description(self) -> str | None:
        text: str | None = self.record.body
        return text

    @property
    def is_draft(self) -> bool:
        return bool(self.record.draft)

    @property
    def is_prerelease(self) -> bool:
        return bool(self.record.prerelease)

    @property
    def is_latest(self) -> bool:
        return self.record is latest_release(list(self.home.releases.values()))

    @property
    def updated_at(self) -> Any:
        return self.record.published_at or self.record.created_at

    @property
    def tag_name(self) -> str:
        return str(self.record.tag)

    @property
    def tag(self) -> Any:
        name = f"refs/tags/{self.record.tag}"
        sha = self.git.ref(name)
        return self.show(RefAt(name, sha)) if sha else None

    @property
    def tag_commit(self) -> Any:
        return self.commit_at(self.git.resolve(f"refs/tags/{self.record.tag}"))

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/releases/tag/{self.record.tag}"


def latest_release(releases: list[Release]) -> Release | None:
    full = [one for one in releases if not one.draft and not one.prerelease]
    return max(full, key=lambda one: (one.created_at, one.id), default=None)
