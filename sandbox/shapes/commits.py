"""Commits, files, trees and refs as GitHub shows them."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.git import EMPTY_TREE, Commit, Entry, FileChange, Git, Signature, email_of
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp
from sandbox.state import Repository, User
from sandbox.world import World

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
ENTRY_TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}


def committer_of(world: World, email: str) -> User | None:
    """The account behind a commit's address, as GitHub guesses it."""
    return next((user for user in world.users.values() if email_of(user) == email), None)


def signature_shape(signature: Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email, "date": stamp(signature.date)}


def commit_shape(world: World, repository: Repository, commit: Commit) -> dict[str, Any]:
    """GitHub's `commit`, without files."""
    author, committer = committer_of(world, commit.author.email), committer_of(world, commit.committer.email)
    url = repo_url(world, repository, f"/commits/{commit.sha}")
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "commit": {
            "author": signature_shape(commit.author),
            "committer": signature_shape(commit.committer),
            "message": commit.message,
            "tree": _tree_link(world, repository, commit.tree),
            "url": repo_url(world, repository, f"/git/commits/{commit.sha}"),
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": url,
        "html_url": repo_html(world, repository, f"/commit/{commit.sha}"),
        "comments_url": f"{url}/comments",
        "author": account_shape(world, author) if author else None,
        "committer": account_shape(world, committer) if committer else None,
        "parents": [_parent(world, repository, sha, "commits") for sha in commit.parents],
    }


def git_commit_shape(world: World, repository: Repository, commit: Commit) -> dict[str, Any]:
    """GitHub's `git-commit`, of /git/commits."""
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "url": repo_url(world, repository, f"/git/commits/{commit.sha}"),
        "html_url": repo_html(world, repository, f"/commit/{commit.sha}"),
        "author": signature_shape(commit.author),
        "committer": signature_shape(commit.committer),
        "tree": _tree_link(world, repository, commit.tree),
        "message": commit.message,
        "parents": [_parent(world, repository, sha, "git/commits") for sha in commit.parents],
        "verification": UNSIGNED,
    }


def pushed_commit_shape(world: World, repository: Repository, commit: Commit, git: Git) -> dict[str, Any]:
    """A commit as push events carry it."""
    base = commit.parents[0] if commit.parents else EMPTY_TREE
    changes = git.changes(base, commit.sha)
    named = {"added": "added", "removed": "removed"}
    files: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for change in changes:
        files[named.get(change.status, "modified")].append(change.path)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": stamp(commit.committer.date),
        "url": repo_html(world, repository, f"/commit/{commit.sha}"),
        "author": _pushed_by(world, commit.author),
        "committer": _pushed_by(world, commit.committer),
        **files,
    }


def file_shape(world: World, repository: Repository, change: FileChange, sha: str) -> dict[str, Any]:
    """GitHub's `diff-entry`."""
    shape = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": repo_html(world, repository, f"/blob/{sha}/{change.path}"),
        "raw_url": repo_html(world, repository, f"/raw/{sha}/{change.path}"),
        "contents_url": repo_url(world, repository, f"/contents/{change.path}?ref={sha}"),
    }
    if change.patch:
        shape["patch"] = change.patch
    if change.previous_path:
        shape["previous_filename"] = change.previous_path
    return shape


def entry_shape(world: World, repository: Repository, entry: Entry, ref: str) -> dict[str, Any]:
    """One entry of a directory, as /contents lists it."""
    kind = ENTRY_TYPES[entry.type]
    url = repo_url(world, repository, f"/contents/{entry.path}?ref={ref}")
    page = repo_html(world, repository, f"/{'tree' if kind == 'dir' else 'blob'}/{ref}/{entry.path}")
    objects = "trees" if kind == "dir" else "blobs"
    git_url = repo_url(world, repository, f"/git/{objects}/{entry.sha}")
    raw = None if kind == "dir" else repo_html(world, repository, f"/raw/{ref}/{entry.path}")
    return {
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "type": kind,
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": raw,
        "_links": {"self": url, "git": git_url, "html": page},
    }


def content_shape(
    world: World, repository: Repository, entry: Entry, ref: str, content: bytes
) -> dict[str, Any]:
    """One file with its content, as /contents shows it."""
    return {
        **entry_shape(world, repository, entry, ref),
        "encoding": "base64",
        "content": base64.encodebytes(content).decode(),
    }


def ref_shape(world: World, repository: Repository, ref: str, sha: str, kind: str) -> dict[str, Any]:
    return {
        "ref": ref,
        "node_id": node_id("Ref", f"{repository.id}:{ref}"),
        "url": repo_url(world, repository, f"/git/{ref}"),
        "object": {
            "sha": sha,
            "type": kind,
            "url": repo_url(world, repository, f"/git/{kind}s/{sha}"),
        },
    }


def _tree_link(world: World, repository: Repository, tree: str) -> dict[str, str]:
    return {"sha": tree, "url": repo_url(world, repository, f"/git/trees/{tree}")}


def _parent(world: World, repository: Repository, sha: str, kind: str) -> dict[str, str]:
    return {
        "sha": sha,
        "url": repo_url(world, repository, f"/{kind}/{sha}"),
        "html_url": repo_html(world, repository, f"/commit/{sha}"),
    }


def _pushed_by(world: World, signature: Signature) -> dict[str, str]:
    user = committer_of(world, signature.email)
    shape = {"name": signature.name, "email": signature.email, "date": stamp(signature.date)}
    return {**shape, "username": user.login} if user else shape
