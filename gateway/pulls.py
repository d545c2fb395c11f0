"""The pull request that brought a commit, and what it changes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.reading import Node, Unreadable, login_of, nodes_of
from protocol.facts import Changes, PullRequest

_CO_AUTHOR = re.compile(
    r"^co-authored-by:.*<(?:\d+\+)?([\w-]+)@users\.noreply\.", re.IGNORECASE | re.MULTILINE
)
MOST_FILES = 300  # that REST shows of a comparison or a commit


def pull_of(associated: Node, sha: str, number: int | None = None) -> Node | None:
    """The one whose merge made the commit, else one it was merged with, else one whose head it is.

    Two can have the same head: `number` says which is meant.
    """
    pulls = [pull for pull in associated["nodes"] if pull and number in (None, pull["number"])]
    fitting: list[Node] = sorted(
        (pull for pull in pulls if _fit(pull, sha)), key=lambda pull: _fit(pull, sha)
    )
    if fitting:
        return fitting[0]
    if associated["pageInfo"]["hasNextPage"]:
        raise Unreadable("the commit is in more pull requests than we read, and none of them fits")
    return None


def _fit(pull: Node, sha: str) -> int:
    """1 fits best, 0 not at all."""
    if (pull["mergeCommit"] or {}).get("oid") == sha:
        return 1
    if pull["merged"]:
        return 2
    return 3 if pull["headRefOid"] == sha and pull["state"] == "OPEN" else 0


def pull_request(pull: Node) -> PullRequest:
    return PullRequest(
        number=pull["number"],
        author=login_of(pull["author"]),
        head_sha=pull["headRefOid"],
        head_branch=pull["headRefName"],
        base_branch=pull["baseRefName"],
        title=pull["title"],
        merged=pull["merged"],
        merge_sha=(pull["mergeCommit"] or {}).get("oid"),
        from_fork=pull["isCrossRepository"],
        labels=frozenset(label["name"] for label in nodes_of(pull["labels"])),
        body=pull["body"],
        url=pull["url"],
    )


def changes_of(pull: Node) -> Changes:
    return Changes(
        paths=tuple(file["path"] for file in nodes_of(pull["files"])),
        lines=pull["additions"] + pull["deletions"],
        authors=frozenset(login for one in nodes_of(pull["commits"]) for login in _people(one["commit"])),
    )


def changes_compared(compared: Node) -> Changes:
    """From REST's comparison, which shows 300 files and 250 commits at most."""
    files: Sequence[Node] = compared["files"]
    commits: Sequence[Node] = compared["commits"]
    if len(files) >= MOST_FILES or compared["total_commits"] > len(commits):
        raise Unreadable("it is more than 300 files or 250 commits, and GitHub shows no more of them")
    return _changes(files, commits)


def changes_of_commit(commit: Node) -> Changes:
    """Of a first deployment: what its own commit changed."""
    if len(commit["files"]) >= MOST_FILES:
        raise Unreadable("it is more than 300 files, and GitHub shows no more of them")
    return _changes(commit["files"], [commit])


def _changes(files: Sequence[Node], commits: Sequence[Node]) -> Changes:
    people = (login for commit in commits for login in _rest_people(commit))
    return Changes(
        paths=tuple(file["filename"] for file in files),
        lines=sum(file["additions"] + file["deletions"] for file in files),
        authors=frozenset(people),
    )


def _people(commit: Node) -> list[str]:
    users = [author["user"] for author in nodes_of(commit["authors"])]
    users.append((commit["committer"] or {}).get("user"))
    return [login_of(user) for user in users if user]


def _rest_people(commit: Node) -> list[str]:
    """REST names no co-authors: those are known by the address GitHub gives everybody."""
    people = [login_of(commit[role]) for role in ("author", "committer") if commit.get(role)]
    return [*people, *(login.lower() for login in _CO_AUTHOR.findall(commit["commit"]["message"]))]
