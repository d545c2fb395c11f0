"""How things stand in a repository outside of any gate: its policies, what runs where, and its freezes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.ahead import policy_expression
from gateway.deployments import deployments
from gateway.details import Wanted, ask_details
from gateway.freezes import authors_of, freezes_of
from gateway.history import running
from gateway.look import unseen
from gateway.memory import ReadPolicy
from gateway.needs import environments_of, readable, zone_of
from gateway.ours import app_login
from gateway.people import permissions_of
from gateway.policies import policies_in
from gateway.queries import query
from gateway.reading import NOBODY, Node, Reading
from protocol.facts import Deployment, Freeze, Known, Missing

if TYPE_CHECKING:
    from gateway.github import GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`policies`: the organisation's first, the repository's own last. `deployments`: the newest first."""

    policies: tuple[ReadPolicy, ...]
    deployments: Known[tuple[Deployment, ...]]
    freezes: Known[tuple[Freeze, ...]]

    def running(self, environment: str) -> Known[Deployment | None]:
        """None: nothing was ever deployed there."""
        found = self.deployments
        return found if isinstance(found, Missing) else running(found, environment)


def read_standing(github: GitHub, now: datetime) -> Standing:
    """One request; more only for freezes' authors and for what was last deployed long ago."""
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "policy": policy_expression(github.policy_file)}
    answer = github.connection.graphql(query("standing", "policy_file", "deployments"), variables)
    reading = Reading(answer.data, answer.errors)
    if answer.data.get("repository") is None:
        raise unseen(github.repository, reading)
    policies = policies_in(github, reading, now)
    return Standing(
        policies=policies,
        deployments=_deployments(github, reading, policies, now),
        freezes=_freezes(github, reading, answer.data, policies, now),
    )


def _deployments(
    github: GitHub, reading: Reading, policies: Sequence[ReadPolicy], now: datetime
) -> Known[tuple[Deployment, ...]]:
    """The newest hundred, and those of an environment whose last success lies before them."""
    found = reading.part("the deployments", ("repository", "deployments"), lambda one: one)
    if isinstance(found, Missing):
        return found
    newest = deployments(found["nodes"])
    if not found["pageInfo"]["hasNextPage"]:
        return newest
    unseen = {name for name in environments_of(readable(policies)) if running(newest, name) is None}
    return _with_older(github, newest, tuple(sorted(unseen)), now)


def _with_older(
    github: GitHub, newest: tuple[Deployment, ...], environments: tuple[str, ...], now: datetime
) -> Known[tuple[Deployment, ...]]:
    owner, _, name = github.repository.partition("/")
    wanted = Wanted(environments=environments)
    details = ask_details(github.connection, github.memory, {"owner": owner, "name": name}, wanted, now)
    for older in details.deployments.values():
        if isinstance(older, Missing):
            return older
        newest += older
    return newest


def _freezes(
    github: GitHub, reading: Reading, data: Node, policies: Sequence[ReadPolicy], now: datetime
) -> Known[tuple[Freeze, ...]]:
    us = app_login(data.get("viewer"))
    ours = frozenset({us} if us else ())
    zone = zone_of(readable(policies))

    def read(issues: Node) -> tuple[Freeze, ...]:
        people = {one for one in authors_of(issues, ours) if one != NOBODY and not one.endswith("[bot]")}
        return freezes_of(issues, permissions_of(github, people, now), zone, ours)

    return reading.part("the freezes", ("repository", "issues"), read)
