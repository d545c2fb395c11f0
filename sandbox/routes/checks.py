"""Check runs and check suites, and the click on a check run's button."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sandbox.answers import Answer, created, field_error, forbidden, not_found, nothing, ok, unprocessable
from sandbox.routing import Call, Routes
from sandbox.shapes.checks import annotation_shape, check_run_event_shape, check_run_shape, check_suite_shape
from sandbox.state import App, CheckRun, CheckSuite, Event, Repository

routes = Routes()

REPOSITORY = "/repos/{owner}/{repo}"
CHECK_RUN = REPOSITORY + "/check-runs/{check_run_id}"
CHECK_SUITE = REPOSITORY + "/check-suites/{check_suite_id}"
LONGEST_OUTPUT = 65_535
MOST_ANNOTATIONS = 50
LONGEST_MESSAGE = 64 * 1024
MOST_ACTIONS = 3
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required")


@routes.post(REPOSITORY + "/check-runs", needs="checks:write")
def create_check_run(call: Call) -> Answer:
    app = _app(call)
    name = call.want("CheckRun", "name", str)
    sha = call.git.resolve(call.want("CheckRun", "head_sha", str))
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call.get('head_sha')}")
    suite = _suite_for(call, app, sha)
    check = CheckRun(id=call.world.next_id(), name=name, head_sha=sha, suite=suite, app=app)
    check.started_at = _time(call, "started_at") or call.world.now()
    _change(call, check)
    call.repository.check_runs[check.id] = check
    _announce(call, check, "created")
    if check.status == "completed":
        _announce(call, check, "completed")
    return created(check_run_shape(call.world, call.repository, check))


@routes.patch(CHECK_RUN, needs="checks:write")
def update_check_run(call: Call) -> Answer:
    check = _check_run(call)
    if check.app is not _app(call):
        what = "check run can only be modified by the GitHub App that created it."
        raise forbidden(f"Invalid app_id `{_app(call).id}` - {what}")
    was_completed = check.status == "completed"
    check.name = call.get("name") or check.name
    check.started_at = _time(call, "started_at") or check.started_at
    _change(call, check)
    if check.status == "completed" and not was_completed:
        _announce(call, check, "completed")
    return ok(check_run_shape(call.world, call.repository, check))


@routes.get(CHECK_RUN, needs="checks:read")
def a_check_run(call: Call) -> Answer:
    return ok(check_run_shape(call.world, call.repository, _check_run(call)))


@routes.get(CHECK_RUN + "/annotations", needs="checks:read")
def annotations_of_a_check_run(call: Call) -> Answer:
    check = _check_run(call)
    return call.page(
        check.annotations, lambda note: annotation_shape(call.world, call.repository, check, note)
    )


@routes.get(REPOSITORY + "/commits/{ref}/check-runs", needs="checks:read")
def check_runs_of_a_commit(call: Call) -> Answer:
    sha = _commit(call)
    return _page_of_checks(call, [each for each in _checks(call) if each.head_sha == sha])


@routes.get(REPOSITORY + "/commits/{ref}/check-suites", needs="checks:read")
def check_suites_of_a_commit(call: Call) -> Answer:
    sha = _commit(call)
    app = call.query.get("app_id")
    chosen = [
        suite
        for suite in call.repository.check_suites.values()
        if suite.head_sha == sha and app in (None, str(suite.app.id))
    ]
    return call.page(
        chosen, lambda suite: check_suite_shape(call.world, call.repository, suite), under="check_suites"
    )


@routes.get(CHECK_SUITE, needs="checks:read")
def a_check_suite(call: Call) -> Answer:
    return ok(check_suite_shape(call.world, call.repository, _check_suite(call)))


@routes.get(CHECK_SUITE + "/check-runs", needs="checks:read")
def check_runs_of_a_suite(call: Call) -> Answer:
    suite = _check_suite(call)
    return _page_of_checks(call, [each for each in _checks(call) if each.suite is suite])


@routes.post("/_sandbox/check-runs/{check_run_id}/click")
def click(call: Call) -> Answer:
    """A person (`login`) presses one of a check run's buttons (`identifier`); its own App hears of it."""
    repository, check = _anywhere(call)
    user = call.world.users.get(call.want("click", "login", str).lower())
    identifier = call.want("click", "identifier", str)
    if user is None or identifier not in {action["identifier"] for action in check.actions}:
        raise unprocessable(f"'{identifier}' is no button of check run {check.id}, or nobody has that login.")
    payload = {
        "check_run": check_run_event_shape(call.world, repository, check),
        "requested_action": {"identifier": identifier},
    }
    call.world.emit(
        Event(
            name="check_run",
            action="requested_action",
            repository=repository,
            sender=user,
            payload=payload,
            only=check.app,
            quiet=True,
        )
    )
    return nothing()


def _anywhere(call: Call) -> tuple[Repository, CheckRun]:
    number = call.number("check_run_id")
    for repository in call.world.repositories.values():
        if number in repository.check_runs:
            return repository, repository.check_runs[number]
    raise not_found()


def _app(call: Call) -> App:
    app = call.caller.app
    if app is None or call.caller.kind == "user":
        raise forbidden("You must authenticate via a GitHub App.")
    return app


def _check_run(call: Call) -> CheckRun:
    return call.among(call.repository.check_runs, "check_run_id")


