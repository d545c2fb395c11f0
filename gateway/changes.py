"""What a version brings since the one before, as GitHub knows it: in one request, unless it is very much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.errors import Unavailable
from gateway.pulls import pull_of
from gateway.queries import query
from gateway.reading import Node, Unreadable, login_of
from protocol.changes import Commit, Contents, Pull, grouped, new_commits, section_of
from protocol.entry import without_log

if TYPE_CHECKING:
    from gateway.github import GitHub

CHANGELOG = "CHANGELOG.md"
PAGE = 100
MOST_ROUNDS = 10  # a thousand commits
_LONGEST_NOTES = 10_000


def contents(github: GitHub, *, head: str, base: str, version: str, tag: str | None) -> Contents:
    """Everything in `head` that `base` has not. Without a base it is the one commit."""
    alone = base in ("", head)
    first = _asked(github, head=head, base=base or head, first=1 if alone else PAGE, tag=tag)
    notes, notes_url = _notes(first, version, head)
    if base == head:
        return Contents(notes=notes, notes_url=notes_url)
    if alone or not first["base"]:
        nodes, complete = _history(first, "head")[:1], alone
    else:
        nodes, complete = _since(github, first, head, base)
    commits, pulls = _read(nodes, head)
    return Contents(parts=grouped(commits, pulls), complete=complete, notes=notes, notes_url=notes_url)


def _since(github: GitHub, found: Any, head: str, base: str) -> tuple[list[Node], bool]:
    """Page both histories side by side until what lies between them is seen: date by date, neither lags."""
    for _ in range(MOST_ROUNDS):
        new, complete = new_commits(head, base, _parents(found))
        if complete or not _goes_on(found):
            break
        _append(found, _asked(github, head=head, base=base, first=PAGE, cursors=_cursors(found)))
    return [node for node in _history(found, "head") if node["oid"] in new], complete


def _asked(
    github: GitHub,
    *,
    head: str,
    base: str,
    first: int,
    tag: str | None = None,
    cursors: dict[str, str] | None = None,
) -> Any:
    owner, _, name = github.repository.partition("/")
    variables = {"owner": owner, "name": name, "head": head, "base": base, "first": first, "tag": tag or "-"}
    variables |= {"changelog": f"{head}:{CHANGELOG}", "again": cursors is not None, **(cursors or {})}
    repository = github.connection.graphql(query("changes"), variables).data["repository"]
    if not repository or not repository["head"]:
        raise Unavailable(f"What {head[:8]} changes could not be read from GitHub. Look at its commit.")
    return repository


def _history(repository: Node, side: str) -> list[Node]:
    return list(((repository[side] or {}).get("history") or {"nodes": []})["nodes"])


def _parents(repository: Node) -> dict[str, tuple[str, ...]]:
    nodes = _history(repository, "base") + _history(repository, "head")
    return {node["oid"]: tuple(parent["oid"] for parent in node["parents"]["nodes"]) for node in nodes}


def _cursors(repository: Node) -> dict[str, str]:
    pages = {f"{side}Cursor": repository[side]["history"]["pageInfo"] for side in ("head", "base")}
    return {name: page["endCursor"] for name, page in pages.items() if page["endCursor"]}


def _goes_on(repository: Node) -> bool:
    return any(repository[side]["history"]["pageInfo"]["hasNextPage"] for side in ("head", "base"))


def _append(repository: Node, more: Node) -> None:
    for side in ("head", "base"):
        known, page = repository[side]["history"], more[side]["history"]
        if page["pageInfo"]["endCursor"]:
            known["nodes"] = [*known["nodes"], *page["nodes"]]
            known["pageInfo"] = page["pageInfo"]


def _read(nodes: list[Node], head: str) -> tuple[list[Commit], dict[int, Pull]]:
    commits, pulls = [], {}
    for node in nodes:
        brought_by = _pull(node, head)
        if brought_by is not None:
            pulls[brought_by.number] = brought_by
        commits.append(_commit(node, brought_by))
    return commits, pulls


def _pull(node: Node, head: str) -> Pull | None:
    """The pull request that brought a commit: merged, or open and the one that is deployed."""
    associated = node["associatedPullRequests"]
    if associated is None:
        return None
    try:
        found = pull_of(associated, node["oid"])
    except Unreadable:
        return None
    deployed = (pull for pull in associated["nodes"] if pull["headRefOid"] == head)
    found = found or next(deployed, None)
    if found is None:
        return None
    author = login_of(found["author"])
    return Pull(number=found["number"], title=found["title"], author=author, url=found["url"])


def _commit(node: Node, pull: Pull | None) -> Commit:
    """Who merges a pull request is no author of it."""
    merges = pull is not None and len(node["parents"]["nodes"]) > 1
    return Commit(
        sha=node["oid"],
        title=node["messageHeadline"],
        authors=() if merges else tuple(_author(author) for author in node["authors"]["nodes"]),
        url=node["url"],
        number=pull.number if pull is not None else None,
    )


def _author(author: Node) -> str:
    return login_of(author["user"]) if author["user"] else str(author["name"] or "")


def _notes(found: Node, version: str, head: str) -> tuple[str, str]:
    """The changelog's section of the version, else what its release says beside our log."""
    written = section_of((found["changelog"] or {}).get("text") or "", version)
    if written:
        return written[:_LONGEST_NOTES], f"{found['url']}/blob/{head}/{CHANGELOG}"
    release = found["release"] or {}
    notes = without_log(release.get("description") or "").strip()
    return notes[:_LONGEST_NOTES], release.get("url") or "" if notes else ""
