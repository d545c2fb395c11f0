"""Brings a commit that was deployed from a branch of its own back to the branch others build on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from gateway.errors import Rejected
from protocol.backports import conflict_body, merged_body
from protocol.facts import Relation

if TYPE_CHECKING:
    from gateway.github import GitHub

_CONTAINED = (Relation.IDENTICAL, Relation.BEHIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackPort:
    """Its pull request. `conflict`: a person has to finish it."""

    state: Literal["not needed", "merged", "conflict"]
    number: int | None = None
    url: str = ""

    def said(self, onto: str) -> str:
        """Where it stands, in a few words for the log and the post-mortem."""
        match self.state:
            case "not needed":
                return f"not needed, {onto} holds it"
            case "merged":
                return f"{self.url}, to be merged"
            case "conflict":
                return f"{self.url}, conflicts to be settled"


def back_port(github: GitHub, *, sha: str, branch: str, onto: str) -> BackPort:
    """Open one pull request, with a real merge where there is no conflict. Safe to repeat."""
    compared = _ask(github, "GET", f"/compare/{quote(onto)}...{sha}", params={"per_page": 1})
    if Relation(compared["status"]) in _CONTAINED:
        return BackPort(state="not needed")
    name = _branch_name(branch, sha)
    known = _pull_request(github, name)
    if known is not None:
        return known
    tip = compared["base_commit"]["sha"]
    merged = _merge(github, name, sha, onto, tip)
    write = merged_body if merged else conflict_body
    return _open(github, name, onto, write(sha=sha, branch=branch, onto=onto, name=name), merged=merged)


def _branch_name(branch: str, sha: str) -> str:
    return f"back-port/{re.sub(r'[^A-Za-z0-9._-]+', '-', branch).strip('-.')}-{sha[:7]}"


def _merge(github: GitHub, name: str, sha: str, onto: str, tip: str) -> bool:
    """Put the branch where a person finds it: on the merge, or on the commit itself when that conflicts."""
    _put_branch(github, name, tip)
    message = f"Back-port {sha[:7]} to {onto}"
    try:
        _ask(github, "POST", "/merges", {"base": name, "head": sha, "commit_message": message})
    except Rejected as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        _move_branch(github, name, sha)
        return False
    return True


def _ask(github: GitHub, verb: str, path: str, body: Mapping[str, Any] | None = None, **options: Any) -> Any:
    return github.connection.rest(verb, f"/repos/{quote(github.repository)}{path}", body, **options)


def _put_branch(github: GitHub, name: str, sha: str) -> None:
    try:
        _ask(github, "POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    except Rejected:  # it is there, as an attempt left it that did not come to its end
        _move_branch(github, name, sha)


def _move_branch(github: GitHub, name: str, sha: str) -> None:
    _ask(github, "PATCH", f"/git/refs/heads/{quote(name)}", {"sha": sha, "force": True})


def _pull_request(github: GitHub, name: str) -> BackPort | None:
    owner = github.repository.partition("/")[0]
    found = _ask(github, "GET", "/pulls", params={"head": f"{owner}:{name}", "state": "all"})
    if not found:
        return None
    conflict = "<!-- deploy-protocol:back-port conflict -->" in (found[0]["body"] or "")
    return _shown(found[0], "conflict" if conflict else "merged")


def _open(github: GitHub, name: str, onto: str, body: str, *, merged: bool) -> BackPort:
    title = f"Back-port {name.removeprefix('back-port/')} to {onto}"
    made = _ask(github, "POST", "/pulls", {"title": title, "head": name, "base": onto, "body": body})
    return _shown(made, "merged" if merged else "conflict")


def _shown(found: Any, state: Literal["merged", "conflict"]) -> BackPort:
    return BackPort(state=state, number=found["number"], url=found["html_url"])
