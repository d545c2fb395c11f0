"""Commit statuses, one by one and combined."""

from __future__ import annotations

from sandbox.answers import Answer, created, field_error, not_found, ok, unprocessable
from sandbox.routing import Call, Routes
from sandbox.shapes.basics import repo_url, stamp
from sandbox.shapes.checks import combined_status_shape, commit_status_shape
from sandbox.shapes.commits import commit_shape
from sandbox.state import CommitStatus

routes = Routes()

REPOSITORY = "/repos/{owner}/{repo}"
STATES = ("error", "failure", "pending", "success")
LONGEST_DESCRIPTION = 140


@routes.post(REPOSITORY + "/statuses/{sha}", needs="statuses:write")
def create_status(call: Call) -> Answer:
    sha = call.git.resolve(call.path["sha"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call.path['sha']}")
    state = call.want("Status", "state", str)
    if state not in STATES:
        raise unprocessable("Validation Failed", field_error("Status", "state"))
    description = call.get("description")
    if len(description or "") > LONGEST_DESCRIPTION:
        message = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise unprocessable("Validation Failed", field_error("Status", "description", "custom", message))
    status = CommitStatus(
        id=call.world.next_id(),
        sha=sha,
        context=call.get("context") or "default",
        state=state,  # type: ignore[arg-type]  # checked just above
        description=description,
        target_url=call.get("target_url"),
        creator=call.user,
        created_at=call.world.now(),
    )
    call.repository.statuses.append(status)
    _announce(call, status)
    return created(commit_status_shape(call.world, call.repository, status))


@routes.get(REPOSITORY + "/commits/{ref}/status", needs="statuses:read")
def combined_status(call: Call) -> Answer:
    sha = _commit(call)
    latest = {status.context: status for status in call.repository.statuses if status.sha == sha}
    return ok(combined_status_shape(call.world, call.repository, sha, list(latest.values())))


@routes.get(REPOSITORY + "/commits/{ref}/statuses", needs="statuses:read")
def statuses(call: Call) -> Answer:
    sha = _commit(call)
    newest_first = [status for status in reversed(call.repository.statuses) if status.sha == sha]
    return call.page(newest_first, lambda status: commit_status_shape(call.world, call.repository, status))


def _commit(call: Call) -> str:
    sha = call.git.resolve(call.path["ref"])
    if sha is None:
        raise not_found()
    return sha


def _announce(call: Call, status: CommitStatus) -> None:
    tips = call.git.refs("refs/heads")
    branches = [ref.removeprefix("refs/heads/") for ref, sha in tips.items() if sha == status.sha]
    commit = call.git.commit_of(status.sha)
    call.emit(
        "status",
        None,
        id=status.id,
        sha=status.sha,
        name=call.repository.full_name,
        avatar_url=f"{call.world.url}/avatars/{status.creator.id}",
        target_url=status.target_url,
        context=status.context,
        description=status.description,
        state=status.state,
        commit=commit_shape(call.world, call.repository, commit),
        branches=[
            {
                "name": name,
                "commit": {
                    "sha": status.sha,
                    "url": repo_url(call.world, call.repository, f"/commits/{status.sha}"),
                },
                "protected": name in call.repository.protected_branches,
            }
            for name in branches
        ],
        created_at=stamp(status.created_at),
        updated_at=stamp(status.created_at),
    )