def _check_suite(call: Call) -> CheckSuite:
    return call.among(call.repository.check_suites, "check_suite_id")


def _commit(call: Call) -> str:
    sha = call.git.resolve(call.path["ref"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call.path['ref']}")
    return sha


def _checks(call: Call) -> list[CheckRun]:
    return list(call.repository.check_runs.values())


def _page_of_checks(call: Call, checks: list[CheckRun]) -> Answer:
    """Filtered as asked; of one name in one suite only the latest, unless `filter=all`."""
    chosen = [check for check in checks if _is_asked_for(call, check)]
    if call.query.get("filter", "latest") == "latest":
        chosen = list({(check.suite.id, check.name): check for check in chosen}.values())
    return call.page(
        chosen, lambda check: check_run_shape(call.world, call.repository, check), under="check_runs"
    )


def _is_asked_for(call: Call, check: CheckRun) -> bool:
    facts = {"check_name": check.name, "status": check.status, "app_id": str(check.app.id)}
    return all(call.query.get(name, value) == value for name, value in facts.items())


def _suite_for(call: Call, app: App, sha: str) -> CheckSuite:
    """One suite for each App and commit."""
    for suite in call.repository.check_suites.values():
        if suite.app is app and suite.head_sha == sha and suite.run is None:
            return suite
    now = call.world.now()
    suite = CheckSuite(
        id=call.world.next_id(),
        head_sha=sha,
        head_branch=_branch(call, sha),
        app=app,
        created_at=now,
        updated_at=now,
    )
    call.repository.check_suites[suite.id] = suite
    return suite


def _branch(call: Call, sha: str) -> str | None:
    tips = call.git.refs("refs/heads")
    return next((ref.removeprefix("refs/heads/") for ref, tip in tips.items() if tip == sha), None)


def _change(call: Call, check: CheckRun) -> None:
    check.external_id = call.get("external_id") or check.external_id
    check.details_url = call.get("details_url") or check.details_url
    _change_state(call, check)
    if call.get("output") is not None:
        _change_output(check, call.get("output"))
    if call.get("actions") is not None:
        check.actions = _actions(call.get("actions"))
    _settle_suite(call, check.suite)


def _change_state(call: Call, check: CheckRun) -> None:
    conclusion = call.get("conclusion")
    status = "completed" if conclusion else call.get("status") or check.status
    if status not in STATUSES or (conclusion is not None and conclusion not in CONCLUSIONS):
        raise unprocessable("Validation Failed", field_error("CheckRun", "status"))
    if status == "completed" and not (conclusion or check.conclusion):
        raise unprocessable("Validation Failed", field_error("CheckRun", "conclusion", "missing_field"))
    check.status = status
    check.conclusion = (conclusion or check.conclusion) if status == "completed" else None
    finished = _time(call, "completed_at") or check.completed_at or call.world.now()
    check.completed_at = finished if status == "completed" else None


def _change_output(check: CheckRun, output: dict[str, Any]) -> None:
    title, summary = output.get("title") or check.title, output.get("summary")
    if not title or summary is None:
        raise unprocessable("Validation Failed", field_error("CheckRun", "output.title", "missing_field"))
    notes = output.get("annotations") or []
    if len(notes) > MOST_ANNOTATIONS:
        raise unprocessable(f"Only {MOST_ANNOTATIONS} annotations are allowed per request.")
    if any(len(note.get("message", "")) > LONGEST_MESSAGE for note in notes):
        raise unprocessable("Validation Failed", field_error("CheckRun", "output.annotations.message"))
    for name, text in (("summary", summary), ("text", output.get("text") or "")):
        if len(text) > LONGEST_OUTPUT:
            what = f"{name} exceeds a maximum of {LONGEST_OUTPUT} characters"
            raise unprocessable(
                "Validation Failed", field_error("CheckRun", f"output.{name}", "custom", what)
            )
    check.title, check.summary, check.text = title, summary, output.get("text")
    check.annotations += notes


def _actions(asked: list[dict[str, str]]) -> list[dict[str, str]]:
    if len(asked) > MOST_ACTIONS:
        raise unprocessable(f"Only {MOST_ACTIONS} actions are allowed.")
    for action in asked:
        for name, longest in ACTION_LENGTHS.items():
            if not 0 < len(action.get(name, "")) <= longest:
                raise unprocessable("Validation Failed", field_error("CheckRun", f"actions.{name}"))
    return [{name: action[name] for name in ACTION_LENGTHS} for action in asked]


def _settle_suite(call: Call, suite: CheckSuite) -> None:
    checks = [check for check in call.repository.check_runs.values() if check.suite is suite]
    suite.updated_at = call.world.now()
    if all(check.status == "completed" for check in checks):
        found = {check.conclusion for check in checks}
        bad = ("failure", "timed_out", "cancelled", "action_required")
        suite.status, suite.conclusion = "completed", next((each for each in bad if each in found), "success")
    else:
        suite.status, suite.conclusion = "in_progress", None


def _time(call: Call, name: str) -> datetime | None:
    text = call.get(name)
    try:
        return datetime.fromisoformat(cast("str", text)) if text else None
    except ValueError:
        raise unprocessable("Validation Failed", field_error("CheckRun", name)) from None


def _announce(call: Call, check: CheckRun, action: str) -> None:
    call.emit("check_run", action, check_run=check_run_event_shape(call.world, call.repository, check))
