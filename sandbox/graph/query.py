"""The root: a repository, an account, any node by its id, and what the query cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.graph.issues import Dismissed, Labelled, Opinion, Remark
from sandbox.graph.problems import unresolvable
from sandbox.graph.view import View
from sandbox.shapes.basics import kind_and_id, node_id
from sandbox.state import Repository
from sandbox.world import quota_name

Find = Callable[[Repository], Iterable[tuple[int, Any]]]

IN_REPOSITORIES: Mapping[str, Find] = {
    "Repository": lambda home: [(home.id, home)],
    "Issue": lambda home: [(one.id, one) for one in home.issues.values()],
    "PullRequest": lambda home: [(one.id, one) for one in home.pulls],
    "IssueComment": lambda home: [
        (comment.id, Remark(issue, comment)) for issue in home.issues.values() for comment in issue.comments
    ],
    "PullRequestReview": lambda home: [
        (review.id, Opinion(pull, review)) for pull in home.pulls for review in pull.reviews
    ],
    "LabeledEvent": lambda home: [
        (one.id, Labelled(issue, one)) for issue in home.issues.values() for one in issue.labellings
    ],
    "ReviewDismissedEvent": lambda home: [
        (one.id, Dismissed(pull, one)) for pull in home.pulls for one in pull.dismissals
    ],
    "Label": lambda home: [(one.id, one) for one in home.labels.values()],
    "Release": lambda home: home.releases.items(),
    "CheckSuite": lambda home: home.check_suites.items(),
    "CheckRun": lambda home: home.check_runs.items(),
    "StatusContext": lambda home: [(one.id, one) for one in home.statuses],
    "Environment": lambda home: [(one.id, one) for one in home.environments.values()],
    "Workflow": lambda home: [(one.id, one) for one in home.workflows.values()],
    "WorkflowRun": lambda home: home.runs.items(),
    "Deployment": lambda home: home.deployments.items(),
}


class Query:
    """What stands at the root of a query."""

    typename = "Query"
    home_or_none = None
    needs: Mapping[str, str] = {}
    id = node_id("Query", "root")

    def __init__(self, view: View) -> None:
        self.view = view
        self.world = view.world

    def repository(self, *, owner: str, name: str, **_: Any) -> Any:
        found = self.world.repositories.get(f"{owner}/{name}".lower())
        if found is None or not self.view.sees(found):
            raise unresolvable(f"a Repository with the name '{owner}/{name}'")
        return self.view.show(found, found)

    def organization(self, *, login: str) -> Any:
        found = self.world.organizations.get(login.lower())
        if found is None:
            raise unresolvable(f"an Organization with the login of '{login}'")
        return self.view.show(found, None)

    def user(self, *, login: str) -> Any:
        found = self.world.users.get(login.lower())
        if found is None or found.kind != "User":
            raise unresolvable(f"a User with the login of '{login}'")
        return self.view.show(found, None)

    def repository_owner(self, *, login: str) -> Any:
        found = self.world.organizations.get(login.lower()) or self.world.users.get(login.lower())
        return self.view.show(found, None)

    @property
    def viewer(self) -> Any:
        return self.view.show(self.view.caller.user, None)

    def node(self, *, id: str) -> Any:  # noqa: A002 - GraphQL's name
        found = self._find(id)
        if found is None:
            raise unresolvable(f"a node with the global id of '{id}'")
        return found

    def nodes(self, *, ids: list[str]) -> list[Any]:
        return [self._find(one) for one in ids]

    def _find(self, text: str) -> Any:
        try:
            kind, number = kind_and_id(text)
        except ValueError:
            return None
        if kind not in IN_REPOSITORIES or not number.isdecimal():
            return self._find_account(kind, number)
        for home in filter(self.view.sees, self.world.repositories.values()):
            record = dict(IN_REPOSITORIES[kind](home)).get(int(number))
            if record is not None:
                return self.view.show(record, home)
        return None

    def _find_account(self, kind: str, number: str) -> Any:
        people = [*self.world.users.values(), *self.world.organizations.values()]
        teams = [team for one in self.world.organizations.values() for team in one.teams.values()]
        named: list[Any] = [*people, *teams, *self.world.apps.values()]
        shown = (self.view.show(one, None) for one in named if str(one.id) == number)
        return next((node for node in shown if node.typename == kind), None)

    def rate_limit(self, **_: Any) -> Any:
        return RateLimit(self.view)


class RateLimit:
    """What this query cost, and what the caller has left of this hour."""

    home_or_none = None
    needs: Mapping[str, str] = {}

    def __init__(self, view: View) -> None:
        quota = view.world.quotas[quota_name(view.caller.who, "graphql")]
        self.cost = view.price.cost
        self.node_count = view.price.nodes
        self.limit = quota.limit
        self.remaining = quota.remaining
        self.used = quota.used
        self.reset_at = quota.resets_at
