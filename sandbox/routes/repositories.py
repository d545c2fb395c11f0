"""Repositories, their people and their labels."""

from __future__ import annotations

import re

from sandbox.answers import Answer, Refusal, created, field_error, not_found, nothing, ok, unprocessable
from sandbox.auth import check
from sandbox.forks import fork, forks_of, head_repository
from sandbox.routing import Call, Routes
from sandbox.shapes.accounts import account_shape, team_shape
from sandbox.shapes.issues import label_shape
from sandbox.shapes.repositories import full_repository_shape, minimal_repository_shape
from sandbox.state import Label, Organization, Repository, Role, User
from sandbox.world import ROLES

routes = Routes()

# GitHub folds five roles into the four words of `permission` and keeps the role in `role_name`.
PERMISSION_WORDS: dict[Role, str] = {
    "read": "read",
    "triage": "read",
    "write": "write",
    "maintain": "write",
    "admin": "admin",
}


@routes.get("/repos/{owner}/{repo}", needs="metadata:read")
def a_repository(call: Call) -> Answer:
    return ok(full_repository_shape(call.world, call.repository, call.caller.user))


@routes.post("/user/repos", needs="user")
def create_for_the_caller(call: Call) -> Answer:
    return _create(call, call.user.login)


@routes.post("/orgs/{org}/repos", needs="user")
def create_for_an_organization(call: Call) -> Answer:
    return _create(call, _organization(call, call.path["org"]).login)


def _organization(call: Call, login: str) -> Organization:
    """One in which the caller may make repositories."""
    organization = call.world.organizations.get(login.lower())
    if organization is None:
        raise not_found()
    if call.user not in organization.members:
        raise Refusal(403, "You need to be a member of the organization to create a repository.")
    return organization


def _create(call: Call, owner: str) -> Answer:
    name = re.sub(r"[^\w.-]+", "-", call.want("Repository", "name", str))
    full_name = f"{owner}/{name}"
    if full_name.lower() in call.world.repositories:
        raise unprocessable(
            "Repository creation failed.",
            field_error("Repository", "name", "custom", "name already exists on this account"),
        )
    files = {"README.md": f"# {name}\n"} if call.get("auto_init") else None
    private = bool(call.get("private", False))
    repository = call.world.add_repository(full_name, files=files, private=private, author=call.user)
    repository.description = call.get("description")
    return created(full_repository_shape(call.world, repository, call.user))


@routes.get("/repos/{owner}/{repo}/forks", needs="metadata:read")
def forks(call: Call) -> Answer:
    found = _seen(call, forks_of(call.world, call.repository))
    return call.page(found, lambda one: minimal_repository_shape(call.world, one))


@routes.post("/repos/{owner}/{repo}/forks", needs="user")
def create_fork(call: Call) -> Answer:
    """For the caller, or for an organization; one that is there already is answered again."""
    check(call.world, call.caller, "contents:read", call.repository)
    owner = _organization(call, call.get("organization")) if call.get("organization") else call.user
    known = head_repository(call.world, call.repository, owner.login)
    if known is call.repository:
        raise Refusal(403, "You cannot fork a repository into the account that owns it.")
    made = known or fork(call.world, call.repository, owner, call.get("name") or "")
    return Answer(status=202, body=full_repository_shape(call.world, made, call.user))


@routes.get("/orgs/{org}/repos")
def organization_repositories(call: Call) -> Answer:
    org = call.path["org"].lower()
    mine = [one for one in call.world.repositories.values() if one.owner.login.lower() == org]
    return call.page(_seen(call, mine), lambda one: minimal_repository_shape(call.world, one))


def _seen(call: Call, repositories: list[Repository]) -> list[Repository]:
    user = call.caller.user
    return [
        one
        for one in repositories
        if not one.private or (user is not None and call.world.role(user, one)) or call.caller.reaches(one)
    ]


