"""Releases and the notes GitHub writes for them."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, Refusal, created, field_error, not_found, nothing, ok, unprocessable
from sandbox.git import EMPTY_TREE, ZERO
from sandbox.routing import Call, Routes
from sandbox.shapes.basics import repo_html
from sandbox.shapes.releases import release_shape
from sandbox.state import PullRequest, Push, Release

routes = Routes()

RELEASES = "/repos/{owner}/{repo}/releases"
RELEASE = RELEASES + "/{release_id}"
LONGEST_BODY = 125_000
TEXTS = ("name", "body")
SWITCHES = ("draft", "prerelease")


@routes.get(RELEASES, needs="contents:read")
def releases(call: Call) -> Answer:
    newest_first = sorted(_visible(call), key=lambda one: (one.created_at, one.id), reverse=True)
    return call.page(newest_first, lambda one: release_shape(call.world, call.repository, one))


@routes.post(RELEASES, needs="contents:write")
def create_release(call: Call) -> Answer:
    tag = call.want("Release", "tag_name", str)
    if any(one.tag == tag and not one.draft for one in call.repository.releases.values()):
        raise unprocessable("Validation Failed", field_error("Release", "tag_name", "already_exists"))
    if not call.git.valid_ref(f"refs/tags/{tag}"):
        raise unprocessable("Validation Failed", field_error("Release", "tag_name"))
    release = Release(
        id=call.world.next_id(),
        tag=tag,
        target=call.get("target_commitish") or call.repository.default_branch,
        name=call.get("name"),
        body=_body(call, tag),
        author=call.user,
        draft=bool(call.get("draft")),
        prerelease=bool(call.get("prerelease")),
        created_at=call.world.now(),
    )
    _publish(call, release)
    call.repository.releases[release.id] = release
    return created(_announce(call, release, "created" if release.draft else "published"))


def _body(call: Call, tag: str) -> str | None:
    body: str | None = call.get("body")
    if call.get("generate_release_notes"):
        body = "\n\n".join(part for part in (body, _notes(call, tag)["body"]) if part)
    _check_body(body)
    return body


def _check_body(body: str | None) -> None:
    if body is not None and len(body) > LONGEST_BODY:
        message = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise unprocessable("Validation Failed", field_error("Release", "body", "custom", message))


def _publish(call: Call, release: Release) -> None:
    """A published release has a tag; it is made at the target where it does not exist."""
    if release.draft or release.published_at is not None:
        return
    ref = f"refs/tags/{release.tag}"
    if call.git.ref(ref) is None:
        sha = call.git.resolve(release.target)
        if sha is None:
            raise unprocessable("Validation Failed", field_error("Release", "target_commitish"))
        _may_tag(call, sha)
        call.git.set_ref(ref, sha)
        push = Push(repository=call.repository, ref=ref, before=ZERO, after=sha, pusher=call.user)
        call.world.pushed(push, quiet=call.caller.quiet)
    release.published_at = call.world.now()


def _may_tag(call: Call, sha: str) -> None:
    """A commit that touches workflows asks an App for `workflows: write`, which a job's token never has.

    https://docs.github.com/rest/releases/releases#create-a-release
    """
    if call.caller.kind == "user" or call.may("workflows:write"):
        return
    parents = call.git.commit_of(sha).parents
    changes = call.git.changes(parents[0] if parents else EMPTY_TREE, sha)
    if any(change.path.startswith(".github/workflows/") for change in changes):
        raise Refusal(403, "Resource not accessible by integration")


@routes.get(RELEASES + "/latest", needs="contents:read")
def latest_release(call: Call) -> Answer:
    full = [one for one in call.repository.releases.values() if not one.draft and not one.prerelease]
    if not full:
        raise not_found()
    newest = max(full, key=lambda one: (one.created_at, one.id))
    return ok(release_shape(call.world, call.repository, newest))


@routes.get(RELEASES + "/tags/{tag}", needs="contents:read")
def release_by_tag(call: Call) -> Answer:
    """Published ones only, as at GitHub."""
    wanted = call.path["tag"]
    found = [one for one in call.repository.releases.values() if one.tag == wanted and not one.draft]
    if not found:
        raise not_found()
    return ok(release_shape(call.world, call.repository, found[0]))


@routes.post(RELEASES + "/generate-notes", needs="contents:write")
def generate_notes(call: Call) -> Answer:
    return ok(_notes(call, call.want("Release", "tag_name", str)))


@routes.get(RELEASE, needs="contents:read")
def a_release(call: Call) -> Answer:
    return ok(release_shape(call.world, call.repository, _release(call)))


@routes.patch(RELEASE, needs="contents:write")
def update_release(call: Call) -> Answer:
    release = _release(call)
    _check_body(call.get("body"))
    release.tag = call.get("tag_name") or release.tag
    release.target = call.get("target_commitish") or release.target
    for name in (*TEXTS, *SWITCHES):
        if call.get(name) is not None:
            setattr(release, name, call.get(name))
    was_published = release.published_at is not None
    _publish(call, release)
    return ok(_announce(call, release, "edited" if was_published or release.draft else "published"))


@routes.delete(RELEASE, needs="contents:write")
def delete_release(call: Call) -> Answer:
    release = _release(call)
    del call.repository.releases[release.id]
    _announce(call, release, "deleted")
    return nothing()


def _notes(call: Call, tag: str) -> dict[str, str]:
    """What merged since the previous tag, in GitHub's layout."""
    head = call.git.resolve(tag) or call.git.resolve(
        call.get("target_commitish") or call.repository.default_branch
    )
    previous = call.get("previous_tag_name") or _previous_tag(call, tag)
    since = call.git.resolve(previous) if previous else None
    merged = [pull for pull in call.repository.pulls if _came_between(call, pull, since, head)]
    lines = [_note(call, pull) for pull in merged]
    changed = f"compare/{previous}...{tag}" if previous else f"commits/{tag}"
    link = f"**Full Changelog**: {repo_html(call.world, call.repository, f'/{changed}')}"
    listed = ["## What's Changed", *lines, "", ""] if lines else []
    return {"name": tag, "body": "\n".join([*listed, link])}


def _previous_tag(call: Call, tag: str) -> str | None:
    published = [one for one in call.repository.releases.values() if one.published_at and one.tag != tag]
    newest = max(published, key=lambda one: (one.created_at, one.id), default=None)
    return newest.tag if newest else None


def _came_between(call: Call, pull: PullRequest, since: str | None, head: str | None) -> bool:
    merge = pull.merge_commit_sha
    if merge is None or head is None or not call.git.contains(merge, head):
        return False
    return since is None or not call.git.contains(merge, since)


def _note(call: Call, pull: PullRequest) -> str:
    link = repo_html(call.world, call.repository, f"/pull/{pull.number}")
    return f"* {pull.issue.title} by @{pull.issue.author.login} in {link}"


def _visible(call: Call) -> list[Release]:
    """Drafts show only to those who may write."""
    everything = list(call.repository.releases.values())
    if call.caller.user is not None and call.may("contents:write"):
        return everything
    return [one for one in everything if not one.draft]


def _release(call: Call) -> Release:
    return call.one_of(_visible(call), "release_id")


def _announce(call: Call, release: Release, action: str) -> dict[str, Any]:
    shape = release_shape(call.world, call.repository, release)
    call.emit("release", action, release=shape)
    return shape
