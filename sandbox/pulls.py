"""Which pull requests a commit belongs to, and what a pull request holds."""

from __future__ import annotations

from sandbox.git import Commit, FileChange, Git
from sandbox.state import PullRequest, Repository


def commits_of(git: Git, pull: PullRequest) -> list[Commit]:
    """Oldest first."""
    return git.log(f"{pull.base_sha}..{pull.head_sha}")[::-1]


def changes_of(git: Git, pull: PullRequest) -> list[FileChange]:
    """Since its history left the base's."""
    start = git.merge_base(pull.base_sha, pull.head_sha)
    return git.changes(start or pull.base_sha, pull.head_sha)


def associated_with(repository: Repository, git: Git, sha: str) -> list[PullRequest]:
    """The pull requests that brought a commit, or would."""
    return [
        pull
        for pull in repository.pulls
        if sha in (pull.head_sha, pull.merge_commit_sha)
        or sha in {commit.sha for commit in commits_of(git, pull)}
    ]


def told_with(repository: Repository, sha: str) -> list[PullRequest]:
    """The open ones with this head that are told of beside checks and runs; GitHub leaves forks' out."""
    return [
        pull
        for pull in repository.pulls
        if pull.head_sha == sha and pull.issue.state == "open" and pull.fork is None
    ]
