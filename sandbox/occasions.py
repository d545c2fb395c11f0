"""From what happened in the world to what starts a workflow: which commit, ref and payload."""

from __future__ import annotations

from sandbox.git import ZERO
from sandbox.starts import Start
from sandbox.state import Event, Push, Repository
from sandbox.workflow import Occasion
from sandbox.world import World

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
ON_DEFAULT_BRANCH = ("issues", "issue_comment", "repository_dispatch")
ON_DEPLOYMENT = ("deployment", "deployment_status")
ON_PULL = ("pull_request", "pull_request_review")


def occasion_of_push(world: World, push: Push) -> Start:
    base = EMPTY_TREE if push.before == ZERO else push.before
    changed = world.git(push.repository).text("diff", "--name-only", base, push.after).splitlines()
    return Start(
        repository=push.repository,
        occasion=Occasion(event="push", ref=push.ref, changed=tuple(changed)),
        sha=push.after,
        actor=push.pusher,
        payload={"ref": push.ref, "before": push.before, "after": push.after},
    )


def occasion_of_event(world: World, event: Event) -> Start | None:
    """None where GitHub starts no workflow for it, or the commit is gone."""
    repository = event.repository
    if repository is None:
        return None
    found = _commit_and_occasion(world, repository, event)
    if found is None:
        return None
    sha, occasion = found
    return Start(repository=repository, occasion=occasion, sha=sha, actor=event.sender, payload=event.payload)


def _commit_and_occasion(world: World, repository: Repository, event: Event) -> tuple[str, Occasion] | None:
    if event.name in ON_PULL:
        return _of_pull(world, repository, event)
    if event.name == "release":
        ref = f"refs/tags/{event.payload['release']['tag_name']}"
    elif event.name in ON_DEPLOYMENT:
        ref = str(event.payload["deployment"]["ref"])
    elif event.name in ON_DEFAULT_BRANCH:
        ref = f"refs/heads/{repository.default_branch}"
    else:
        return None
    sha = world.git(repository).resolve(ref)
    return None if sha is None else (sha, Occasion(event=event.name, ref=ref, action=event.action or ""))


def _of_pull(world: World, repository: Repository, event: Event) -> tuple[str, Occasion]:
    """The pull request's own head stands for GitHub's merge commit; the base decides `branches:`."""
    pull = event.payload["pull_request"]
    git = world.git(repository)
    head, base = str(pull["head"]["sha"]), str(pull["base"]["sha"])
    changed = git.read_text("diff", "--name-only", f"{base}...{head}").splitlines()
    occasion = Occasion(
        event=event.name,
        ref=f"refs/pull/{pull['number']}/merge",
        action=event.action or "",
        base=str(pull["base"]["ref"]),
        changed=tuple(changed),
    )
    return head, occasion
