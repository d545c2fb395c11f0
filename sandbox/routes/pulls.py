"""Pull requests and their reviews."""

from __future__ import annotations

from typing import Any, Literal

from sandbox.answers import Answer, Refusal, conflict, created, field_error, not_found, ok, unprocessable
from sandbox.forks import bring_head, head_repository
from sandbox.git import MergeConflictError
from sandbox.pulls import changes_of, commits_of
from sandbox.routes.issues import change_state, edit_text, may_edit, open_issue
from sandbox.routing import Call, Routes
from sandbox.shapes.commits import commit_shape, file_shape
from sandbox.shapes.pulls import full_pull_shape, pull_shape, review_shape
from sandbox.state import Dismissal, PullRequest, Push, Repository, Review

routes = Routes()

PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{pull_number}"
READ, WRITE = "pull_requests:read", "pull_requests:write"
ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "PENDING"]
REVIEW_STATES: dict[str | None, ReviewState] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
    None: "PENDING",
}


@routes.get(PULLS, needs=READ)
def pulls(call: Call) -> Answer:
    state = call.query.get("state", "open")
    base, head = call.query.get("base"), call.query.get("head")
    chosen = [
        pull
        for pull in call.repository.pulls
        if state in ("all", pull.issue.state)
        and base in (None, pull.base_ref)
        and head in (None, _label(call, pull))
    ]
    newest_first = call.query.get("direction", "desc") == "desc"
    updated = call.query.get("sort") == "updated"
    chosen.sort(key=lambda pull: pull.issue.updated_at if updated else pull.issue.created_at)
    return call.page(
        chosen[::-1] if newest_first else chosen, lambda pull: pull_shape(call.world, call.repository, pull)
    )


@routes.post(PULLS, needs=WRITE)
def create_pull(call: Call) -> Answer:
    title, base = call.want("PullRequest", "title", str), call.want("PullRequest", "base", str)
    owner, _, head = call.want("PullRequest", "head", str).rpartition(":")
    home = head_repository(call.world, call.repository, owner) if owner else call.repository
    if home is None:
        raise unprocessable("Validation Failed", field_error("PullRequest", "head"))
    fork = None if home is call.repository else home
    head_sha, base_sha = _pullable(call, fork, head, base)
    issue = open_issue(call, title, call.get("body"))
    pull = PullRequest(
        id=call.world.next_id(),
        issue=issue,
        head_ref=head,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        fork=fork,
        draft=bool(call.get("draft", False)),
    )
    issue.pull = pull
    bring_head(call.world, call.repository, pull)
    return created(_announce(call, pull, "opened"))


def _pullable(call: Call, fork: Repository | None, head: str, base: str) -> tuple[str, str]:
    """The tips of both branches, where a pull request between them makes sense."""
    home = fork or call.repository
    tips = call.world.git(home).tip(head), call.git.tip(base)
    for name, tip in zip(("head", "base"), tips, strict=True):
        if tip is None:
            raise unprocessable("Validation Failed", field_error("PullRequest", name))
    head_sha, base_sha = tips
    assert head_sha is not None  # noqa: S101 - both were just looked at
    assert base_sha is not None  # noqa: S101
    if call.git.contains(head_sha, base_sha):
        raise _custom(f"No commits between {base} and {head}")
    if any(_joins(pull, fork, head, base) for pull in call.repository.pulls):
        raise _custom(f"A pull request already exists for {home.owner.login}:{head}.")
    return head_sha, base_sha


def _joins(pull: PullRequest, fork: Repository | None, head: str, base: str) -> bool:
    joined = (pull.fork, pull.head_ref, pull.base_ref)
    return pull.issue.state == "open" and joined == (fork, head, base)


def _label(call: Call, pull: PullRequest) -> str:
    return f"{(pull.fork or call.repository).owner.login}:{pull.head_ref}"


def _custom(message: str) -> Refusal:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    return unprocessable("Validation Failed", error)


@routes.get(PULL, needs=READ)
def a_pull(call: Call) -> Answer:
    return ok(full_pull_shape(call.world, call.repository, _pull(call)))


@routes.patch(PULL, needs=WRITE)
def update_pull(call: Call) -> Answer:
    pull = _pull(call)
    may_edit(call, pull.issue)
    changes = edit_text(call, pull.issue)
    if (base := call.get("base")) is not None and base != pull.base_ref:
        changes["base"] = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
        pull.base_ref, pull.base_sha = base, call.git.tip(base) or pull.base_sha
    if changes:
        _announce(call, pull, "edited", changes=changes)
    action = change_state(call, pull.issue)
    if action:
        _announce(call, pull, action)
    return ok(full_pull_shape(call.world, call.repository, pull))


@routes.get(PULL + "/files", needs=READ)
def files(call: Call) -> Answer:
    pull = _pull(call)
    changes = changes_of(call.git, pull)
    return call.page(changes, lambda one: file_shape(call.world, call.repository, one, pull.head_sha))


@routes.get(PULL + "/commits", needs=READ)
def commits(call: Call) -> Answer:
    return call.page(
        commits_of(call.git, _pull(call)), lambda commit: commit_shape(call.world, call.repository, commit)
    )


# Merging


@routes.get(PULL + "/merge", needs=READ)
def is_merged(call: Call) -> Answer:
    if _pull(call).merged_at is None:
        raise not_found()
    return Answer(status=204)


