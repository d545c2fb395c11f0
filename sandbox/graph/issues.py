"""Issues, comments, labels, pull requests and reviews."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast

from sandbox.git import FileChange
from sandbox.graph.git_objects import Changing, RefAt
from sandbox.graph.paging import Connection, only_paging
from sandbox.graph.rollup import Rollup, name_of, rollup_at, state_of
from sandbox.graph.view import Node
from sandbox.pulls import changes_of, commits_of
from sandbox.shapes.basics import node_id
from sandbox.shapes.pulls import merges
from sandbox.state import (
    Comment,
    Dismissal,
    Edit,
    Issue,
    Label,
    Labelling,
    Organization,
    PullRequest,
    Repository,
    Review,
    User,
)
from sandbox.world import ROLES

OPINIONS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
CHANGE_TYPES = {"removed": "DELETED"}


class Written(Node):
    """Something a person wrote: `written` is the record that holds author, body and times."""

    @property
    def written(self) -> Any:
        return self.record

    @property
    def author(self) -> Any:
        return self.show(self.written.author)

    @property
    def author_association(self) -> str:
        owner, author = self.home.owner, self.written.author
        if owner is author:
            return "OWNER"
        if isinstance(owner, Organization) and author in owner.members:
            return "MEMBER"
        return "COLLABORATOR" if author.id in self.home.collaborators else "NONE"

    @property
    def viewer_did_author(self) -> bool:
        return self.written.author is self.view.caller.user

    @property
    def editor(self) -> Any:
        """Who edited it last."""
        edits = getattr(self.written, "edits", ())
        editor = edits[-1].editor if edits else self.written.author
        return None if self.last_edited_at is None else self.show(editor)

    @property
    def body(self) -> str:
        return self.written.body or ""

    @property
    def body_text(self) -> str:
        return self.body

    @property
    def created_at(self) -> datetime:
        moment: datetime = self.written.created_at
        return moment

    @property
    def updated_at(self) -> datetime:
        moment: datetime = self.written.updated_at
        return moment

    @property
    def published_at(self) -> datetime:
        return self.created_at

    @property
    def last_edited_at(self) -> datetime | None:
        """An edit in the second of the writing is one too."""
        edits = getattr(self.written, "edits", ())
        if edits:
            return cast("datetime", edits[-1].at)
        return None if self.updated_at == self.created_at else self.updated_at


class Threaded(Written):
    """An issue or a pull request."""

    @property
    def number(self) -> int:
        return int(self.written.number)

    @property
    def title(self) -> str:
        return str(self.written.title)

    @property
    def closed(self) -> bool:
        return bool(self.written.state == "closed")

    @property
    def closed_at(self) -> datetime | None:
        moment: datetime | None = self.written.closed_at
        return moment

    @property
    def last_edited_at(self) -> datetime | None:
        moment: datetime | None = self.written.edited_at
        return moment

    @property
    def locked(self) -> bool:
        return bool(self.written.locked)

    def assignees(self, **paging: Any) -> Connection:
        return self.connect(self.written.assignees, **paging)

    def labels(self, **arguments: Any) -> Connection:
        return self.connect(self.written.labels, **only_paging(arguments))

    def comments(self, **arguments: Any) -> Connection:
        remarks = [Remark(self.written, comment) for comment in self.written.comments]
        return self.connect(remarks, **only_paging(arguments))

    def timeline_items(self, *, item_types: list[str] | None = None, **arguments: Any) -> Connection:
        """What the sandbox tells of its past, of the kinds that are asked for; the oldest first."""
        told = [node for node in self.past() if not item_types or node.item_type in item_types]
        return Connection(sorted(told, key=lambda node: node.created_at), **only_paging(arguments))

    def past(self) -> list[Any]:
        return self.view.shown((Labelled(self.written, one) for one in self.written.labellings), self.home)


class IssueNode(Threaded, shows=Issue):
    typename = "Issue"
    needs: ClassVar = {"": "issues:read"}

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/issues/{self.number}"

    @property
    def state(self) -> str:
        return str(self.record.state).upper()

    def state_reason(self, **_: Any) -> str | None:
        reason = self.record.state_reason
        return reason.upper() if reason else None


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment and where it stands."""

    issue: Issue
    comment: Comment

    @property
    def id(self) -> int:
        return self.comment.id


