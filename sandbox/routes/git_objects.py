"""Blobs, trees and commits as git keeps them, read and written one by one."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.answers import Answer, created, field_error, not_found, ok, unprocessable
from sandbox.git import Entry
from sandbox.routing import Call, Routes
from sandbox.shapes.basics import repo_url
from sandbox.shapes.commits import git_commit_shape

routes = Routes()

OBJECTS = "/repos/{owner}/{repo}/git"


@routes.get(OBJECTS + "/blobs/{file_sha}", needs="contents:read")
def a_blob(call: Call) -> Answer:
    sha = call.path["file_sha"]
    if call.git.object_type(sha) != "blob":
        raise not_found()
    content = call.git.blob(sha)
    return ok(
        {
            **_short_blob(call, sha),
            "node_id": sha,
            "size": len(content),
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64",
        }
    )


@routes.post(OBJECTS + "/blobs", needs="contents:write")
def create_blob(call: Call) -> Answer:
    text = call.want("Blob", "content", str)
    raw = call.decoded("Blob", text) if call.get("encoding") == "base64" else text.encode()
    return created(_short_blob(call, call.git.write_blob(raw)))


def _short_blob(call: Call, sha: str) -> dict[str, Any]:
    return {"sha": sha, "url": repo_url(call.world, call.repository, f"/git/blobs/{sha}")}


@routes.get(OBJECTS + "/trees/{tree_sha}", needs="contents:read")
def a_tree(call: Call) -> Answer:
    name = call.path["tree_sha"]
    found = call.git.object_at(f"{call.git.resolve(name) or name}^{{tree}}")
    if found is None:
        raise not_found()
    return ok(_tree(call, found[0], recursive=bool(call.query.get("recursive"))))


@routes.post(OBJECTS + "/trees", needs="contents:write")
def create_tree(call: Call) -> Answer:
    """On top of `base_tree`, where one is named. An entry has a `sha`, or `content`; a null sha deletes."""
    base = call.get("base_tree")
    if base is not None and call.git.object_at(f"{base}^{{tree}}") is None:
        raise unprocessable("base_tree is not a valid tree oid")
    lines = [_tree_line(call, item) for item in call.want("Tree", "tree", list)]
    return created(_tree(call, call.git.write_tree(base, lines)))


def _tree_line(call: Call, item: dict[str, Any]) -> str:
    if "content" in item:
        sha = call.git.write_blob(str(item["content"]).encode())
    elif item.get("sha") is None:
        return call.git.removal(item["path"])
    else:
        sha = str(item["sha"])
        if call.git.object_type(sha) is None:
            raise unprocessable("tree.sha is not a valid git object", field_error("Tree", "sha"))
    return f"{item['mode']} {sha}\t{item['path']}"


def _tree(call: Call, sha: str, *, recursive: bool = False) -> dict[str, Any]:
    return {
        "sha": sha,
        "url": repo_url(call.world, call.repository, f"/git/trees/{sha}"),
        "tree": [_tree_item(call, entry) for entry in call.git.tree(sha, recursive=recursive)],
        "truncated": False,
    }


def _tree_item(call: Call, entry: Entry) -> dict[str, object]:
    url = repo_url(call.world, call.repository, f"/git/{entry.type}s/{entry.sha}")
    item: dict[str, object] = {
        "path": entry.path,
        "mode": entry.mode,
        "type": entry.type,
        "sha": entry.sha,
        "url": url,
    }
    return item if entry.size is None else {**item, "size": entry.size}


@routes.get(OBJECTS + "/commits/{commit_sha}", needs="contents:read")
def a_git_commit(call: Call) -> Answer:
    sha = call.path["commit_sha"]
    if call.git.object_type(sha) != "commit":
        raise not_found()
    return ok(_commit(call, sha))


@routes.post(OBJECTS + "/commits", needs="contents:write")
def create_commit(call: Call) -> Answer:
    """By the caller and now, on no branch; the sandbox takes nobody else's name for it."""
    message, tree = call.want("Commit", "message", str), call.want("Commit", "tree", str)
    if call.git.object_type(tree) != "tree":
        raise unprocessable("Tree SHA does not exist", field_error("Commit", "tree"))
    parents = [str(one) for one in call.get("parents", [])]
    if any(call.git.object_type(one) != "commit" for one in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    if call.get("author") or call.get("committer"):
        raise unprocessable("The sandbox commits in the caller's name: leave author and committer out.")
    sha = call.git.commit_tree(tree, parents, message, call.user, call.world.now())
    return created(_commit(call, sha))


def _commit(call: Call, sha: str) -> dict[str, Any]:
    return git_commit_shape(call.world, call.repository, call.git.commit_of(sha))
