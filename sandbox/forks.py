"""Forks, and how the head of a pull request comes to its base."""

from __future__ import annotations

from sandbox.state import Account, PullRequest, Repository
from sandbox.world import World

EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def fork(world: World, parent: Repository, owner: Account, name: str = "") -> Repository:
    """A copy of a repository under another name, with its branches and tags."""
    copy = world.add_repository(
        f"{owner.login}/{name or parent.name}", private=parent.private, default_branch=parent.default_branch
    )
    copy.parent = parent
    world.git(copy).fetch(parent.path, *EVERYTHING)
    return copy


def forks_of(world: World, parent: Repository) -> list[Repository]:
    return [one for one in world.repositories.values() if one.parent is parent]


def head_repository(world: World, base: Repository, owner: str) -> Repository | None:
    """Whose branch a pull request's `head: OWNER:BRANCH` means."""
    near = [base, *forks_of(world, base)]
    return next((one for one in near if one.owner.login.lower() == owner.lower()), None)


def bring_head(world: World, base: Repository, pull: PullRequest) -> None:
    """GitHub keeps every head with the base, where a fork cannot take it away again."""
    git = world.git(base)
    if pull.fork is not None:
        git.fetch(pull.fork.path, pull.head_sha)
    git.set_ref(f"refs/pull/{pull.number}/head", pull.head_sha)
