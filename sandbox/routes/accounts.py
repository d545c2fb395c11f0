"""People, organisations, teams and their memberships."""

from __future__ import annotations

from sandbox.answers import Answer, not_found, ok
from sandbox.routing import Call, Routes
from sandbox.shapes.accounts import (
    account_shape,
    full_organization_shape,
    full_team_shape,
    organization_shape,
    team_shape,
    user_shape,
)
from sandbox.state import Organization, Team, User

routes = Routes()


@routes.get("/user", needs="user")
def the_caller(call: Call) -> Answer:
    return ok(user_shape(call.world, call.user))


@routes.get("/users/{username}")
def a_user(call: Call) -> Answer:
    user = call.world.users.get(call.path["username"].lower())
    if user is not None:
        return ok(user_shape(call.world, user))
    return ok(account_shape(call.world, _organization(call, "username")) | _profile(call))


def _profile(call: Call) -> dict[str, object]:
    """What a profile holds beyond `simple-user`; an organisation has one too."""
    organization = full_organization_shape(call.world, _organization(call, "username"))
    names = ("name", "public_repos", "public_gists", "followers", "following", "created_at", "updated_at")
    empty = dict.fromkeys(("company", "blog", "location", "email", "hireable", "bio"))
    return {**empty, **{name: organization[name] for name in names}}


@routes.get("/user/orgs", needs="user")
def the_callers_organizations(call: Call) -> Answer:
    mine = [one for one in call.world.organizations.values() if call.user in one.members]
    return call.page(mine, lambda one: organization_shape(call.world, one))


@routes.get("/orgs/{org}")
def an_organization(call: Call) -> Answer:
    return ok(full_organization_shape(call.world, _organization(call)))


@routes.get("/orgs/{org}/members", needs="members:read")
def organization_members(call: Call) -> Answer:
    return call.page(_organization(call).members, lambda user: account_shape(call.world, user))


@routes.get("/orgs/{org}/memberships/{username}", needs="members:read")
def organization_membership(call: Call) -> Answer:
    organization = _organization(call)
    user = _person(call)
    if user not in organization.members:
        raise not_found()
    return ok(
        {
            "url": f"{call.world.url}/orgs/{organization.login}/memberships/{user.login}",
            "state": "active",
            "role": "admin" if user in organization.owners else "member",
            "organization_url": f"{call.world.url}/orgs/{organization.login}",
            "organization": organization_shape(call.world, organization),
            "user": account_shape(call.world, user),
        }
    )


@routes.get("/orgs/{org}/teams", needs="members:read")
def teams(call: Call) -> Answer:
    return call.page(_organization(call).teams.values(), lambda team: team_shape(call.world, team))


@routes.get("/orgs/{org}/teams/{team_slug}", needs="members:read")
def a_team(call: Call) -> Answer:
    return ok(full_team_shape(call.world, _team(call)))


@routes.get("/orgs/{org}/teams/{team_slug}/members", needs="members:read")
def team_members(call: Call) -> Answer:
    return call.page(_team(call).members, lambda user: account_shape(call.world, user))


@routes.get("/orgs/{org}/teams/{team_slug}/memberships/{username}", needs="members:read")
def team_membership(call: Call) -> Answer:
    team, user = _team(call), _person(call)
    if user not in team.members:
        raise not_found()
    url = f"{call.world.url}/orgs/{team.organization.login}/teams/{team.slug}/memberships/{user.login}"
    return ok({"url": url, "role": "member", "state": "active"})


def _organization(call: Call, name: str = "org") -> Organization:
    organization = call.world.organizations.get(call.path[name].lower())
    if organization is None:
        raise not_found()
    return organization


def _team(call: Call) -> Team:
    team = _organization(call).teams.get(call.path["team_slug"])
    if team is None:
        raise not_found()
    return team


def _person(call: Call) -> User:
    user = call.world.users.get(call.path["username"].lower())
    if user is None:
        raise not_found()
    return user