@routes.put(PULL + "/merge", needs="contents:write")
def merge_pull(call: Call) -> Answer:
    pull = _pull(call)
    _check_mergeable(call, pull)
    before = call.git.tip(pull.base_ref) or pull.base_sha
    sha = _merged(call, pull, before)
    now = call.world.now()
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = now, call.user, sha
    pull.issue.state, pull.issue.closed_at, pull.issue.updated_at = "closed", now, now
    pull.issue.closed_by = call.user
    _announce(call, pull, "closed")
    call.git.set_ref(f"refs/heads/{pull.base_ref}", sha)
    ref = f"refs/heads/{pull.base_ref}"
    push = Push(repository=call.repository, ref=ref, before=before, after=sha, pusher=call.user)
    call.world.pushed(push, quiet=call.caller.quiet)
    return ok({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _check_mergeable(call: Call, pull: PullRequest) -> None:
    if pull.issue.state == "closed" or pull.draft:
        raise Refusal(405, "Pull Request is not mergeable")
    if call.get("sha") not in (None, pull.head_sha):
        raise conflict("Head branch was modified. Review and try the merge again.")


def _merged(call: Call, pull: PullRequest, before: str) -> str:
    """The commit that joins the pull request to its base, by the asked method."""
    try:
        tree = call.git.merged_tree(before, pull.head_sha)
    except MergeConflictError:
        raise Refusal(405, "Pull Request is not mergeable") from None
    match call.get("merge_method", "merge"):
        case "merge":
            title = call.get("commit_title") or f"Merge pull request #{pull.number} from {pull.head_ref}"
            parents = [before, pull.head_sha]
        case "squash":
            title = call.get("commit_title") or f"{pull.issue.title} (#{pull.number})"
            parents = [before]
        case "rebase" if call.git.contains(before, pull.head_sha):
            return pull.head_sha
        case _:
            raise Refusal(405, "This branch can't be rebased")
    message = f"{title}\n\n{call.get('commit_message') or pull.issue.title}"
    return call.git.commit_tree(tree, parents, message, call.user, call.world.now())


# Reviews


@routes.get(PULL + "/reviews", needs=READ)
def reviews(call: Call) -> Answer:
    pull = _pull(call)
    return call.page(pull.reviews, lambda review: review_shape(call.world, call.repository, pull, review))


@routes.post(PULL + "/reviews", needs=WRITE)
def create_review(call: Call) -> Answer:
    pull = _pull(call)
    state, body = _asked_state(call, pull), call.get("body") or ""
    if state in ("CHANGES_REQUESTED", "COMMENTED") and not body:
        raise unprocessable("Unprocessable Entity", "Could not create a review without a body")
    review = Review(
        id=call.world.next_id(),
        author=call.user,
        body=body,
        state=state,
        commit_sha=call.get("commit_id") or pull.head_sha,
        submitted_at=call.world.now(),
    )
    pull.reviews.append(review)
    return ok(_announce_review(call, pull, review, "submitted"))


def _asked_state(call: Call, pull: PullRequest) -> ReviewState:
    event = call.get("event")
    if event not in REVIEW_STATES:
        raise unprocessable(
            "Unprocessable Entity", "Variable $event of type PullRequestReviewEvent is invalid"
        )
    if event in ("APPROVE", "REQUEST_CHANGES") and pull.issue.author is call.user:
        word = "approve" if event == "APPROVE" else "request changes on"
        raise unprocessable("Unprocessable Entity", f"Can not {word} your own pull request")
    return REVIEW_STATES[event]


@routes.get(PULL + "/reviews/{review_id}", needs=READ)
def a_review(call: Call) -> Answer:
    pull = _pull(call)
    return ok(review_shape(call.world, call.repository, pull, _review(call, pull)))


@routes.put(PULL + "/reviews/{review_id}/dismissals", needs=WRITE)
def dismiss_review(call: Call) -> Answer:
    pull = _pull(call)
    review = _review(call, pull)
    message = call.want("PullRequestReview", "message", str)
    if not call.may(WRITE):
        raise Refusal(403, "Must have write access to dismiss a review.")
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise unprocessable(f"Can not dismiss a {review.state.lower()} pull request review")
    dismissal = Dismissal(
        id=call.world.next_id(),
        actor=call.user,
        review=review,
        previous=review.state,
        message=message,
        created_at=call.world.now(),
    )
    pull.dismissals.append(dismissal)
    review.state = "DISMISSED"
    return ok(_announce_review(call, pull, review, "dismissed"))


def _announce_review(call: Call, pull: PullRequest, review: Review, action: str) -> dict[str, Any]:
    shape = review_shape(call.world, call.repository, pull, review)
    said = {**shape, "state": review.state.lower()}  # webhooks write states small
    call.emit(
        "pull_request_review",
        action,
        review=said,
        pull_request=pull_shape(call.world, call.repository, pull),
    )
    return shape


def _announce(call: Call, pull: PullRequest, action: str, **more: Any) -> dict[str, Any]:
    shape = full_pull_shape(call.world, call.repository, pull)
    call.emit("pull_request", action, number=pull.number, pull_request=shape, **more)
    return shape


def _pull(call: Call) -> PullRequest:
    issue = call.among(call.repository.issues, "pull_number")
    if issue.pull is None:
        raise not_found()
    return issue.pull


def _review(call: Call, pull: PullRequest) -> Review:
    return call.one_of(pull.reviews, "review_id")
