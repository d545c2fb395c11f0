"""What a request may change through GraphQL: refs, all that it names or none, and comments, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sandbox.answers import Refusal
from sandbox.comments import Thread
from sandbox.git import ZERO, Git, GitError
from sandbox.graph.problems import GraphProblem, unresolvable
from sandbox.graph.query import Query
from sandbox.graph.view import View
from sandbox.shapes.basics import node_id
from sandbox.state import Comment, Push, Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The answer: nothing but the caller's own word for its request."""

    client_mutation_id: str | None


class Mutation:
    """What stands at the root of a mutation."""

    typename = "Mutation"
    home_or_none = None
    needs: Mapping[str, str] = {}

    def __init__(self, view: View) -> None:
        self.view = view

    def update_refs(self, *, input: Mapping[str, Any]) -> Changed:  # noqa: A002 - GraphQL's name
        """Forty zeros before mean "was not there", after "is gone"."""
        home = self._repository(input["repositoryId"])
        self.view.require("contents:write", home)
        git = self.view.world.git(home)
        pushes = [self._push(home, git, update) for update in input["refUpdates"]]
        try:
            git.move_refs((one.ref, one.before, one.after) for one in pushes)
        except GitError as error:
            raise GraphProblem("UNPROCESSABLE", str(error)) from None
        for push in pushes:
            self.view.world.pushed(push, quiet=self.view.caller.quiet)
        return Changed(client_mutation_id=input.get("clientMutationId"))

    def add_comment(self, *, input: Mapping[str, Any]) -> Changed:  # noqa: A002 - GraphQL's name
        return self._say(self._found(input["subjectId"], "Issue", "PullRequest"), None, input)

    def update_issue_comment(self, *, input: Mapping[str, Any]) -> Changed:  # noqa: A002 - GraphQL's name
        node = self._found(input["id"], "IssueComment")
        return self._say(node, node.record.comment, input)

    def _say(self, node: Any, comment: Comment | None, said: Mapping[str, Any]) -> Changed:
        """Under the node's issue or pull request."""
        self.view.require("issues:write|pull_requests:write", node.home)
        issue = node.record.issue if hasattr(node.record, "issue") else node.record
        thread = Thread(world=self.view.world, home=node.home, issue=issue, caller=self.view.caller)
        try:
            _ = thread.write(said["body"]) if comment is None else thread.change(comment, said["body"])
        except Refusal as refusal:
            kind = "FORBIDDEN" if refusal.status == HTTPStatus.FORBIDDEN else "UNPROCESSABLE"
            raise GraphProblem(kind, refusal.message) from None
        return Changed(client_mutation_id=said.get("clientMutationId"))

    def _found(self, text: str, *kinds: str) -> Any:
        node = Query(self.view).node(id=text)
        if node.typename not in kinds:
            raise unresolvable(f"a node with the global id of '{text}'")
        return node

    def _repository(self, text: str) -> Repository:
        for home in filter(self.view.sees, self.view.world.repositories.values()):
            if node_id("Repository", home.id) == text:
                return home
        raise unresolvable(f"a node with the global id of '{text}'")

    def _push(self, home: Repository, git: Git, update: Mapping[str, Any]) -> Push:
        ref, after = update["name"], update["afterOid"]
        if not git.valid_ref(ref):
            raise GraphProblem("UNPROCESSABLE", f"'{ref}' is not a fully qualified reference name")
        before = update.get("beforeOid") or git.ref(ref) or ZERO
        if ZERO not in (before, after) and not update["force"] and not git.contains(before, after):
            raise GraphProblem("UNPROCESSABLE", f"Update of {ref} is not a fast forward")
        pusher = self.view.caller.person
        return Push(repository=home, ref=ref, before=before, after=after, pusher=pusher)