class CommentNode(Written, shows=Remark):
    typename = "IssueComment"

    @property
    def written(self) -> Any:
        return self.record.comment

    @property
    def resource_path(self) -> str:
        issue = self.record.issue
        kind = "pull" if issue.pull else "issues"
        return f"/{self.home.full_name}/{kind}/{issue.number}#issuecomment-{self.written.id}"

    @property
    def issue(self) -> Any:
        return self.show(self.record.issue)

    @property
    def pull_request(self) -> Any:
        return self.show(self.record.issue.pull)

    def user_content_edits(self, **paging: Any) -> Connection:
        """Newest first, the text as first written last; none before the first change."""
        return self.connect(reversed(self.written.edits), **paging)


class EditNode(Node, shows=Edit):
    typename = "UserContentEdit"

    @property
    def editor(self) -> Any:
        return self.show(self.record.editor)

    @property
    def diff(self) -> str:
        """What GitHub calls a diff is the whole text after the edit."""
        return str(self.record.body)

    @property
    def edited_at(self) -> datetime:
        moment: datetime = self.record.at
        return moment

    @property
    def created_at(self) -> datetime:
        return self.edited_at

    @property
    def updated_at(self) -> datetime:
        return self.edited_at


class LabelNode(Node, shows=Label):
    typename = "Label"

    @property
    def is_default(self) -> bool:
        return bool(self.record.default)

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/labels/{self.record.name}"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label's coming and the issue it came to."""

    issue: Issue
    labelling: Labelling

    @property
    def id(self) -> int:
        return self.labelling.id


class LabelledNode(Node, shows=Labelled):
    typename = "LabeledEvent"
    item_type = "LABELED_EVENT"

    @property
    def actor(self) -> Any:
        return self.show(self.record.labelling.actor)

    @property
    def created_at(self) -> datetime:
        moment: datetime = self.record.labelling.created_at
        return moment

    @property
    def label(self) -> Any:
        return self.show(self.record.labelling.label)

    @property
    def labelable(self) -> Any:
        return self.show(self.record.issue.pull or self.record.issue)


