"""Users, bots, organisations, teams and Apps."""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.graph.paging import Connection, Edge, TeamMemberEdge, only_paging
from sandbox.graph.view import Node
from sandbox.state import App, Organization, Team, User


class Account(Node):
    """What a user and an organisation have in common."""

    @property
    def updated_at(self) -> Any:
        return self.record.created_at

    @property
    def resource_path(self) -> str:
        return f"/{self.record.login}"

    def avatar_url(self, **_: Any) -> str:
        return f"{self.view.world.url}/avatars/{self.record.id}"

    def repositories(self, *, privacy: str | None = None, **arguments: Any) -> Connection:
        mine = [one for one in self.view.world.repositories.values() if one.owner is self.record]
        seen = [one for one in mine if self.view.sees(one) and privacy in (None, privacy_of(one.private))]
        nodes = [self.view.show(one, one) for one in seen]
        return Connection(nodes, **only_paging(arguments))

    def repository(self, *, name: str, **_: Any) -> Any:
        found = self.view.world.repositories.get(f"{self.record.login}/{name}".lower())
        return self.view.show(found, found) if found is not None and self.view.sees(found) else None


class Person(Account, shows=User):
    @property
    def typename(self) -> str:  # type: ignore[override]
        return str(self.record.kind)

    @property
    def email(self) -> str:
        return self.record.email or ""

    @property
    def is_viewer(self) -> bool:
        return self.record is self.view.caller.user


class Group(Account, shows=Organization):
    typename = "Organization"
    needs: ClassVar = {"team": "members:read", "teams": "members:read", "members_with_role": "members:read"}

    @property
    def description(self) -> None:
        return None

    def team(self, *, slug: str) -> Any:
        return self.show(self.record.teams.get(slug))

    def teams(self, *, user_logins: list[str] | None = None, query: str = "", **arguments: Any) -> Connection:
        """With `user_logins`, the teams that have at least one of them."""
        wanted = {login.lower() for login in user_logins or ()}
        teams = [
            team
            for team in self.record.teams.values()
            if query in team.slug
            and (user_logins is None or wanted & {user.login.lower() for user in team.members})
        ]
        return self.connect(teams, **only_paging(arguments))

    def members_with_role(self, **paging: Any) -> Connection:
        def edge(cursor: str, member: Any) -> Edge:
            return TeamMemberEdge(
                cursor, member, "ADMIN" if member.record in self.record.owners else "MEMBER"
            )

        return self.connect(self.record.members, edge=edge, **paging)


class TeamNode(Node, shows=Team):
    typename = "Team"
    needs: ClassVar = {"members": "members:read"}
    description = None
    parent_team = None
    privacy = "VISIBLE"

    @property
    def combined_slug(self) -> str:
        return f"{self.record.organization.login}/{self.record.slug}"

    @property
    def updated_at(self) -> Any:
        return self.record.created_at

    @property
    def resource_path(self) -> str:
        return f"/orgs/{self.record.organization.login}/teams/{self.record.slug}"

    @property
    def organization(self) -> Any:
        return self.show(self.record.organization)

    def child_teams(self, **arguments: Any) -> Connection:
        """The sandbox nests no teams."""
        return self.connect([], **only_paging(arguments))

    def members(self, *, membership: str = "ALL", query: str = "", **arguments: Any) -> Connection:
        found = [user for user in self.record.members if query in user.login and membership != "CHILD_TEAM"]
        return self.connect(
            found, edge=lambda cursor, node: TeamMemberEdge(cursor, node, "MEMBER"), **only_paging(arguments)
        )


class AppNode(Node, shows=App):
    typename = "App"
    description = None

    @property
    def updated_at(self) -> Any:
        return self.record.created_at

    @property
    def resource_path(self) -> str:
        return f"/apps/{self.record.slug}"


def privacy_of(private: bool) -> str:
    return "PRIVATE" if private else "PUBLIC"
