"""Issues, their comments and the labels on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.answers import Answer, Refusal, created, field_error, not_found, nothing, ok, unprocessable
from sandbox.comments import Thread, check_body
from sandbox.routing import Call, Routes
from sandbox.shapes.issues import comment_shape, issue_shape, label_shape, told_issue_shape
from sandbox.shapes.pulls import full_pull_shape
from sandbox.state import Comment, Issue, Label, Labelling
from sandbox.world import ROLES

routes = Routes()

ISSUES = "/repos/{owner}/{repo}/issues"
ISSUE = ISSUES + "/{issue_number}"
READ = "issues:read|pull_requests:read"
WRITE = "issues:write|pull_requests:write"


@routes.get(ISSUES, needs=READ)
def issues(call: Call) -> Answer:
    since = call.moment("since")
    chosen = [issue for issue in call.repository.issues.values() if _asked_for(call, issue, since)]
    key = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    chosen.sort(key=lambda issue: (getattr(issue, key), issue.number))
    if call.query.get("direction", "desc") == "desc":
        chosen.reverse()
    return call.page(chosen, lambda issue: issue_shape(call.world, call.repository, issue))


def _asked_for(call: Call, issue: Issue, since: datetime | None) -> bool:
    wanted = {name.strip().lower() for name in call.query.get("labels", "").split(",") if name.strip()}
    creator = call.query.get("creator")
    return (
        call.query.get("state", "open") in ("all", issue.state)
        and wanted <= {label.name.lower() for label in issue.labels}
        and (creator is None or issue.author.login.lower() == creator.lower())
        and (since is None or issue.updated_at >= since)
    )


@routes.post(ISSUES, needs="issues:write")
def create_issue(call: Call) -> Answer:
    title = call.want("Issue", "title", str)
    issue = open_issue(call, title, call.get("body"))
    if call.may("issues:write"):  # GitHub drops labels silently for everyone else
        issue.labels = _asked_labels(call, call.get("labels") or [])
        _record(call, issue, issue.labels)
    return created(_announce(call, issue, "opened"))


def open_issue(call: Call, title: str, body: str | None) -> Issue:
    """A new issue with the repository's next number; pull requests begin here too."""
    _check_text(title, body)
    now = call.world.now()
    issue = Issue(
        id=call.world.next_id(),
        number=max(call.repository.issues, default=0) + 1,
        title=title,
        body=body,
        author=call.user,
        app=call.app,
        created_at=now,
        updated_at=now,
    )
    call.repository.issues[issue.number] = issue
    return issue


@routes.get(ISSUE, needs=READ)
def an_issue(call: Call) -> Answer:
    return ok(issue_shape(call.world, call.repository, issue_of(call)))


@routes.patch(ISSUE, needs=WRITE)
def update_issue(call: Call) -> Answer:
    issue = issue_of(call)
    may_edit(call, issue)
    changes = edit_text(call, issue)
    if changes:
        _announce(call, issue, "edited", changes=changes)
    if (names := call.get("labels")) is not None:
        _replace_labels(call, issue, _asked_labels(call, names))
    action = change_state(call, issue)
    if action:
        _announce(call, issue, action)
    return ok(issue_shape(call.world, call.repository, issue))


def may_edit(call: Call, issue: Issue) -> None:
    """The author may, and whoever may write here."""
    if issue.author is not call.user and not call.may("issues:write") and not call.may("pull_requests:write"):
        raise Refusal(403, "Must have admin rights to Repository.")


def edit_text(call: Call, issue: Issue) -> dict[str, Any]:
    """Change title and body as asked; answers a webhook's `changes`."""
    _check_text(call.get("title"), call.get("body"))
    changes: dict[str, Any] = {}
    for name in ("title", "body"):
        before, after = getattr(issue, name), call.get(name)
        if after is not None and after != before:
            setattr(issue, name, after)
            changes[name] = {"from": before or ""}
    if "body" in changes:
        issue.edited_at = call.world.now()
    if changes:
        issue.updated_at = call.world.now()
    return changes


def change_state(call: Call, issue: Issue) -> str | None:
    """Close or reopen as asked; answers the webhook's action, None when nothing changed."""
    wanted = call.get("state")
    if wanted in (None, issue.state):
        return None
    if wanted not in ("open", "closed"):
        raise unprocessable("Validation Failed", field_error("Issue", "state"))
    if issue.pull is not None and issue.pull.merged_at is not None:
        raise unprocessable("Validation Failed", field_error("PullRequest", "state"))
    now = call.world.now()
    closed = wanted == "closed"
    issue.state, issue.updated_at = wanted, now
    issue.closed_at, issue.closed_by = (now, call.user) if closed else (None, None)
    if issue.pull is None:
        issue.state_reason = (call.get("state_reason") or "completed") if closed else "reopened"
    return "closed" if closed else "reopened"


# Labels on an issue


@routes.get(ISSUE + "/labels", needs=READ)
def issue_labels(call: Call) -> Answer:
    return _labels_answer(call, issue_of(call))


@routes.post(ISSUE + "/labels", needs=WRITE)
def add_labels(call: Call) -> Answer:
    issue = _labelled(call)
    _replace_labels(call, issue, [*issue.labels, *_asked_labels(call, _named(call))])
    return _labels_answer(call, issue)


