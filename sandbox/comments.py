"""Comments as people and Apps write them, over REST or GraphQL, and what GitHub tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.answers import Refusal, field_error, unprocessable
from sandbox.auth import Caller
from sandbox.shapes.issues import comment_shape, told_issue_shape
from sandbox.state import Comment, Edit, Event, Issue, Repository, User
from sandbox.world import ROLES, World

LONGEST_BODY = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """An issue or pull request, and who is about to say something there."""

    world: World
    home: Repository
    issue: Issue
    caller: Caller

    def write(self, body: str) -> dict[str, Any]:
        """A new comment, as GitHub shows it."""
        check_body(body)
        now = self.world.now()
        comment = Comment(
            id=self.world.next_id(),
            author=self.caller.person,
            body=body,
            app=self.caller.app,
            created_at=now,
            updated_at=now,
        )
        self.issue.comments.append(comment)
        self.issue.updated_at = now
        return self._announce(comment, "created")

    def change(self, comment: Comment, body: str) -> dict[str, Any]:
        self._require_own(comment)
        check_body(body)
        changes = {"body": {"from": comment.body}}
        _rewrite(self.world, comment, body, self.caller.person)
        return self._announce(comment, "edited", changes=changes)

    def delete(self, comment: Comment) -> None:
        self._require_own(comment)
        self.issue.comments.remove(comment)
        self._announce(comment, "deleted")

    def _require_own(self, comment: Comment) -> None:
        """Comments are changed by their author, or by a person who may write here."""
        role = self.world.role(self.caller.person, self.home) if self.caller.kind == "user" else None
        writes = role is not None and ROLES.index(role) >= ROLES.index("write")
        if comment.author is not self.caller.user and not writes:
            raise Refusal(403, "Must have admin rights to Repository.")

    def _announce(self, comment: Comment, action: str, **more: Any) -> dict[str, Any]:
        shape = comment_shape(self.world, self.home, self.issue, comment)
        whole = told_issue_shape(self.world, self.home, self.issue)
        self.world.emit(
            Event(
                name="issue_comment",
                action=action,
                repository=self.home,
                sender=self.caller.person,
                payload={"issue": whole, "comment": shape, **more},
                quiet=self.caller.quiet,
            )
        )
        return shape


def _rewrite(world: World, comment: Comment, body: str, editor: User) -> None:
    """Change a comment's text, its history kept."""
    if not comment.edits:
        comment.edits.append(
            Edit(id=world.next_id(), editor=comment.author, body=comment.body, at=comment.created_at)
        )
    comment.body, comment.updated_at = body, world.now()
    comment.edits.append(Edit(id=world.next_id(), editor=editor, body=body, at=comment.updated_at))


def check_body(body: Any) -> None:
    if isinstance(body, str) and len(body) > LONGEST_BODY:
        message = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise unprocessable("Validation Failed", field_error("Issue", "body", "custom", message))
