"""Repositories as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.forks import forks_of
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp
from sandbox.state import Organization, Repository, Role, User
from sandbox.world import ROLES, World

LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
FEATURES = {
    "has_issues": True,
    "has_projects": True,
    "has_downloads": True,
    "has_wiki": True,
    "has_pages": False,
    "has_discussions": False,
    "archived": False,
    "disabled": False,
    "is_template": False,
    "web_commit_signoff_required": False,
    "allow_forking": True,
}
COUNTS = dict.fromkeys(("stargazers_count", "watchers_count", "watchers", "size"), 0)
NOTHING = dict.fromkeys(("mirror_url", "homepage", "language", "license"))


def short_repository_shape(repository: Repository) -> dict[str, Any]:
    """As an installation names those it is for."""
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def minimal_repository_shape(world: World, repository: Repository) -> dict[str, Any]:
    """GitHub's `minimal-repository`, as runs and deployments carry it."""
    return {
        **short_repository_shape(repository),
        "owner": account_shape(world, repository.owner),
        "html_url": repo_html(world, repository),
        "description": repository.description,
        "fork": repository.parent is not None,
        "url": repo_url(world, repository),
        **{name: repo_url(world, repository, rest) for name, rest in LINKS.items()},
    }


def repository_shape(world: World, repository: Repository, viewer: User | None = None) -> dict[str, Any]:
    """GitHub's `repository`; what the viewer may do is in `permissions`."""
    host = world.url.split("://", 1)[-1]
    issues_open = sum(issue.state == "open" for issue in repository.issues.values())
    forks = len(forks_of(world, repository))
    shape = {
        **minimal_repository_shape(world, repository),
        **FEATURES,
        **COUNTS,
        **NOTHING,
        "git_url": f"git://{host}/{repository.full_name}.git",
        "ssh_url": f"git@{host}:{repository.full_name}.git",
        "clone_url": f"{repo_html(world, repository)}.git",
        "svn_url": repo_html(world, repository),
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
        "forks": forks,
        "forks_count": forks,
        "open_issues": issues_open,
        "open_issues_count": issues_open,
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.updated_at),
        "pushed_at": stamp(repository.pushed_at),
    }
    role = world.role(viewer, repository) if viewer else None
    return shape if role is None else {**shape, "permissions": _permissions(role)}


def full_repository_shape(world: World, repository: Repository, viewer: User | None = None) -> dict[str, Any]:
    """GitHub's `full-repository`, of GET /repos/{owner}/{repo}."""
    shape = {**repository_shape(world, repository, viewer), "subscribers_count": 0, "network_count": 0}
    if isinstance(repository.owner, Organization):
        shape["organization"] = account_shape(world, repository.owner)
    if repository.parent is not None:
        shape["parent"] = shape["source"] = repository_shape(world, repository.parent)
    return shape


def association(repository: Repository, user: User) -> str:
    """What this person is to the repository, as `author_association` says it."""
    owner = repository.owner
    if user is owner:
        return "OWNER"
    if isinstance(owner, Organization) and user in owner.members:
        return "MEMBER"
    return "COLLABORATOR" if user.id in repository.collaborators else "NONE"


def _permissions(role: Role) -> dict[str, bool]:
    words = ("pull", "triage", "push", "maintain", "admin")
    return {word: ROLES.index(role) >= place for place, word in enumerate(words)}
