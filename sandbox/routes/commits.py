"""Commits, comparisons, branches, tags, refs and merges."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, Refusal, conflict, created, not_found, nothing, ok, unprocessable
from sandbox.git import EMPTY_TREE, ZERO, MergeConflictError
from sandbox.pulls import associated_with
from sandbox.routing import Call, Routes
from sandbox.shapes.basics import node_id, repo_html, repo_url
from sandbox.shapes.commits import commit_shape, file_shape, ref_shape
from sandbox.shapes.pulls import pull_shape
from sandbox.state import Push

routes = Routes()

MOST_FILES = 300
MOST_COMPARED = 250


@routes.get("/repos/{owner}/{repo}/commits", needs="contents:read")
def commits(call: Call) -> Answer:
    start = call.git.resolve(call.query.get("sha") or call.repository.default_branch)
    if start is None:
        raise conflict("Git Repository is empty.") if not call.git.refs() else not_found()
    found = call.git.log(start, path=call.query.get("path"))
    return call.page(found, lambda commit: commit_shape(call.world, call.repository, commit))


@routes.get("/repos/{owner}/{repo}/commits/{ref}", needs="contents:read")
def a_commit(call: Call) -> Answer:
    sha = _resolved(call, call.path["ref"])
    if "sha" in call.headers.get("Accept", ""):
        return Answer(raw=sha.encode(), media_type="application/vnd.github.sha")
    commit = call.git.commit_of(sha)
    base = commit.parents[0] if commit.parents else EMPTY_TREE
    changes = call.git.changes(base, sha)
    additions, deletions = (sum(getattr(one, what) for one in changes) for what in ("additions", "deletions"))
    return ok(
        {
            **commit_shape(call.world, call.repository, commit),
            "stats": {"additions": additions, "deletions": deletions, "total": additions + deletions},
            "files": [file_shape(call.world, call.repository, one, sha) for one in changes[:MOST_FILES]],
        }
    )


@routes.get("/repos/{owner}/{repo}/commits/{commit_sha}/pulls", needs="pull_requests:read")
def pulls_of_commit(call: Call) -> Answer:
    """The merged pull request that brought a commit, or the open ones that hold it."""
    sha = _resolved(call, call.path["commit_sha"])
    holding = associated_with(call.repository, call.git, sha)
    return call.page(holding, lambda pull: pull_shape(call.world, call.repository, pull))


@routes.get("/repos/{owner}/{repo}/compare/{basehead}", needs="contents:read")
def compare(call: Call) -> Answer:
    base_name, dots, head_name = call.path["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = _compared(call, base_name), _compared(call, head_name)
    meeting = call.git.merge_base(base, head)
    if meeting is None:
        raise Refusal(404, f"No common ancestor between {base_name} and {head_name}.")
    return ok(_comparison(call, base, head, meeting))


def _comparison(call: Call, base: str, head: str, meeting: str) -> dict[str, Any]:
    ahead, behind = call.git.count(f"{base}..{head}"), call.git.count(f"{head}..{base}")
    page = repo_html(call.world, call.repository, f"/compare/{base}...{head}")
    new = call.git.log(f"{base}..{head}", limit=MOST_COMPARED)[::-1] if ahead else []
    files = call.git.changes(meeting, head)[:MOST_FILES]
    return {
        "url": repo_url(call.world, call.repository, f"/compare/{base}...{head}"),
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": commit_shape(call.world, call.repository, call.git.commit_of(base)),
        "merge_base_commit": commit_shape(call.world, call.repository, call.git.commit_of(meeting)),
        "status": _standing(ahead, behind),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [commit_shape(call.world, call.repository, one) for one in new],
        "files": [file_shape(call.world, call.repository, one, head) for one in files],
    }


def _standing(ahead: int, behind: int) -> str:
    match bool(ahead), bool(behind):
        case True, True:
            return "diverged"
        case True, False:
            return "ahead"
        case False, True:
            return "behind"
        case _:
            return "identical"


@routes.get("/repos/{owner}/{repo}/branches", needs="contents:read")
def branches(call: Call) -> Answer:
    heads = call.git.refs("refs/heads")
    return call.page(
        heads.items(), lambda item: _short_branch(call, item[0].removeprefix("refs/heads/"), item[1])
    )


@routes.get("/repos/{owner}/{repo}/branches/{branch}", needs="contents:read")
def a_branch(call: Call) -> Answer:
    name = call.path["branch"]
    sha = call.git.tip(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = repo_url(call.world, call.repository, f"/branches/{name}")
    return ok(
        {
            **_short_branch(call, name, sha),
            "commit": commit_shape(call.world, call.repository, call.git.commit_of(sha)),
            "_links": {"self": url, "html": repo_html(call.world, call.repository, f"/tree/{name}")},
        }
    )


def _short_branch(call: Call, name: str, sha: str) -> dict[str, Any]:
    protected = name in call.repository.protected_branches
    return {
        "name": name,
        "commit": {"sha": sha, "url": repo_url(call.world, call.repository, f"/commits/{sha}")},
        "protected": protected,
        "protection": {
            "enabled": protected,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": repo_url(call.world, call.repository, f"/branches/{name}/protection"),
    }


@routes.get("/repos/{owner}/{repo}/rules/branches/{branch}", needs="metadata:read")
def rules_of_a_branch(call: Call) -> Answer:
    """The rules of rulesets, of which the sandbox has none; branch protection is not among them."""
    return call.page([], dict)


@routes.get("/repos/{owner}/{repo}/tags", needs="contents:read")
def tags(call: Call) -> Answer:
    names = [ref.removeprefix("refs/tags/") for ref in call.git.refs("refs/tags")]
    return call.page(names[::-1], lambda name: _tag(call, name))


def _tag(call: Call, name: str) -> dict[str, Any]:
    sha = _resolved(call, f"refs/tags/{name}")
    return {
        "name": name,
        "node_id": node_id("Ref", f"{call.repository.id}:refs/tags/{name}"),
        "commit": {"sha": sha, "url": repo_url(call.world, call.repository, f"/commits/{sha}")},
        "zipball_url": repo_url(call.world, call.repository, f"/zipball/refs/tags/{name}"),
        "tarball_url": repo_url(call.world, call.repository, f"/tarball/refs/tags/{name}"),
    }


@routes.get("/repos/{owner}/{repo}/git/ref/{ref}", needs="contents:read")
def a_ref(call: Call) -> Answer:
    ref = f"refs/{call.path['ref']}"
    sha = call.git.ref(ref)
    if sha is None:
        raise not_found()
    return ok(_ref(call, ref, sha))


@routes.get("/repos/{owner}/{repo}/git/matching-refs/{ref}", needs="contents:read")
def matching_refs(call: Call) -> Answer:
    start = f"refs/{call.path['ref']}"
    found = {ref: sha for ref, sha in call.git.refs().items() if ref.startswith(start)}
    return call.page(found.items(), lambda item: _ref(call, *item))


@routes.post("/repos/{owner}/{repo}/git/refs", needs="contents:write")
def create_ref(call: Call) -> Answer:
    ref, sha = call.want("Reference", "ref", str), call.want("Reference", "sha", str)
    if not ref.startswith("refs/") or ref.count("/") < 2 or not call.git.valid_ref(ref):  # noqa: PLR2004
        raise unprocessable("Reference name must start with 'refs/' and contain at least two slashes")
    if call.git.object_type(sha) is None:
        raise unprocessable("Object does not exist")
    if call.git.ref(ref):
        raise unprocessable("Reference already exists")
    _move(call, ref, ZERO, sha)
    return created(_ref(call, ref, sha))


@routes.patch("/repos/{owner}/{repo}/git/refs/{ref}", needs="contents:write")
def update_ref(call: Call) -> Answer:
    ref, sha = f"refs/{call.path['ref']}", call.want("Reference", "sha", str)
    before = call.git.ref(ref)
    if before is None:
        raise unprocessable("Reference does not exist")
    if call.git.object_type(sha) is None:
        raise unprocessable("Object does not exist")
    if not call.get("force") and not call.git.contains(before, sha):
        raise unprocessable("Update is not a fast forward")
    _move(call, ref, before, sha)
    return ok(_ref(call, ref, sha))


@routes.delete("/repos/{owner}/{repo}/git/refs/{ref}", needs="contents:write")
def delete_ref(call: Call) -> Answer:
    ref = f"refs/{call.path['ref']}"
    before = call.git.ref(ref)
    if before is None:
        raise unprocessable("Reference does not exist")
    call.git.delete_ref(ref)
    _announce(call, ref, before, ZERO)
    return nothing()


@routes.post("/repos/{owner}/{repo}/merges", needs="contents:write")
def merge(call: Call) -> Answer:
    """201 with the merge commit, 204 when there is nothing to merge, 409 on a conflict."""
    base, head_name = call.want("Merge", "base", str), call.want("Merge", "head", str)
    tip, head = call.git.tip(base), call.git.resolve(head_name)
    if tip is None:
        raise Refusal(404, "Base does not exist")
    if head is None:
        raise Refusal(404, "Head does not exist")
    if call.git.contains(head, tip):
        return nothing()
    message = call.get("commit_message") or f"Merge {head_name} into {base}"
    try:
        sha = call.git.merge(tip, head, message, call.user, call.world.now())
    except MergeConflictError:
        raise conflict("Merge conflict") from None
    _move(call, f"refs/heads/{base}", tip, sha)
    return created(commit_shape(call.world, call.repository, call.git.commit_of(sha)))


def _move(call: Call, ref: str, before: str, after: str) -> None:
    call.git.set_ref(ref, after)
    _announce(call, ref, before, after)


def _announce(call: Call, ref: str, before: str, after: str) -> None:
    push = Push(repository=call.repository, ref=ref, before=before, after=after, pusher=call.user)
    call.world.pushed(push, quiet=call.caller.quiet)


def _ref(call: Call, ref: str, sha: str) -> dict[str, Any]:
    return ref_shape(call.world, call.repository, ref, sha, call.git.object_type(sha) or "commit")


def _resolved(call: Call, name: str) -> str:
    sha = call.git.resolve(name)
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {name}")
    return sha


def _compared(call: Call, name: str) -> str:
    """A side of a comparison; `owner:ref` is the same repository here."""
    sha = call.git.resolve(name.rpartition(":")[2])
    if sha is None:
        raise not_found()
    return sha