@routes.get("/repos/{owner}/{repo}/collaborators", needs="metadata:read")
def collaborators(call: Call) -> Answer:
    people = [user for user in call.world.users.values() if _invited(call, user)]
    return call.page(people, lambda user: _collaborator(call, user))


@routes.get("/repos/{owner}/{repo}/collaborators/{username}", needs="metadata:read")
def is_collaborator(call: Call) -> Answer:
    if not _invited(call, _user(call)):
        raise not_found()
    return nothing()


@routes.put("/repos/{owner}/{repo}/collaborators/{username}", needs="administration:write")
def add_collaborator(call: Call) -> Answer:
    """Added at once: the sandbox has no invitations."""
    words: dict[str, Role] = {"pull": "read", "push": "write"}
    role = words.get(call.get("permission", "push"), call.get("permission", "push"))
    if role not in ROLES:
        raise unprocessable("Validation Failed", field_error("Repository", "permission"))
    call.repository.collaborators[_user(call).id] = role
    return nothing()


@routes.delete("/repos/{owner}/{repo}/collaborators/{username}", needs="administration:write")
def remove_collaborator(call: Call) -> Answer:
    call.repository.collaborators.pop(_user(call).id, None)
    return nothing()


@routes.get("/repos/{owner}/{repo}/collaborators/{username}/permission", needs="metadata:read")
def collaborator_permission(call: Call) -> Answer:
    user = _user(call)
    role = call.world.role(user, call.repository)
    word = PERMISSION_WORDS[role] if role else "none"
    return ok({"permission": word, "role_name": role or "none", "user": _collaborator(call, user)})


@routes.get("/repos/{owner}/{repo}/teams", needs="administration:read")
def repository_teams(call: Call) -> Answer:
    owner = call.repository.owner
    known = owner.teams.values() if isinstance(owner, Organization) else ()
    mine = [team for team in known if call.repository.id in team.repositories]
    return call.page(mine, lambda team: team_shape(call.world, team))


@routes.get("/repos/{owner}/{repo}/labels", needs="issues:read|pull_requests:read")
def labels(call: Call) -> Answer:
    shape = call.repository.labels.values()
    return call.page(shape, lambda label: label_shape(call.world, call.repository, label))


@routes.post("/repos/{owner}/{repo}/labels", needs="issues:write|pull_requests:write")
def create_label(call: Call) -> Answer:
    name = call.want("Label", "name", str)
    if name.lower() in call.repository.labels:
        raise unprocessable("Validation Failed", field_error("Label", "name", "already_exists"))
    label = call.world.label(call.repository, name, call.get("color") or "ededed")
    label.description = call.get("description")
    call.emit("label", "created", label=label_shape(call.world, call.repository, label))
    return created(label_shape(call.world, call.repository, label))


@routes.get("/repos/{owner}/{repo}/labels/{name}", needs="issues:read|pull_requests:read")
def a_label(call: Call) -> Answer:
    return ok(label_shape(call.world, call.repository, _label(call)))


@routes.delete("/repos/{owner}/{repo}/labels/{name}", needs="issues:write|pull_requests:write")
def delete_label(call: Call) -> Answer:
    label = _label(call)
    del call.repository.labels[label.name.lower()]
    for issue in call.repository.issues.values():
        issue.labels = [one for one in issue.labels if one is not label]
    call.emit("label", "deleted", label=label_shape(call.world, call.repository, label))
    return nothing()


def _label(call: Call) -> Label:
    label = call.repository.labels.get(call.path["name"].lower())
    if label is None:
        raise not_found()
    return label


def _user(call: Call) -> User:
    user = call.world.users.get(call.path["username"].lower())
    if user is None:
        raise not_found()
    return user


def _invited(call: Call, user: User) -> bool:
    """Whether someone gave this person a role; reading what is public is none."""
    role = call.world.role(user, call.repository)
    return role is not None and (role != "read" or user.id in call.repository.collaborators)


def _collaborator(call: Call, user: User) -> dict[str, object]:
    role = call.world.role(user, call.repository) or "none"
    return {**account_shape(call.world, user), "role_name": role}
