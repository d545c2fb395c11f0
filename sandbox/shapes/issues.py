"""Issues, comments and labels as GitHub shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sandbox.shapes.accounts import account_shape
from sandbox.shapes.apps import app_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp, stamp_or_none
from sandbox.shapes.repositories import association
from sandbox.state import App, Comment, Issue, Label, Reaction, Repository
from sandbox.world import World

FACES = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def label_shape(world: World, repository: Repository, label: Label) -> dict[str, Any]:
    return {
        "id": label.id,
        "node_id": node_id("Label", label.id),
        "url": repo_url(world, repository, f"/labels/{label.name}"),
        "name": label.name,
        "color": label.color,
        "default": label.default,
        "description": label.description,
        "archived_at": None,
        "archived_by": None,
    }


def issue_shape(world: World, repository: Repository, issue: Issue) -> dict[str, Any]:
    """GitHub's `issue`; of a pull request it carries the `pull_request` links."""
    url = repo_url(world, repository, f"/issues/{issue.number}")
    page = "pull" if issue.pull else "issues"
    shape = {
        "url": url,
        "repository_url": repo_url(world, repository),
        "labels_url": url + "/labels{/name}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": repo_html(world, repository, f"/{page}/{issue.number}"),
        "id": issue.id,
        "node_id": node_id("PullRequest" if issue.pull else "Issue", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": account_shape(world, issue.author),
        "labels": [label_shape(world, repository, label) for label in issue.labels],
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": issue.locked,
        "active_lock_reason": None,
        "assignee": account_shape(world, issue.assignees[0]) if issue.assignees else None,
        "assignees": [account_shape(world, user) for user in issue.assignees],
        "milestone": None,
        "comments": len(issue.comments),
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp_or_none(issue.closed_at),
        "closed_by": account_shape(world, issue.closed_by) if issue.closed_by else None,
        "author_association": association(repository, issue.author),
        "body": issue.body,
        "reactions": _reactions(url, issue.reactions),
        "performed_via_github_app": _through(world, issue.app),
    }
    return {**shape, "pull_request": _pull_links(world, repository, issue)} if issue.pull else shape


def told_issue_shape(world: World, repository: Repository, issue: Issue) -> dict[str, Any]:
    """An issue as webhooks tell of it: without who closed it, and with less of the App that wrote it."""
    shape = issue_shape(world, repository, issue)
    del shape["closed_by"]
    if shape["performed_via_github_app"] is not None:
        del shape["performed_via_github_app"]["client_id"]
    return shape


def comment_shape(world: World, repository: Repository, issue: Issue, comment: Comment) -> dict[str, Any]:
    url = repo_url(world, repository, f"/issues/comments/{comment.id}")
    page = "pull" if issue.pull else "issues"
    return {
        "url": url,
        "html_url": repo_html(world, repository, f"/{page}/{issue.number}#issuecomment-{comment.id}"),
        "issue_url": repo_url(world, repository, f"/issues/{issue.number}"),
        "id": comment.id,
        "node_id": node_id("IssueComment", comment.id),
        "user": account_shape(world, comment.author),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "author_association": association(repository, comment.author),
        "body": comment.body,
        "reactions": _reactions(url, comment.reactions),
        "performed_via_github_app": _through(world, comment.app),
    }


def _pull_links(world: World, repository: Repository, issue: Issue) -> dict[str, Any]:
    assert issue.pull is not None  # noqa: S101 - the caller asked
    page = repo_html(world, repository, f"/pull/{issue.number}")
    return {
        "url": repo_url(world, repository, f"/pulls/{issue.number}"),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": stamp_or_none(issue.pull.merged_at),
    }


def reaction_shape(world: World, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": reaction.id,
        "node_id": node_id("Reaction", reaction.id),
        "user": account_shape(world, reaction.user),
        "content": reaction.content,
        "created_at": stamp(reaction.created_at),
    }


def _reactions(url: str, given: Sequence[Reaction]) -> dict[str, Any]:
    counted = Counter(reaction.content for reaction in given)
    return {
        "url": f"{url}/reactions",
        "total_count": len(given),
        **{face: counted[face] for face in FACES},
    }


def _through(world: World, app: App | None) -> dict[str, Any] | None:
    return None if app is None else app_shape(world, app)
