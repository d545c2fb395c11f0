"""Users, organisations and teams as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.basics import node_id, stamp
from sandbox.state import Account, Organization, Team, User
from sandbox.world import World

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
ORGANIZATION_LINKS = {
    "repos_url": "/repos",
    "events_url": "/events",
    "hooks_url": "/hooks",
    "issues_url": "/issues",
    "members_url": "/members{/member}",
    "public_members_url": "/public_members{/member}",
}


def account_shape(world: World, account: Account) -> dict[str, Any]:
    """GitHub's `simple-user`, which organisations wear too."""
    url = f"{world.url}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.kind, account.id),
        "avatar_url": f"{world.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{world.url}/{account.login}",
        **{name: url + rest for name, rest in USER_LINKS.items()},
        "type": account.kind,
        "site_admin": isinstance(account, User) and account.site_admin,
    }


def user_shape(world: World, user: User) -> dict[str, Any]:
    """The whole profile (`public-user`)."""
    return {
        **account_shape(world, user),
        "name": user.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": user.email,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "notification_email": user.email,
        "public_repos": sum(repository.owner is user for repository in world.repositories.values()),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": stamp(user.created_at),
        "updated_at": stamp(user.created_at),
    }


def organization_shape(world: World, organization: Organization) -> dict[str, Any]:
    """GitHub's `organization-simple`, as webhooks and lists carry it."""
    url = f"{world.url}/orgs/{organization.login}"
    return {
        "login": organization.login,
        "id": organization.id,
        "node_id": node_id("Organization", organization.id),
        "url": url,
        **{name: url + rest for name, rest in ORGANIZATION_LINKS.items()},
        "avatar_url": f"{world.url}/avatars/{organization.id}",
        "description": organization.name,
    }


def full_organization_shape(world: World, organization: Organization) -> dict[str, Any]:
    return {
        **organization_shape(world, organization),
        "html_url": f"{world.url}/{organization.login}",
        "name": organization.name,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": sum(one.owner is organization for one in world.repositories.values()),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": stamp(organization.created_at),
        "updated_at": stamp(organization.created_at),
        "archived_at": None,
    }


def team_shape(world: World, team: Team) -> dict[str, Any]:
    url = f"{world.url}/orgs/{team.organization.login}/teams/{team.slug}"
    return {
        "id": team.id,
        "node_id": node_id("Team", team.id),
        "name": team.name,
        "slug": team.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "url": url,
        "html_url": f"{world.url}/orgs/{team.organization.login}/teams/{team.slug}",
        "members_url": url + "/members{/member}",
        "repositories_url": url + "/repos",
        "type": "organization",
        "organization_id": team.organization.id,
        "parent": None,
    }


def full_team_shape(world: World, team: Team) -> dict[str, Any]:
    return {
        **team_shape(world, team),
        "members_count": len(team.members),
        "repos_count": len(team.repositories),
        "created_at": stamp(team.created_at),
        "updated_at": stamp(team.created_at),
        "organization": full_organization_shape(world, team.organization),
    }
