"""Check runs, check suites and commit statuses as GitHub shows them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox.git import Commit, Git
from sandbox.pulls import told_with
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.apps import app_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp, stamp_or_none
from sandbox.shapes.deployments import deployment_simple_shape
from sandbox.shapes.repositories import minimal_repository_shape
from sandbox.state import CheckRun, CheckSuite, CommitStatus, Repository
from sandbox.world import World


def check_run_shape(world: World, repository: Repository, check: CheckRun) -> dict[str, Any]:
    url = repo_url(world, repository, f"/check-runs/{check.id}")
    deployment = check.deployment
    shown = (
        {} if deployment is None else {"deployment": deployment_simple_shape(world, repository, deployment)}
    )
    return {
        "id": check.id,
        "head_sha": check.head_sha,
        "node_id": node_id("CheckRun", check.id),
        "external_id": check.external_id,
        "url": url,
        "html_url": repo_html(world, repository, f"/runs/{check.id}"),
        "details_url": check.details_url or repo_html(world, repository, f"/runs/{check.id}"),
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": stamp_or_none(check.started_at),
        "completed_at": stamp_or_none(check.completed_at),
        "output": {
            "title": check.title,
            "summary": check.summary,
            "text": check.text,
            "annotations_count": len(check.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": check.name,
        "check_suite": {"id": check.suite.id},
        "app": app_shape(world, check.app),
        "pull_requests": pull_links(world, repository, check.head_sha),
        **shown,
    }


def check_run_event_shape(world: World, repository: Repository, check: CheckRun) -> dict[str, Any]:
    """A webhook's check run: its suite is shown with it, and it has always begun."""
    status = check.status if check.status in ("queued", "in_progress", "completed") else "pending"
    return {
        **check_run_shape(world, repository, check),
        "status": status,
        "started_at": stamp(check.started_at or check.suite.created_at),
        "check_suite": _suite(world, repository, check.suite),
    }


def annotation_shape(
    world: World, repository: Repository, check: CheckRun, note: dict[str, Any]
) -> dict[str, Any]:
    return {
        "path": note["path"],
        "start_line": note["start_line"],
        "end_line": note["end_line"],
        "start_column": note.get("start_column"),
        "end_column": note.get("end_column"),
        "annotation_level": note["annotation_level"],
        "title": note.get("title"),
        "message": note["message"],
        "raw_details": note.get("raw_details"),
        "blob_href": repo_url(world, repository, f"/contents/{note['path']}?ref={check.head_sha}"),
    }


def check_suite_shape(world: World, repository: Repository, suite: CheckSuite) -> dict[str, Any]:
    checks = [check for check in repository.check_runs.values() if check.suite is suite]
    return {
        **_suite(world, repository, suite),
        "repository": minimal_repository_shape(world, repository),
        "head_commit": head_commit_shape(repository, suite.head_sha),
        "latest_check_runs_count": len(checks),
        "check_runs_url": repo_url(world, repository, f"/check-suites/{suite.id}/check-runs"),
        "rerequestable": True,
        "runs_rerequestable": suite.run is None,
    }


def head_commit_shape(repository: Repository, sha: str) -> dict[str, Any]:
    """GitHub's `simple-commit`."""
    commit = _commit(repository.path, sha)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


@lru_cache(maxsize=4096)
def _commit(repository: Path, sha: str) -> Commit:
    """Git is asked once: a commit never changes, and lists of runs show many."""
    return Git(repository).commit_of(sha)


def pull_links(world: World, repository: Repository, sha: str) -> list[dict[str, Any]]:
    """GitHub's `pull-request-minimal`."""
    home = {"id": repository.id, "url": repo_url(world, repository), "name": repository.name}
    return [
        {
            "id": pull.id,
            "number": pull.number,
            "url": repo_url(world, repository, f"/pulls/{pull.number}"),
            "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": home},
            "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": home},
        }
        for pull in told_with(repository, sha)
    ]


def commit_status_shape(world: World, repository: Repository, status: CommitStatus) -> dict[str, Any]:
    return {
        **_simple_status(world, repository, status),
        "creator": account_shape(world, status.creator),
    }


def combined_status_shape(
    world: World, repository: Repository, sha: str, latest: Sequence[CommitStatus]
) -> dict[str, Any]:
    """`latest` holds one status for each context. None at all is `pending`, as at GitHub."""
    states = {status.state for status in latest}
    failed = "failure" if states & {"failure", "error"} else None
    pending = "pending" if "pending" in states or not states else None
    return {
        "state": failed or pending or "success",
        "statuses": [_simple_status(world, repository, status) for status in latest],
        "sha": sha,
        "total_count": len(latest),
        "repository": minimal_repository_shape(world, repository),
        "commit_url": repo_url(world, repository, f"/commits/{sha}"),
        "url": repo_url(world, repository, f"/commits/{sha}/status"),
    }


def _simple_status(world: World, repository: Repository, status: CommitStatus) -> dict[str, Any]:
    return {
        "url": repo_url(world, repository, f"/statuses/{status.sha}"),
        "avatar_url": f"{world.url}/avatars/{status.creator.id}",
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
    }


def _suite(world: World, repository: Repository, suite: CheckSuite) -> dict[str, Any]:
    return {
        "id": suite.id,
        "node_id": node_id("CheckSuite", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": repo_url(world, repository, f"/check-suites/{suite.id}"),
        "before": None,
        "after": suite.head_sha,
        "pull_requests": pull_links(world, repository, suite.head_sha),
        "app": app_shape(world, suite.app),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
    }
