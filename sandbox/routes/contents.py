"""Files of a repository at a commit, read and written through git."""

from __future__ import annotations

from urllib.parse import unquote

from sandbox.answers import Answer, Refusal, conflict, not_found, ok, unprocessable
from sandbox.git import ZERO, Entry, GitError
from sandbox.routing import Call, Routes
from sandbox.shapes.commits import content_shape, entry_shape, git_commit_shape
from sandbox.state import Push

routes = Routes()

MALFORMED = ("", ".", "..", ".git")
LARGEST_INLINE = 1024 * 1024
LARGEST_RAW = 100 * 1024 * 1024


@routes.get("/repos/{owner}/{repo}/contents", needs="contents:read")
def the_root(call: Call) -> Answer:
    return _listing(call, _commit(call), "")


@routes.get("/repos/{owner}/{repo}/contents/{path}", needs="contents:read")
def a_path(call: Call) -> Answer:
    commit = _commit(call)
    entry = call.git.entry(commit, unquote(call.path["path"]))
    if entry is None:
        raise not_found()
    return _file(call, entry) if entry.type == "blob" else _listing(call, commit, entry.path)


@routes.put("/repos/{owner}/{repo}/contents/{path}", needs="contents:write")
def write_file(call: Call) -> Answer:
    """Create a file, or change it when `sha` names its present blob."""
    path = call.path["path"]
    if any(part in MALFORMED for part in path.lower().split("/")):
        raise unprocessable("path contains a malformed path component")
    known = _known_entry(call, path)
    given = call.get("sha")
    if known is not None and given is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if given is not None and (known is None or known.sha != given):
        raise conflict(f"{path} does not match {given}")
    commit = _commit_files(call, {path: call.decoded("Commit", call.want("Commit", "content", str))})
    entry = call.git.entry(commit, path)
    assert entry is not None  # noqa: S101 - just written
    body = {
        "content": entry_shape(call.world, call.repository, entry, _branch(call)),
        "commit": git_commit_shape(call.world, call.repository, call.git.commit_of(commit)),
    }
    return Answer(status=201 if known is None else 200, body=body)


@routes.delete("/repos/{owner}/{repo}/contents/{path}", needs="contents:write")
def delete_file(call: Call) -> Answer:
    path = call.path["path"]
    known = _known_entry(call, path)
    if known is None:
        raise not_found()
    if known.sha != (call.get("sha") or call.query.get("sha")):
        raise conflict(f"{path} does not match the given sha")
    commit = _commit_files(call, {path: None})
    shape = git_commit_shape(call.world, call.repository, call.git.commit_of(commit))
    return ok({"content": None, "commit": shape})


@routes.get("/repos/{owner}/{repo}/readme", needs="contents:read")
def readme(call: Call) -> Answer:
    entry = call.git.entry(_commit(call), "README.md")
    if entry is None:
        raise not_found()
    return _file(call, entry)


def _file(call: Call, entry: Entry) -> Answer:
    accept = call.headers.get("Accept", "")
    size = entry.size or 0
    if "raw" in accept and size <= LARGEST_RAW:
        return Answer(raw=call.git.blob(entry.sha), media_type="application/vnd.github.raw; charset=utf-8")
    if size > LARGEST_RAW:
        raise Refusal(403, "This API returns blobs up to 100 MB in size.")
    content = call.git.blob(entry.sha)
    shape = content_shape(call.world, call.repository, entry, _ref(call), content)
    if size > LARGEST_INLINE:  # https://docs.github.com/rest/repos/contents#get-repository-content
        shape |= {"content": "", "encoding": "none"}
    return ok(shape)


def _listing(call: Call, commit: str, path: str) -> Answer:
    entries = call.git.tree(commit, path)
    if "object" in call.headers.get("Accept", ""):
        return ok(_directory_object(call, commit, path, entries))
    return ok([entry_shape(call.world, call.repository, entry, _ref(call)) for entry in entries])


def _directory_object(call: Call, commit: str, path: str, entries: list[Entry]) -> dict[str, object]:
    found = call.git.object_at(f"{commit}:{path}")
    tree = Entry(path=path, mode="040000", type="tree", sha=found[0] if found else commit, size=0)
    shape = entry_shape(call.world, call.repository, tree, _ref(call))
    return {
        **shape,
        "entries": [entry_shape(call.world, call.repository, one, _ref(call)) for one in entries],
    }


def _ref(call: Call) -> str:
    return call.query.get("ref") or call.repository.default_branch


def _commit(call: Call) -> str:
    commit = call.git.resolve(_ref(call))
    if commit is None:
        known = "ref" in call.query
        raise Refusal(
            404, f"No commit found for the ref {_ref(call)}" if known else "This repository is empty."
        )
    return commit


def _branch(call: Call) -> str:
    branch: str = call.get("branch") or call.query.get("branch") or call.repository.default_branch
    return branch


def _known_entry(call: Call, path: str) -> Entry | None:
    tip = call.git.tip(_branch(call))
    if tip is None:
        if call.git.refs("refs/heads"):
            raise Refusal(404, f"Branch {_branch(call)} not found")
        return None
    return call.git.entry(tip, path)


def _commit_files(call: Call, files: dict[str, bytes | None]) -> str:
    message = call.want("Commit", "message", str)
    before = call.git.tip(_branch(call))
    try:
        after = call.git.commit(_branch(call), files, message, call.user, call.world.now())
    except GitError:
        raise unprocessable("path contains a malformed path component") from None
    push = Push(
        repository=call.repository,
        ref=f"refs/heads/{_branch(call)}",
        before=before or ZERO,
        after=after,
        pusher=call.user,
    )
    call.world.pushed(push, quiet=call.caller.quiet)
    return after


@routes.get("/repos/{owner}/{repo}/tarball/{ref}", needs="contents:read")
def tarball(call: Call) -> Answer:
    commit = call.git.resolve(call.path["ref"])
    if commit is None:
        raise not_found()
    prefix = f"{call.repository.owner.login}-{call.repository.name}-{commit[:7]}/"
    archive = call.git.run("archive", "--format=tar.gz", f"--prefix={prefix}", commit)
    return Answer(raw=archive, media_type="application/x-gzip")
