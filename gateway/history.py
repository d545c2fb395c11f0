"""How a commit stands to what an environment runs, from the piece of history that one query shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gateway.reading import Node
from protocol.facts import Deployment, Relation

Parents: TypeAlias = Mapping[str, tuple[str, ...]]


def parents_of(histories: Sequence[Node]) -> Parents:
    """The parents of every commit shown; a commit with more parents than shown is left out."""
    commits = [commit for history in histories for commit in history["nodes"]]
    return {
        commit["oid"]: tuple(parent["oid"] for parent in commit["parents"]["nodes"])
        for commit in commits
        if not commit["parents"]["pageInfo"]["hasNextPage"]
    }


def relation(sha: str, running: str, parents: Parents) -> Relation | None:
    """None when the piece of history we see is too short to tell."""
    if sha == running:
        return Relation.IDENTICAL
    ahead = _descends(sha, running, parents)
    if ahead:
        return Relation.AHEAD
    behind = _descends(running, sha, parents)
    if behind:
        return Relation.BEHIND
    return None if ahead is None or behind is None else Relation.DIVERGED


def follows(sha: str, base: str, commits: int, parents: Parents) -> bool:
    """Whether `sha` is a merge onto `base`, or the last of so many commits right after it."""
    above = parents.get(sha, ())
    if len(above) > 1:
        return above[0] == base
    for _ in range(commits):
        above = parents.get(sha, ())
        if len(above) != 1:
            return False
        sha = above[0]
        if sha == base:
            return True
    return False


def running(deployments: Sequence[Deployment], environment: str) -> Deployment | None:
    """What an environment runs: its newest success, active before merely once successful."""
    name = environment.casefold()  # GitHub does not tell the case of environments' names apart
    ours = [one for one in deployments if one.environment.casefold() == name and one.succeeded]
    active = [one for one in ours if one.state == "success"]
    replaced = [one for one in ours if one.state == "inactive"]
    return max(active or replaced, key=lambda one: (one.created_at, one.id), default=None)


def _descends(sha: str, ancestor: str, parents: Parents) -> bool | None:
    """Whether `ancestor` is among the ancestors of `sha`; None when that cannot be seen."""
    seen: set[str] = set()
    waiting = [sha]
    complete = True
    while waiting:
        commit = waiting.pop()
        if commit == ancestor:
            return True
        if commit not in parents:
            complete = False
        elif commit not in seen:
            waiting += parents[commit]
        seen.add(commit)
    return False if complete else None
