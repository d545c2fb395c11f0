from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from action.post import tell_the_end
from action.result import Result
from action.run import run
from protocol.facts import Changes
from protocol.policy import Access, EmergencyAccess
from protocol.principals import Principal
from tests.jobs import Desk, GitHubInMemory, policy_of, reopened

POLICY = """
steps:
  verify: {run: 'echo 1.0.0'}
  backup: {run: 'echo backup >> story'}
  migrate: {run: 'echo up >> story', undo: 'echo down >> story'}
  deploy: {run: 'echo "deploy $VERSION" >> story; test -e repaired'}
"""
ROLLBACK = "rollback: {run: 'echo \"deploy $PREVIOUS_VERSION\" >> story'}"


def attempts(desk_of: Any, text: str, *again: dict[str, Any]) -> tuple[list[Result], Desk, GitHubInMemory]:
    """One run, run again with what is given each time; its deploy step is repaired in between."""
    github = GitHubInMemory(policies=[policy_of(text)])
    results = []
    for number, given in enumerate([{}, *again], start=1):
        desk = desk_of(attempt=number, **given)
        results.append(run(desk.job, github))
        (desk.workspace / "repaired").touch()
    return results, desk, github


def test_a_job_run_again_repeats_neither_backup_nor_migration(desk_of: Any) -> None:
    [first, second], desk, github = attempts(desk_of, POLICY, {})
    assert (first.status, second.status) == ("failed", "success")
    assert desk.file("story") == "backup\nup\ndeploy 1.1.0\ndeploy 1.1.0\n"
    assert [(step.name, step.outcome) for step in second.steps] == [
        ("verify", "passed"),
        ("backup", "skipped"),
        ("migrate", "skipped"),
        ("deploy", "passed"),
    ]
    assert "Done in attempt 1: backup, migrate (1.1.0)" in [one["description"] for one in github.statuses]
    assert "migrate: done in an earlier attempt of this run, and not repeated" in desk.log


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"repeat": True}, id="told to repeat"),
        pytest.param({"version": "1.2.0"}, id="another version"),
    ],
)
def test_it_is_all_done_again(desk_of: Any, again: dict[str, Any]) -> None:
    _, desk, _ = attempts(desk_of, POLICY, again)
    assert desk.file("story").count("\nup\n") == 2


def test_a_migration_done_in_the_quiet_hours_holds_no_later_attempt_up(desk_of: Any) -> None:
    text = POLICY.replace("undo: ", "lint: '*.sql', undo: ") + 'windows: {open: ["22:00-06:00"]}'
    access = Access(emergency=EmergencyAccess(who=(Principal("user", "ada"),)))
    policy = policy_of(text).model_copy(update={"access": access})
    github = GitHubInMemory(policies=[policy], facts={"changes": Changes(paths=("1.sql",), lines=1)})
    desk = desk_of(clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    (desk.workspace / "1.sql").write_text("LOCK TABLE users;\n", encoding="utf-8")
    assert run(desk.job, github).status == "failed"
    (desk.workspace / "repaired").touch()
    noon = desk_of(
        attempt=2, emergency_reason="It is down", clock=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)
    )
    result = run(noon.job, github)
    assert (result.status, noon.file("story").count("\nup\n")) == ("success", 1)


def test_after_a_rollback_a_deployment_begins_anew(desk_of: Any) -> None:
    [first, second], desk, _ = attempts(desk_of, POLICY + ROLLBACK, {})
    assert (first.status, second.status) == ("rollback", "success")
    assert desk.file("story").count("\nup\n") == 2


def test_a_migration_passed_over_is_taken_back_when_the_next_attempt_fails(desk_of: Any) -> None:
    github = GitHubInMemory(policies=[policy_of(POLICY)])
    run(desk_of().job, github)
    github.policies = [policy_of(POLICY + ROLLBACK)]
    desk = desk_of(attempt=2)
    assert run(desk.job, github).status == "rollback"
    assert desk.file("story").endswith("deploy 1.0.0\ndown\n")