class PullNode(Threaded, Changing, shows=PullRequest):
    typename = "PullRequest"
    needs: ClassVar = {"": "pull_requests:read", "status_check_rollup": "checks:read|statuses:read"}

    @property
    def written(self) -> Any:
        return self.record.issue

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/pull/{self.number}"

    @property
    def permalink(self) -> str:
        return self.url

    @property
    def state(self) -> str:
        return "MERGED" if self.merged else str(self.written.state).upper()

    @property
    def merged(self) -> bool:
        return self.record.merged_at is not None

    @property
    def merged_by(self) -> Any:
        return self.show(self.record.merged_by)

    @property
    def merge_commit(self) -> Any:
        return self.commit_at(self.record.merge_commit_sha) if self.merged else None

    @property
    def mergeable(self) -> str:
        merging = merges(self.view.world, self.home, self.record)
        return {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}[merging]

    @property
    def merge_state_status(self) -> str:
        """What stands between the pull request and its merge, the worst first."""
        if self.mergeable != "MERGEABLE":
            return "DIRTY" if self.mergeable == "CONFLICTING" else "UNKNOWN"
        if self.is_draft:
            return "DRAFT"
        if self.review_decision not in (None, "APPROVED") or self._lacks_checks():
            return "BLOCKED"
        rollup = Rollup(self.home, self.record.head_sha)
        return "CLEAN" if all(state_of(one) == "SUCCESS" for one in rollup.contexts) else "UNSTABLE"

    def _lacks_checks(self) -> bool:
        rollup = Rollup(self.home, self.record.head_sha)
        passed = {name_of(one) for one in rollup.contexts if state_of(one) == "SUCCESS"}
        return not passed.issuperset(self.home.required_checks.get(self.record.base_ref, ()))

    @property
    def is_draft(self) -> bool:
        return bool(self.record.draft)

    @property
    def is_cross_repository(self) -> bool:
        return self.record.fork is not None

    @property
    def base_ref_name(self) -> str:
        return str(self.record.base_ref)

    @property
    def base_ref_oid(self) -> str:
        return str(self.record.base_sha)

    @property
    def base_ref(self) -> Any:
        return self._branch(self.home, self.record.base_ref)

    @property
    def base_repository(self) -> Any:
        return self.repository

    @property
    def head_ref_name(self) -> str:
        return str(self.record.head_ref)

    @property
    def head_ref_oid(self) -> str:
        return str(self.record.head_sha)

    @property
    def head_ref(self) -> Any:
        return self._branch(self._head, self.record.head_ref)

    @property
    def head_repository(self) -> Any:
        return self.view.show(self._head, self._head)

    @property
    def head_repository_owner(self) -> Any:
        return self.show(self._head.owner)

    @property
    def _head(self) -> Repository:
        return self.record.fork or self.home

    def _branch(self, home: Repository, name: str) -> Any:
        sha = self.view.world.git(home).tip(name)
        return self.view.show(RefAt(f"refs/heads/{name}", sha), home) if sha else None

    def commits(self, **paging: Any) -> Connection:
        found = [PullCommit(self.record, commit.sha) for commit in commits_of(self.git, self.record)]
        return self.connect(found, **paging)

    def files(self, **paging: Any) -> Connection:
        return self.connect(self.brought(), **paging)

    @property
    def changed_files(self) -> int:
        return len(self.brought())

    def brought(self) -> list[FileChange]:
        return changes_of(self.git, self.record)

    @property
    def status_check_rollup(self) -> Any:
        return rollup_at(self, self.record.head_sha)

    # Reviews

    @property
    def review_decision(self) -> str | None:
        """Null where the base branch asks for no review."""
        if self.record.base_ref not in self.home.protected_branches:
            return None
        states = {review.state for review in self._latest(OPINIONS, writers_only=True)}
        if "CHANGES_REQUESTED" in states:
            return "CHANGES_REQUESTED"
        return "APPROVED" if "APPROVED" in states else "REVIEW_REQUIRED"

    def reviews(
        self, *, author: str | None = None, states: list[str] | None = None, **paging: Any
    ) -> Connection:
        found = [
            review
            for review in self.record.reviews
            if (not states or review.state in states) and author in (None, review.author.login)
        ]
        return self._connect_reviews(found, **paging)

    def latest_reviews(self, **paging: Any) -> Connection:
        return self._connect_reviews(self._latest((*OPINIONS, "COMMENTED")), **paging)

    def latest_opinionated_reviews(self, *, writers_only: bool = False, **paging: Any) -> Connection:
        return self._connect_reviews(self._latest(OPINIONS, writers_only=writers_only), **paging)

    def _latest(self, states: tuple[str, ...], *, writers_only: bool = False) -> list[Review]:
        """The newest of each person among those states, in the order they were given."""
        counted = [review for review in self.record.reviews if review.state in states]
        newest = {review.author.id: review for review in counted}
        return [
            review
            for review in counted
            if newest[review.author.id] is review and (not writers_only or self._writes(review.author))
        ]

    def _writes(self, user: User) -> bool:
        return writes(self.view.world.role(user, self.home))

    def _connect_reviews(self, reviews: Iterable[Review], **paging: Any) -> Connection:
        return self.connect([Opinion(self.record, review) for review in reviews], **paging)

    def past(self) -> list[Any]:
        dismissed = (Dismissed(self.record, dismissal) for dismissal in self.record.dismissals)
        return [*super().past(), *self.view.shown(dismissed, self.home)]


def writes(role: Any) -> bool:
    return role is not None and ROLES.index(role) >= ROLES.index("write")


