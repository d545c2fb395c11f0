"""Pull requests and reviews as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.git import MergeConflictError
from sandbox.pulls import changes_of
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp, stamp_or_none
from sandbox.shapes.issues import label_shape
from sandbox.shapes.repositories import association, repository_shape
from sandbox.state import PullRequest, Repository, Review
from sandbox.world import World


def pull_shape(world: World, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """GitHub's `pull-request-simple`, of lists."""
    issue = pull.issue
    url = repo_url(world, repository, f"/pulls/{pull.number}")
    page = repo_html(world, repository, f"/pull/{pull.number}")
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": repo_url(world, repository, f"/issues/{pull.number}"),
        "number": pull.number,
        "state": issue.state,
        "locked": issue.locked,
        "active_lock_reason": None,
        "title": issue.title,
        "user": account_shape(world, issue.author),
        "body": issue.body,
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp_or_none(issue.closed_at),
        "merged_at": stamp_or_none(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": account_shape(world, issue.assignees[0]) if issue.assignees else None,
        "assignees": [account_shape(world, user) for user in issue.assignees],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [label_shape(world, repository, label) for label in issue.labels],
        "milestone": None,
        "draft": pull.draft,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": repo_url(world, repository, "/pulls/comments{/number}"),
        "comments_url": repo_url(world, repository, f"/issues/{pull.number}/comments"),
        "statuses_url": repo_url(world, repository, f"/statuses/{pull.head_sha}"),
        "head": _side(world, pull.fork or repository, pull.head_ref, pull.head_sha),
        "base": _side(world, repository, pull.base_ref, pull.base_sha),
        "_links": _links(world, repository, pull),
        "author_association": association(repository, issue.author),
        "auto_merge": None,
    }


def full_pull_shape(world: World, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """GitHub's `pull-request`, with its size and whether it merges."""
    git = world.git(repository)
    changes = changes_of(git, pull)
    mergeable = merges(world, repository, pull)
    return {
        **pull_shape(world, repository, pull),
        "merged": pull.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[mergeable],
        "merged_by": account_shape(world, pull.merged_by) if pull.merged_by else None,
        "comments": len(pull.issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": git.count(f"{pull.base_sha}..{pull.head_sha}"),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def review_shape(world: World, repository: Repository, pull: PullRequest, review: Review) -> dict[str, Any]:
    page = repo_html(world, repository, f"/pull/{pull.number}#pullrequestreview-{review.id}")
    url = repo_url(world, repository, f"/pulls/{pull.number}")
    return {
        "id": review.id,
        "node_id": node_id("PullRequestReview", review.id),
        "user": account_shape(world, review.author),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": url,
        "author_association": association(repository, review.author),
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit_sha,
    }


def _side(world: World, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": account_shape(world, repository.owner),
        "repo": repository_shape(world, repository),
    }


def _links(world: World, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    url = repo_url(world, repository, f"/pulls/{pull.number}")
    issue = repo_url(world, repository, f"/issues/{pull.number}")
    links = {
        "self": url,
        "html": repo_html(world, repository, f"/pull/{pull.number}"),
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": repo_url(world, repository, "/pulls/comments{/number}"),
        "commits": f"{url}/commits",
        "statuses": repo_url(world, repository, f"/statuses/{pull.head_sha}"),
    }
    return {name: {"href": href} for name, href in links.items()}


def merges(world: World, repository: Repository, pull: PullRequest) -> bool | None:
    """Whether it merges now; null once it is closed, as GitHub has it."""
    tip = world.git(repository).tip(pull.base_ref)
    if pull.issue.state == "closed" or tip is None:
        return None
    try:
        world.git(repository).merged_tree(tip, pull.head_sha)
    except MergeConflictError:
        return False
    return True