def test_the_end_of_a_killed_job_notes_what_was_done_too(desk_of: Any) -> None:
    desk, github = desk_of(), GitHubInMemory(policies=[policy_of(POLICY)])
    run(desk.job, github)
    path = desk.job.journal.path
    lines = path.read_text(encoding="utf-8").splitlines()
    cut = next(number for number, line in enumerate(lines) if '"step": "deploy"' in line)
    path.write_text("\n".join(lines[: cut + 1]), encoding="utf-8")
    github.statuses.clear()
    tell_the_end(reopened(desk.job), github)
    assert github.statuses[0]["description"] == "Done in attempt 1: backup, migrate (1.1.0)"


CUT_OFF = """
steps:
  backup: {run: 'echo backup >> story'}
  migrate: {run: 'echo up >> story; test -e repaired', undo: 'echo down >> story'}
  deploy: {run: 'echo deploy >> story'}
"""


def test_a_migration_that_broke_off_is_begun_again_and_that_is_said(desk_of: Any) -> None:
    [first, second], desk, github = attempts(desk_of, CUT_OFF, {})
    assert (first.status, second.status) == ("failed", "success")
    assert desk.file("story") == "backup\nup\nup\ndeploy\n"
    assert "Done in attempt 1: backup, part of migrate (1.1.0)" in [
        one["description"] for one in github.statuses
    ]
    said = "an earlier attempt of this run began it and did not finish it; it "
    assert f"::warning title=migrate::{said}is begun again" in desk.log
    assert second.entry is not None
    assert f"migrate: {said}was begun again" in second.entry.issues


def test_one_that_cannot_be_reversed_waits_for_a_person_until_told_to_repeat(desk_of: Any) -> None:
    text = CUT_OFF.replace("undo: 'echo down >> story'", "reversible: false")
    [_, second, third, fourth], desk, _ = attempts(desk_of, text, {}, {}, {"repeat": True})
    for held in (second, third):
        assert (held.status, [step.name for step in held.steps]) == ("failed", ["backup", "migrate"])
        assert held.issues[0] == (
            "migrate: an earlier attempt of this run began it and did not finish it, and it is not "
            "reversible: look at the database, then run the job with `repeat: true`"
        )
    assert fourth.status == "success"
    assert desk.file("story") == "backup\nup\nbackup\nup\ndeploy\n"


def test_the_end_of_a_job_killed_while_it_migrated_notes_that_too(desk_of: Any) -> None:
    desk, github = desk_of(), GitHubInMemory(policies=[policy_of(CUT_OFF)])
    run(desk.job, github)
    path = desk.job.journal.path
    lines = path.read_text(encoding="utf-8").splitlines()
    cut = next(number for number, line in enumerate(lines) if '"step": "migrate"' in line)
    path.write_text("\n".join(lines[: cut + 1]), encoding="utf-8")
    github.statuses.clear()
    tell_the_end(reopened(desk.job), github)
    assert github.statuses[0]["description"] == "Done in attempt 1: backup, part of migrate (1.1.0)"


@pytest.mark.parametrize(
    ("between", "status"),
    [
        pytest.param("checklist: [{item: Alerts, run: 'false'}]", "waiting", id="that may not begin"),
        pytest.param("  verify: {run: 'false'}", "failed", id="that fails before it comes so far"),
        pytest.param(
            "checklist: [{item: Told, notified: before}]\nnotify: {before: [team]}",
            "waiting",
            id="that could tell nobody",
        ),
    ],
)
def test_an_attempt_in_between_forgets_nothing_and_is_not_taken_for_lost(
    desk_of: Any, between: str, status: str
) -> None:
    github = GitHubInMemory(policies=[policy_of(POLICY.replace("  verify: {run: 'echo 1.0.0'}\n", ""))])
    run(desk_of().job, github)
    good, lines = github.policies, POLICY.replace("  verify: {run: 'echo 1.0.0'}\n", "").strip().splitlines()
    at = 1 if between.startswith(" ") else len(lines)
    github.policies = [policy_of("\n".join([*lines[:at], between, *lines[at:]]))]
    assert run(desk_of(attempt=2).job, github).status == status
    assert (github.statuses[-1]["description"] == "Not begun") is (status == "waiting")
    github.policies = good
    desk = desk_of(attempt=3)
    (desk.workspace / "repaired").touch()
    assert run(desk.job, github).status == "success"
    assert desk.file("story").splitlines() == ["backup", "up", "deploy 1.1.0", "deploy 1.1.0"]