@dataclass(frozen=True, slots=True)
class Opinion:
    """A review and the pull request it is of."""

    pull: PullRequest
    review: Review

    @property
    def id(self) -> int:
        return self.review.id


class ReviewNode(Written, shows=Opinion):
    typename = "PullRequestReview"
    needs: ClassVar = {"on_behalf_of": "members:read"}

    @property
    def written(self) -> Any:
        return self.record.review

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/pull/{self.record.pull.number}#pullrequestreview-{self.written.id}"

    @property
    def created_at(self) -> datetime:
        moment: datetime = self.written.submitted_at
        return moment

    @property
    def updated_at(self) -> datetime:
        return self.created_at

    @property
    def submitted_at(self) -> datetime:
        return self.created_at

    @property
    def state(self) -> str:
        return str(self.written.state)

    @property
    def author_can_push_to_repository(self) -> bool:
        return writes(self.view.world.role(self.written.author, self.home))

    @property
    def commit(self) -> Any:
        return self.commit_at(self.written.commit_sha)

    @property
    def pull_request(self) -> Any:
        return self.show(self.record.pull)

    def on_behalf_of(self, **paging: Any) -> Connection:
        """The sandbox requests no team's review, so nobody reviews for one."""
        return self.connect([], **paging)


@dataclass(frozen=True, slots=True)
class Dismissed:
    """A review's dismissal and the pull request it happened in."""

    pull: PullRequest
    dismissal: Dismissal

    @property
    def id(self) -> int:
        return self.dismissal.id


class DismissedNode(Node, shows=Dismissed):
    typename = "ReviewDismissedEvent"
    item_type = "REVIEW_DISMISSED_EVENT"

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/pull/{self.record.pull.number}#event-{self.record.id}"

    @property
    def actor(self) -> Any:
        return self.show(self.record.dismissal.actor)

    @property
    def created_at(self) -> datetime:
        moment: datetime = self.record.dismissal.created_at
        return moment

    @property
    def dismissal_message(self) -> str:
        return str(self.record.dismissal.message)

    @property
    def previous_review_state(self) -> str:
        return str(self.record.dismissal.previous)

    @property
    def pull_request(self) -> Any:
        return self.show(self.record.pull)

    @property
    def review(self) -> Any:
        return self.show(Opinion(self.record.pull, self.record.dismissal.review))


@dataclass(frozen=True, slots=True)
class PullCommit:
    pull: PullRequest
    sha: str


class PullCommitNode(Node, shows=PullCommit):
    typename = "PullRequestCommit"

    @property
    def id(self) -> str:
        return node_id(self.typename, f"{self.record.pull.id}:{self.record.sha}")

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/pull/{self.record.pull.number}/commits/{self.record.sha}"

    @property
    def commit(self) -> Any:
        return self.commit_at(self.record.sha)

    @property
    def pull_request(self) -> Any:
        return self.show(self.record.pull)


class ChangedFile(Node, shows=FileChange):
    typename = "PullRequestChangedFile"

    @property
    def change_type(self) -> str:
        return CHANGE_TYPES.get(self.record.status, str(self.record.status).upper())


def issues_in(home: Repository) -> list[Issue]:
    return [issue for issue in home.issues.values() if issue.pull is None]


def ordered(found: list[Any], order_by: dict[str, str] | None) -> list[Any]:
    """Nodes by `created_at`, `updated_at` or number of comments."""
    if order_by is None:
        return found
    keys = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}

    def key(node: Any) -> Any:
        field = keys.get(order_by["field"])
        return getattr(node, field) if field else len(node.written.comments)

    return sorted(found, key=key, reverse=order_by["direction"] == "DESC")


def filtered(nodes: list[Any], *, states: list[str] | None, labels: list[str] | None) -> list[Any]:
    """Those in one of the states that carry one of the labels."""
    wanted = {label.lower() for label in labels or ()}
    return [
        node
        for node in nodes
        if (not states or node.state in states)
        and (not wanted or wanted & {label.name.lower() for label in node.written.labels})
    ]
