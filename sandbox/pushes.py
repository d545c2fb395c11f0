"""What a moved ref means: a push event goes out, and pull requests follow their branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.forks import bring_head
from sandbox.git import ZERO, Git
from sandbox.shapes.basics import repo_html
from sandbox.shapes.commits import pushed_commit_shape
from sandbox.shapes.pulls import full_pull_shape
from sandbox.state import Event, PullRequest, Push, Repository
from sandbox.world import World

MOST_COMMITS = 2048


def announce(world: World, push: Push, *, quiet: bool) -> None:
    """Send the push, then tell of every pull request it changed."""
    payload = push_payload(world, push)
    world.emit(
        Event(
            name="push",
            action=None,
            repository=push.repository,
            sender=push.pusher,
            payload=payload,
            quiet=quiet,
        )
    )
    for base in filter(None, (push.repository, push.repository.parent)):
        for pull in base.pulls:
            if pull.issue.state == "open":
                Following(world=world, push=push, base=base, pull=pull, quiet=quiet).follow()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a push does to one open pull request, which may be of the repository that it forks."""

    world: World
    push: Push
    base: Repository
    pull: PullRequest
    quiet: bool

    def follow(self) -> None:
        moves_head = self.push.branch == self.pull.head_ref and self.push.repository is self._head
        if self.push.after == ZERO:
            if moves_head:
                self._close()
            return
        if moves_head:
            self._move_head()
        if self.push.branch == self.pull.base_ref and self.push.repository is self.base:
            self._settle_base()

    @property
    def _head(self) -> Repository:
        return self.pull.fork or self.base

    def _move_head(self) -> None:
        before, self.pull.head_sha = self.pull.head_sha, self.push.after
        bring_head(self.world, self.base, self.pull)
        self.pull.issue.updated_at = self.world.now()
        self._tell("synchronize", before=before, after=self.push.after)

    def _settle_base(self) -> None:
        """A base that now holds the head merged the pull request, whoever pushed it."""
        if not self.world.git(self.base).contains(self.pull.head_sha, self.push.after):
            return
        self.pull.merged_at, self.pull.merged_by = self.world.now(), self.push.pusher
        self.pull.merge_commit_sha = self.push.after
        self._close()

    def _close(self) -> None:
        issue, now = self.pull.issue, self.world.now()
        issue.state, issue.closed_at, issue.updated_at = "closed", now, now
        issue.closed_by = self.push.pusher
        self._tell("closed")

    def _tell(self, action: str, **more: str) -> None:
        shape = full_pull_shape(self.world, self.base, self.pull)
        payload = {"number": self.pull.number, "pull_request": shape, **more}
        self.world.emit(
            Event(
                name="pull_request",
                action=action,
                repository=self.base,
                sender=self.push.pusher,
                payload=payload,
                quiet=self.quiet,
            )
        )
