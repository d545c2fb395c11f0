"""What only the policy or the first answer tells us to ask: teams, people, required checks, edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.checks import required_names
from gateway.deployments import deployments
from gateway.memory import Memory
from gateway.paging import MOST_ROUNDS, append_page
from gateway.queries import query
from gateway.reading import Node, Reading, Unreadable, at, nodes_of
from protocol.facts import Deployment, Known, Missing, Permission

if TYPE_CHECKING:
    from gateway.connection import Connection

K = TypeVar("K")
V = TypeVar("V")

_REQUIRED = """required: object(oid: $sha) { ... on Commit { statusCheckRollup { contexts(first: 100) {
      pageInfo { hasNextPage }
      nodes {
        __typename
        ... on CheckRun { name isRequired(pullRequestNumber: $number) }
        ... on StatusContext { context isRequired(pullRequestNumber: $number) }
      }
    } } } }"""
_EDITS = """edits: node(id: $edits) { ... on IssueComment { userContentEdits(first: 100%s) {
    pageInfo { hasNextPage endCursor }
    nodes { editedAt diff editor { __typename login } }
  } } }"""
_MORE_EDITS = f"query Edits($edits: ID!, $after: String!) {{ {_EDITS % ', after: $after'} }}"
_TEAM = """t%d: organization(login: $o%d) { team(slug: $s%d) { members(first: 100%s) {
    pageInfo { hasNextPage endCursor }
    nodes { login }
  } } }"""
_MORE_MEMBERS = (
    f"query Members($o0: String!, $s0: String!, $after: String!) {{ {_TEAM % (0, 0, 0, ', after: $after')} }}"
)
_PERSON = "p%d: collaborators(login: $p%d, first: 5) { edges { permission node { login } } }"
_DEPLOYMENTS = """d%d: deployments(
      first: 100, environments: [$d%d], orderBy: { field: CREATED_AT, direction: DESC }
    ) { ...Deployments }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to know. `teams` are "org/slug"."""

    teams: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    required: tuple[tuple[str, int], ...] = ()  # a commit and the pull request that needs checks, or none
    edits: tuple[tuple[str, str], ...] = ()  # a comment's id and its last edit, or none

    def __bool__(self) -> bool:
        return bool(self.teams or self.logins or self.environments or self.required or self.edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The answers, by what was asked for."""

    teams: Mapping[str, Known[frozenset[str]]]
    permissions: Mapping[str, Known[Permission]]
    deployments: Mapping[str, Known[tuple[Deployment, ...]]]
    required: Mapping[tuple[str, int], Known[frozenset[str]]]
    edits: Mapping[tuple[str, str], Known[Any]]


def ask_details(
    connection: Connection, memory: Memory, variables: Node, wanted: Wanted, now: datetime
) -> Details:
    """In one GraphQL request what is not remembered; in none when all of it is."""
    asked = Wanted(
        teams=memory.teams.without(wanted.teams, now),
        logins=memory.permissions.without(wanted.logins, now),
        environments=wanted.environments,
        required=memory.required.without(wanted.required, now),
        edits=memory.edits.without(wanted.edits, now),
    )
    answer = connection.graphql(*document(variables, asked)) if asked else None
    if answer is not None:
        _follow(connection, asked, answer.data)
    reading = Reading(answer.data, answer.errors) if answer else Reading({})
    teams = _read(reading, asked.teams, _team)
    people = _read(reading, asked.logins, _person)
    required = _read(reading, asked.required, _required)
    edits = _read(reading, asked.edits, _edits)
    return Details(
        teams=teams | memory.teams.kept(wanted.teams, teams, now),
        permissions=people | memory.permissions.kept(wanted.logins, people, now),
        deployments=_read(reading, asked.environments, _deployments),
        required=required | memory.required.kept(wanted.required, required, now),
        edits=edits | memory.edits.kept(wanted.edits, edits, now),
    )


def _follow(connection: Connection, asked: Wanted, found: Node) -> None:
    """Read to their end the lists that may be longer than a page."""
    for comment, _ in asked.edits:
        _follow_edits(connection, comment, at(found, ("edits", "userContentEdits")))
    for number, team in enumerate(asked.teams):
        _follow_members(connection, team, at(found, (f"t{number}", "team", "members")))


def _follow_edits(connection: Connection, comment: str, found: Any) -> None:
    """Add the older pages: a checklist is written anew with each thing that changes about it."""
    for _ in range(MOST_ROUNDS):
        if found is None or not found["pageInfo"]["hasNextPage"]:
            return
        older = {"edits": comment, "after": found["pageInfo"]["endCursor"]}
        append_page(found, connection.graphql(_MORE_EDITS, older).data["edits"]["userContentEdits"])