@routes.put(ISSUE + "/labels", needs=WRITE)
def set_labels(call: Call) -> Answer:
    issue = _labelled(call)
    _replace_labels(call, issue, _asked_labels(call, _named(call)))
    return _labels_answer(call, issue)


@routes.delete(ISSUE + "/labels", needs=WRITE)
def remove_labels(call: Call) -> Answer:
    _replace_labels(call, _labelled(call), [])
    return nothing()


@routes.delete(ISSUE + "/labels/{name}", needs=WRITE)
def remove_label(call: Call) -> Answer:
    issue = _labelled(call)
    kept = [label for label in issue.labels if label.name.lower() != call.path["name"].lower()]
    if len(kept) == len(issue.labels):
        raise Refusal(404, "Label does not exist")
    _replace_labels(call, issue, kept)
    return _labels_answer(call, issue)


def _labelled(call: Call) -> Issue:
    """The issue, for someone who may label it."""
    issue = issue_of(call)
    if not call.may("issues:write") and not call.may("pull_requests:write") and not _triages(call):
        raise Refusal(403, "Must have admin rights to Repository.")
    return issue


def _triages(call: Call) -> bool:
    role = call.world.role(call.user, call.repository)
    return role is not None and ROLES.index(role) >= ROLES.index("triage")


def _named(call: Call) -> list[Any]:
    """A body is `{labels: [...]}` or, as GitHub also takes it, the bare list."""
    named = call.body if isinstance(call.body, list) else call.get("labels")
    return named or []


def _asked_labels(call: Call, names: list[Any]) -> list[Label]:
    texts = [name["name"] if isinstance(name, dict) else str(name) for name in names]
    return [call.world.label(call.repository, text) for text in texts]


def _replace_labels(call: Call, issue: Issue, labels: list[Label]) -> None:
    wanted = list(dict.fromkeys(labels))
    before, issue.labels = issue.labels, wanted
    issue.updated_at = call.world.now()
    _record(call, issue, _new(wanted, before))
    for action, changed in (("labeled", _new(wanted, before)), ("unlabeled", _new(before, wanted))):
        for label in changed:
            _announce(call, issue, action, label=label_shape(call.world, call.repository, label))


def _record(call: Call, issue: Issue, labels: list[Label]) -> None:
    issue.labellings += [
        Labelling(id=call.world.next_id(), actor=call.user, label=label, created_at=call.world.now())
        for label in labels
    ]


def _new(labels: list[Label], known: list[Label]) -> list[Label]:
    return [label for label in labels if label not in known]


def _labels_answer(call: Call, issue: Issue) -> Answer:
    return call.page(issue.labels, lambda label: label_shape(call.world, call.repository, label))


# Comments


@routes.get(ISSUE + "/comments", needs=READ)
def comments(call: Call) -> Answer:
    issue = issue_of(call)
    since = call.moment("since")
    chosen = [comment for comment in issue.comments if since is None or comment.updated_at >= since]
    return call.page(chosen, lambda comment: comment_shape(call.world, call.repository, issue, comment))


@routes.post(ISSUE + "/comments", needs=WRITE)
def create_comment(call: Call) -> Answer:
    thread = _thread(call, issue_of(call))
    return created(thread.write(call.want("IssueComment", "body", str)))


@routes.get(ISSUES + "/comments/{comment_id}", needs=READ)
def a_comment(call: Call) -> Answer:
    issue, comment = comment_of(call)
    return ok(comment_shape(call.world, call.repository, issue, comment))


@routes.patch(ISSUES + "/comments/{comment_id}", needs=WRITE)
def edit_comment(call: Call) -> Answer:
    issue, comment = comment_of(call)
    return ok(_thread(call, issue).change(comment, call.want("IssueComment", "body", str)))


@routes.delete(ISSUES + "/comments/{comment_id}", needs=WRITE)
def delete_comment(call: Call) -> Answer:
    issue, comment = comment_of(call)
    _thread(call, issue).delete(comment)
    return nothing()


def _thread(call: Call, issue: Issue) -> Thread:
    return Thread(world=call.world, home=call.repository, issue=issue, caller=call.caller)


def comment_of(call: Call) -> tuple[Issue, Comment]:
    wanted = call.number("comment_id")
    for issue in call.repository.issues.values():
        for comment in issue.comments:
            if comment.id == wanted:
                return issue, comment
    raise not_found()


def _announce(call: Call, issue: Issue, action: str, **more: Any) -> dict[str, Any]:
    """Tell of an issue's change; a pull request's is told as a `pull_request` event."""
    shape = issue_shape(call.world, call.repository, issue)
    if issue.pull is None:
        told = told_issue_shape(call.world, call.repository, issue)
        call.emit("issues", action, issue=told, **more)
    else:
        whole = full_pull_shape(call.world, call.repository, issue.pull)
        call.emit("pull_request", action, number=issue.number, pull_request=whole, **more)
    return shape


def issue_of(call: Call) -> Issue:
    return call.among(call.repository.issues, "issue_number")


def _check_text(title: Any, body: Any) -> None:
    if title is not None and (not isinstance(title, str) or not title.strip()):
        raise unprocessable("Validation Failed", field_error("Issue", "title", "missing_field"))
    check_body(body)
