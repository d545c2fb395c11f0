"""A repository: where every question about code begins."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sandbox.graph.deployments import latest_release
from sandbox.graph.git_objects import RefAt, object_node
from sandbox.graph.issues import filtered, issues_in, ordered
from sandbox.graph.paging import CollaboratorEdge, Connection, only_paging
from sandbox.graph.people import privacy_of
from sandbox.graph.problems import GraphProblem, unresolvable
from sandbox.graph.view import Node
from sandbox.state import Issue, Organization, Repository, User


class RepositoryNode(Node, shows=Repository):
    typename = "Repository"
    is_archived = False
    needs: ClassVar = {
        "collaborators": "metadata:read",
        "default_branch_ref": "contents:read",
        "deployments": "deployments:read",
        "environment": "actions:read",
        "environments": "actions:read",
        "issue": "issues:read",
        "issues": "issues:read",
        "label": "issues:read|pull_requests:read",
        "labels": "issues:read|pull_requests:read",
        "latest_release": "contents:read",
        "object": "contents:read",
        "pull_request": "pull_requests:read",
        "pull_requests": "pull_requests:read",
        "ref": "contents:read",
        "refs": "contents:read",
        "release": "contents:read",
        "releases": "contents:read",
    }

    @property
    def name_with_owner(self) -> str:
        return self.home.full_name

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}"

    @property
    def owner(self) -> Any:
        return self.show(self.home.owner)

    @property
    def is_fork(self) -> bool:
        return self.home.parent is not None

    @property
    def is_in_organization(self) -> bool:
        return isinstance(self.home.owner, Organization)

    @property
    def is_private(self) -> bool:
        return self.home.private

    @property
    def visibility(self) -> str:
        return privacy_of(self.home.private)

    @property
    def is_empty(self) -> bool:
        return not self.git.refs("refs/heads")

    @property
    def viewer_permission(self) -> str | None:
        """Null for Apps, whose permissions are no role."""
        user = self.view.caller.user
        role = self.view.world.role(user, self.home) if user and self.view.caller.kind == "user" else None
        return role.upper() if role else None

    @property
    def viewer_can_administer(self) -> bool:
        return self.viewer_permission == "ADMIN"

    # Git

    @property
    def default_branch_ref(self) -> Any:
        return self.ref(qualified_name=f"refs/heads/{self.home.default_branch}")

    def ref(self, *, qualified_name: str) -> Any:
        names = (qualified_name, f"refs/heads/{qualified_name}", f"refs/tags/{qualified_name}")
        refs = self.git.refs()
        return self.show(next((RefAt(name, refs[name]) for name in names if name in refs), None))

    def refs(self, *, ref_prefix: str, query: str | None = None, **arguments: Any) -> Connection:
        found = [RefAt(name, sha) for name, sha in self.git.refs(ref_prefix.rstrip("/")).items()]
        return self.connect(
            [ref for ref in found if not query or query in ref.full_name], **only_paging(arguments)
        )

    def object(self, *, expression: str | None = None, oid: str | None = None) -> Any:
        """What `HEAD:path`, a ref or a SHA names. HEAD is the default branch."""
        if expression is None and oid is None:
            raise GraphProblem("ARGUMENT_LIMIT", "Either `expression` or `oid` must be given.")
        found = self.git.object_at(oid or expression or "")
        return object_node(self, found[0]) if found else None

    # Issues and pull requests

    def issue(self, *, number: int) -> Any:
        return self.show(self._numbered(number, "an Issue", pull=False))

    def pull_request(self, *, number: int) -> Any:
        return self.show(self._numbered(number, "a PullRequest", pull=True).pull)

    def issue_or_pull_request(self, *, number: int) -> Any:
        found = self._numbered(number, "an issue or pull request", pull=None)
        return self.show(found.pull or found)

    def _numbered(self, number: int, what: str, *, pull: bool | None) -> Issue:
        found = self.home.issues.get(number)
        if found is None or pull not in (None, found.pull is not None):
            raise unresolvable(f"{what} with the number of {number}")
        return found

    def issues(
        self,
        *,
        states: list[str] | None = None,
        labels: list[str] | None = None,
        filter_by: dict[str, Any] | None = None,
        order_by: dict[str, str] | None = None,
        **paging: Any,
    ) -> Connection:
        wanted = filter_by or {}
        nodes = self.view.shown(issues_in(self.home), self.home)
        found = filtered(nodes, states=states or wanted.get("states"), labels=labels or wanted.get("labels"))
        since, author = wanted.get("since"), wanted.get("createdBy")
        found = [
            node
            for node in found
            if (since is None or node.updated_at >= datetime.fromisoformat(since))
            and author in (None, node.record.author.login)
        ]
        return Connection(ordered(found, order_by), **paging)

    def pull_requests(
        self,
        *,
        states: list[str] | None = None,
        labels: list[str] | None = None,
        base_ref_name: str | None = None,
        head_ref_name: str | None = None,
        order_by: dict[str, str] | None = None,
        **paging: Any,
    ) -> Connection:
        pulls = [
            pull
            for pull in self.home.pulls
            if base_ref_name in (None, pull.base_ref) and head_ref_name in (None, pull.head_ref)
        ]
        found = filtered(self.view.shown(pulls, self.home), states=states, labels=labels)
        return Connection(ordered(found, order_by), **paging)

    def label(self, *, name: str) -> Any:
        return self.show(self.home.labels.get(name.lower()))

    def labels(self, *, query: str | None = None, **arguments: Any) -> Connection:
        found = [label for label in self.home.labels.values() if not query or query in label.name]
        return self.connect(found, **only_paging(arguments))

    # People

    def collaborators(
        self,
        *,
        login: str | None = None,
        query: str | None = None,
        affiliation: str | None = None,
        **paging: Any,
    ) -> Connection:
        people = self._direct() if affiliation == "DIRECT" else self._everyone()
        found = [
            user
            for user in people
            if login in (None, user.login) and (query is None or query.lower() in user.login.lower())
        ]
        return self.connect(found, edge=self._with_permission, **paging)

    def _with_permission(self, cursor: str, node: Any) -> CollaboratorEdge:
        role = self.view.world.role(node.record, self.home) or "read"
        return CollaboratorEdge(cursor, node, role.upper())

    def _direct(self) -> list[User]:
        owner = [self.home.owner] if isinstance(self.home.owner, User) else []
        return owner + [user for user in self.view.world.users.values() if user.id in self.home.collaborators]

    def _everyone(self) -> list[User]:
        """Invited people, the organisation's members and those its teams bring."""
        owner = self.home.owner
        members = owner.members if isinstance(owner, Organization) else []
        return list(dict.fromkeys([*self._direct(), *members]))

    # Deployments and releases

    def environment(self, *, name: str) -> Any:
        return self.show(self.home.environments.get(name.lower()))

    def environments(
        self, *, names: list[str] | None = None, order_by: dict[str, str], **arguments: Any
    ) -> Connection:
        wanted = {name.lower() for name in names or ()}
        found = [one for key, one in self.home.environments.items() if not wanted or key in wanted]
        found.sort(key=lambda one: one.name.lower(), reverse=order_by["direction"] == "DESC")
        return self.connect(found, **only_paging(arguments))

    def deployments(
        self, *, order_by: dict[str, str], environments: list[str] | None = None, **paging: Any
    ) -> Connection:
        mine = self.home.deployments.values()
        found = [one for one in mine if not environments or one.environment in environments]
        found.sort(key=lambda one: (one.created_at, one.id), reverse=order_by["direction"] == "DESC")
        return self.connect(found, **paging)

    def release(self, *, tag_name: str) -> Any:
        published = (one for one in self.home.releases.values() if not one.draft)
        return self.show(next((one for one in published if one.tag == tag_name), None))

    @property
    def latest_release(self) -> Any:
        return self.show(latest_release(list(self.home.releases.values())))

    def releases(self, *, order_by: dict[str, str] | None = None, **paging: Any) -> Connection:
        """Newest first unless asked otherwise; drafts only for those who may push."""
        shown = [one for one in self.home.releases.values() if not one.draft or self._may_push]
        by_name = order_by is not None and order_by["field"] == "NAME"
        shown.sort(
            key=lambda one: (one.name or "", 0) if by_name else (one.created_at.isoformat(), one.id),
            reverse=order_by is None or order_by["direction"] == "DESC",
        )
        return self.connect(shown, **paging)

    @property
    def _may_push(self) -> bool:
        try:
            self.view.require("contents:write", self.home)
        except GraphProblem:
            return False
        return True
