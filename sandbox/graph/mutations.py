"""What a request may change through GraphQL: refs, all that it names or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.git import ZERO, Git, GitError
from sandbox.graph.problems import GraphProblem, unresolvable
from sandbox.graph.view import View
from sandbox.shapes.basics import node_id
from sandbox.state import Push, Repository


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