def _follow_members(connection: Connection, team: str, found: Any) -> None:
    """Add the further pages of a team of more than a hundred."""
    organisation, _, slug = team.partition("/")
    for _ in range(MOST_ROUNDS):
        if found is None or not found["pageInfo"]["hasNextPage"]:
            return
        further = {"o0": organisation, "s0": slug, "after": found["pageInfo"]["endCursor"]}
        page = at(connection.graphql(_MORE_MEMBERS, further).data, ("t0", "team", "members"))
        if page is None:
            return  # not whole, which its reader sees
        append_page(found, page)


def _read(
    reading: Reading, asked: Sequence[K], read: Callable[[Reading, int, K], V | Missing]
) -> dict[K, V | Missing]:
    """Each by its number in the question."""
    return {key: read(reading, number, key) for number, key in enumerate(asked)}


def document(variables: Node, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Every name is a variable: what people wrote never becomes part of the question."""
    values: dict[str, tuple[str, Any]] = {}
    inside, beside = [], []
    for number, team in enumerate(wanted.teams):
        organisation, _, slug = team.partition("/")
        values |= {f"o{number}": ("String!", organisation), f"s{number}": ("String!", slug)}
        beside.append(_TEAM % (number, number, number, ""))
    for number, login in enumerate(wanted.logins):
        values[f"p{number}"] = ("String!", login)
        inside.append(_PERSON % (number, number))
    for number, environment in enumerate(wanted.environments):
        values[f"d{number}"] = ("String!", environment)
        inside.append(_DEPLOYMENTS % (number, number))
    for sha, pull in wanted.required:
        values |= {"sha": ("GitObjectID!", sha), "number": ("Int!", pull)}
        inside.append(_REQUIRED)
    for comment, _ in wanted.edits:
        values["edits"] = ("ID!", comment)
        beside.append(_EDITS % "")
    if inside:
        values |= {key: ("String!", variables[key]) for key in ("owner", "name")}
        lines = "\n    ".join(inside)
        beside.append(f"repository(owner: $owner, name: $name) {{\n    {lines}\n  }}")
    names = ", ".join(f"${name}: {kind}" for name, (kind, _) in values.items())
    lines = "\n  ".join(beside)
    text = f"query Details({names}) {{\n  {lines}\n}}\n"
    parts = query("deployments") if wanted.environments else ""
    return text + parts, {name: value for name, (_, value) in values.items()}


def _team(reading: Reading, number: int, team: str) -> frozenset[str] | Missing:
    return reading.part(f"the members of team {team}", (f"t{number}", "team"), _members)


def _members(team: Node | None) -> frozenset[str]:
    if team is None:
        raise Unreadable("there is no such team, or the App may not see it: it needs 'Members: read'")
    return frozenset(str(member["login"]).lower() for member in nodes_of(team["members"]))


def _person(reading: Reading, number: int, login: str) -> Known[Permission]:
    path = ("repository", f"p{number}")
    return reading.part(
        f"the permission of {login}", path, lambda found: permissions(found).get(login, Permission.NONE)
    )


def permissions(collaborators: Node | None) -> dict[str, Permission]:
    """Of the people shown, by login in lower case."""
    if collaborators is None:
        raise Unreadable("GitHub does not show the collaborators to this token")
    edges = (edge for edge in collaborators["edges"] if edge is not None)
    return {edge["node"]["login"].lower(): Permission[edge["permission"]] for edge in edges}


def _deployments(reading: Reading, number: int, environment: str) -> Known[tuple[Deployment, ...]]:
    """The newest hundred; a longer past without one success stays unknown."""
    return reading.part(f"the deployments to {environment}", ("repository", f"d{number}"), _newest)


def _newest(found: Node) -> tuple[Deployment, ...]:
    newest = deployments(found["nodes"])
    if found["pageInfo"]["hasNextPage"] and not any(one.succeeded for one in newest):
        raise Unreadable("none of the newest hundred succeeded")
    return newest


def _required(reading: Reading, _number: int, _key: tuple[str, int]) -> Known[frozenset[str]]:
    path = ("repository", "required", "statusCheckRollup")
    return reading.part("which checks are required", path, required_names)


def _edits(reading: Reading, _number: int, _key: tuple[str, str]) -> Known[Any]:
    return reading.part("who ticked the checklist", ("edits", "userContentEdits"), nodes_of)
