"""Whose word an issue with our mark is: anybody can write one, and the App and its jobs need each other's.

The App writes with its own login, a job with that of all workflows, or with whatever token it was given.
So besides whoever asks, those count who have told of the run where a token for issues alone cannot write:
in our checks on its commit, and in our words on its Deployments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.checks import our_logins
from gateway.errors import NotFound
from gateway.ours import WORKFLOWS, app_login
from gateway.queries import query
from gateway.reading import NOBODY, Node, at, login_of
from protocol.incident import asks_why
from protocol.log import status_of_line
from protocol.notes import is_note

if TYPE_CHECKING:
    from gateway.github import GitHub, Issue, Run

_OF_RUN = re.compile(r"<!-- deploy-protocol:(?:post-mortem run=|incident \S+/)(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tellers:
    """Logins in lower case."""

    logins: frozenset[str]

    def wrote(self, issue: Issue) -> bool:
        """Any workflow writes with the login of all: only a whole document is taken for that of ours."""
        if issue.author not in self.logins:
            return False
        return issue.author != WORKFLOWS or asks_why(issue.body)


def tellers(github: GitHub, mark: str) -> Tellers:
    """Who may write an issue with this mark. One request, and the run where it is the mark of one."""
    run = _run_of(github, mark)
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "sha": run.sha if run else "0" * 40, "told": run is not None}
    data = github.connection.graphql(query("tellers"), variables).data
    others = _told(data.get("repository"), run) if run is not None else frozenset[str]()
    return Tellers(logins=(_asking(data.get("viewer")) | others) - {NOBODY})


def _run_of(github: GitHub, mark: str) -> Run | None:
    found = _OF_RUN.match(mark)
    try:
        return github.run(int(found[1])) if found else None
    except NotFound:
        return None  # a deployment from a terminal has none, and its mark another number


def _asking(viewer: Node | None) -> frozenset[str]:
    """A person by name, an App as `app_login` knows it."""
    return frozenset({login_of(viewer), app_login(viewer) or WORKFLOWS})


def _told(repository: Any, run: Run) -> frozenset[str]:
    """What the token may not see tells nothing."""
    made = at(repository, ("deployments", "nodes")) or ()
    statuses = [status for one in made for status in one["statuses"]["nodes"]]
    ours = (one for one in statuses if one["logUrl"] == run.url and _is_ours(one["description"] or ""))
    return our_logins(at(repository, ("commit", "statusCheckRollup"))) | {
        login_of(one["creator"]) for one in ours
    }


def _is_ours(description: str) -> bool:
    return is_note(description) or status_of_line(description) is not None
