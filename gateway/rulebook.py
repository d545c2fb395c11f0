"""The policies alone, with who we are, for what is asked outside of a gate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.ahead import policy_expression
from gateway.details import Wanted, ask_details
from gateway.errors import GatewayError, NotFound, Unavailable
from gateway.memory import ReadPolicy
from gateway.needs import readable, teams_of
from gateway.ours import app_login
from gateway.policies import policies_in
from gateway.queries import query
from gateway.reading import Reading, at
from protocol.facts import Known, Missing, People, Permission
from protocol.policy import Policy

if TYPE_CHECKING:
    from gateway.github import GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """`us` is our App's login, empty where a job asks. `has_policy` False: the repository does not use us."""

    us: str
    default_branch: str
    policies: tuple[ReadPolicy, ...]
    has_policy: bool

    @property
    def own(self) -> ReadPolicy:
        return self.policies[-1]

    @property
    def valid(self) -> tuple[Policy, ...]:
        return tuple(readable(self.policies))


def read_rulebook(github: GitHub, now: datetime) -> Rulebook:
    """One request. Raises GatewayError, also where it is no App that asks."""
    rulebook = _read(github, now)
    if not rulebook.us:
        raise Unavailable("GitHub does not say which App is asking, so our own words cannot be told apart.")
    return rulebook


def read_own_policy(github: GitHub, now: datetime) -> ReadPolicy:
    """The repository's own policy, for a job as well as for the App. One request. Raises GatewayError."""
    return _read(github, now).own


def _read(github: GitHub, now: datetime) -> Rulebook:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "policy": policy_expression(github.policy_file)}
    answer = github.connection.graphql(query("policies", "policy_file"), variables)
    repository = answer.data.get("repository")
    if repository is None:
        raise NotFound(f"{github.repository}: GitHub shows no such repository to this token.")
    return Rulebook(
        us=app_login(answer.data.get("viewer")),
        default_branch=at(repository, ("defaultBranchRef", "name")) or "main",
        policies=policies_in(github, Reading(answer.data, answer.errors), now),
        has_policy=repository["policy"] is not None,
    )


def people_asking(
    github: GitHub, policies: Sequence[Policy], environments: Iterable[str], login: str, now: datetime
) -> People:
    """One person's permission, and the teams that matter to these environments."""
    teams = {team for name in environments for team in teams_of(policies, name)}
    owner, _, name = github.repository.partition("/")
    wanted = Wanted(teams=tuple(sorted(teams)))
    details = ask_details(github.connection, github.memory, {"owner": owner, "name": name}, wanted, now)
    permission = _permission(github, login)
    known = permission if isinstance(permission, Missing) else {login: permission}
    return People(permissions=known, teams=details.teams)


def _permission(github: GitHub, login: str) -> Known[Permission]:
    try:
        return github.permission_of(login)
    except GatewayError as error:
        return Missing(f"the permission of {login}: {error}")
