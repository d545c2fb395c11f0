"""Conversations: a comment, the issue or pull request it stands on, and what we answer there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

from gateway.errors import NotFound
from gateway.reading import login_in, moment
from gateway.text import BODY, clip

if TYPE_CHECKING:
    from gateway.github import GitHub

Reaction: TypeAlias = Literal["eyes", "rocket", "+1", "-1", "confused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`author` in lower case, a bot's ends in `[bot]`. `thread` is the issue's number."""

    id: int
    thread: int
    author: str
    body: str
    at: datetime
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What a command needs to know of a pull request. `merge_sha` is set once it is merged."""

    number: int
    merged: bool
    from_fork: bool
    head_branch: str
    head_sha: str
    base_branch: str
    merge_sha: str = ""
    merged_at: datetime | None = None
    merged_by: str = ""
    author: str = ""

    @property
    def sha(self) -> str:
        """The commit a deployment of it is of."""
        return self.merge_sha if self.merged else self.head_sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """An issue; `pull` is set for a pull request."""

    number: int
    open: bool
    pull: Pull | None = None


def read_comment(github: GitHub, comment_id: int) -> Comment:
    """As it is now. Raises NotFound for one that was deleted."""
    return _comment(github.connection.rest("GET", f"{_issues(github)}/comments/{comment_id}"))


def read_thread(github: GitHub, number: int) -> Thread:
    """As it is now, in two requests for a pull request. Raises GatewayError."""
    issue = github.connection.rest("GET", f"{_issues(github)}/{number}")
    pull = read_pull(github, number) if "pull_request" in issue else None
    return Thread(number=number, open=issue["state"] == "open", pull=pull)


def read_pull(github: GitHub, number: int) -> Pull:
    return _pull(github.connection.rest("GET", f"{_repository(github)}/pulls/{number}"))


def pull_that_brought(github: GitHub, sha: str) -> Pull | None:
    """The one whose merge made the commit, else one whose head it is: as a gate's facts choose."""
    pulls = [_pull(one) for one in github.connection.pages(f"{_repository(github)}/commits/{sha}/pulls")]
    merging = [pull for pull in pulls if pull.merge_sha == sha]
    return next(iter(merging or [one for one in pulls if one.merged] or pulls), None)


def write_comment(github: GitHub, number: int, text: str) -> int:
    """Returns the new comment's id."""
    path = f"{_issues(github)}/{number}/comments"
    return int(github.connection.rest("POST", path, {"body": clip(text, BODY)})["id"])


def rewrite_comment(github: GitHub, comment_id: int, text: str) -> None:
    github.connection.rest("PATCH", f"{_issues(github)}/comments/{comment_id}", {"body": clip(text, BODY)})


def find_ours(
    github: GitHub, number: int, marker: str, *, us: str, since: datetime | None = None
) -> Comment | None:
    """The oldest comment with this first line that our App wrote: anybody can write the line.

    `since` spares us what was not touched after that moment.
    """
    params = {"since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if since else {}
    pages = github.connection.pages(f"{_issues(github)}/{number}/comments", params=params)
    found = (_comment(one) for one in pages)
    return next((one for one in found if one.body.startswith(marker) and one.author == us), None)


def react(github: GitHub, place: str, content: Reaction) -> int:
    """Put our reaction on `place`, such as `issues/comments/7`. Returns its id; repeats are harmless."""
    path = f"{_repository(github)}/{place}/reactions"
    return int(github.connection.rest("POST", path, {"content": content})["id"])


def take_back(github: GitHub, place: str, reaction_id: int) -> bool:
    """False when somebody else of us was quicker."""
    try:
        github.connection.rest("DELETE", f"{_repository(github)}/{place}/reactions/{reaction_id}")
    except NotFound:
        return False
    return True


def _repository(github: GitHub) -> str:
    return "/repos/" + quote(github.repository)


def _issues(github: GitHub) -> str:
    return f"{_repository(github)}/issues"


def _comment(found: Mapping[str, Any]) -> Comment:
    return Comment(
        id=found["id"],
        thread=int(found["issue_url"].rpartition("/")[2]),
        author=login_in(found.get("user")),
        body=found.get("body") or "",
        at=moment(found["created_at"]),
        edited=found["updated_at"] != found["created_at"],
    )


def _pull(found: Mapping[str, Any]) -> Pull:
    head, base = found["head"], found["base"]
    merged = found.get("merged_at") is not None
    return Pull(
        number=found["number"],
        merged=merged,
        from_fork=(head.get("repo") or {}).get("id") != base["repo"]["id"],
        head_branch=head["ref"],
        head_sha=head["sha"],
        base_branch=base["ref"],
        merge_sha=(found.get("merge_commit_sha") or "") if merged else "",
        merged_at=moment(found["merged_at"]) if merged else None,
        merged_by=login_in(found.get("merged_by")),
        author=login_in(found.get("user")),
    )
