"""What a moved ref means: pull requests follow their branch, and a push event goes out."""

from __future__ import annotations

from typing import Any

from sandbox.git import ZERO, Git
from sandbox.shapes.basics import repo_html
from sandbox.shapes.commits import pushed_commit_shape
from sandbox.shapes.pulls import full_pull_shape
from sandbox.state import Event, PullRequest, Push
from sandbox.world import World

MOST_COMMITS = 2048


def announce(world: World, push: Push, *, quiet: bool) -> None:
    """Send the push, then tell of every pull request it changed."""
    _emit(world, push, "push", None, push_payload(world, push), quiet=quiet)
    for pull in push.repository.pulls:
        if pull.issue.state == "open":
            _follow(world, push, pull, quiet=quiet)


def push_payload(world: World, push: Push) -> dict[str, Any]:
    """GitHub's `push` payload."""
    git = world.git(push.repository)
    created, deleted = push.before == ZERO, push.after == ZERO
    commits = [] if deleted else _new_commits(world, push, git)
    head = None if deleted else pushed_commit_shape(world, push.repository, git.commit_of(push.after), git)
    return {
        "ref": push.ref,
        "before": push.before,
        "after": push.after,
        "base_ref": None,
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not git.contains(push.before, push.after),
        "compare": repo_html(world, push.repository, f"/compare/{push.before[:12]}...{push.after[:12]}"),
        "commits": commits,
        "head_commit": head,
        "pusher": {"name": push.pusher.login, "email": push.pusher.email},
    }


def _new_commits(world: World, push: Push, git: Git) -> list[dict[str, Any]]:
    """Oldest first; of a new branch those that the default branch lacks."""
    known = git.tip(push.repository.default_branch) if push.before == ZERO else push.before
    if known is None or (push.branch == push.repository.default_branch and push.before == ZERO):
        since = push.after
    else:
        since = f"{known}..{push.after}"
    found = git.log(since, limit=MOST_COMMITS)[::-1]
    return [pushed_commit_shape(world, push.repository, commit, git) for commit in found]


def _follow(world: World, push: Push, pull: PullRequest, *, quiet: bool) -> None:
    if push.after == ZERO:
        if push.branch == pull.head_ref:
            _close(world, push, pull, quiet=quiet)
        return
    if push.branch == pull.head_ref:
        before, pull.head_sha = pull.head_sha, push.after
        pull.issue.updated_at = world.now()
        shas = {"before": before, "after": push.after}
        _tell(world, push, pull, "synchronize", quiet=quiet, **shas)
    if push.branch == pull.base_ref:
        _settle_base(world, push, pull, quiet=quiet)


def _settle_base(world: World, push: Push, pull: PullRequest, *, quiet: bool) -> None:
    """A base that now holds the head merged the pull request, whoever pushed it."""
    if not world.git(push.repository).contains(pull.head_sha, push.after):
        return
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = world.now(), push.pusher, push.after
    _close(world, push, pull, quiet=quiet)


def _close(world: World, push: Push, pull: PullRequest, *, quiet: bool) -> None:
    now = world.now()
    pull.issue.state, pull.issue.closed_at, pull.issue.updated_at = "closed", now, now
    pull.issue.closed_by = push.pusher
    _tell(world, push, pull, "closed", quiet=quiet)


def _tell(world: World, push: Push, pull: PullRequest, action: str, *, quiet: bool, **more: str) -> None:
    payload = {"number": pull.number, "pull_request": full_pull_shape(world, push.repository, pull), **more}
    _emit(world, push, "pull_request", action, payload, quiet=quiet)


def _emit(
    world: World, push: Push, name: str, action: str | None, payload: dict[str, Any], *, quiet: bool
) -> None:
    world.emit(
        Event(
            name=name,
            action=action,
            repository=push.repository,
            sender=push.pusher,
            payload=payload,
            quiet=quiet,
        )
    )
