from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from action.run import run
from protocol.facts import Changes
from tests.jobs import GitHubInMemory, policy_of


def test_a_step_runs_where_and_with_what_its_policy_says_and_as_often(desk_of: Any) -> None:
    desk = desk_of()
    (desk.workspace / "ops").mkdir()
    text = "{run: 'echo \"$COLOUR in ${PWD##*/}\" >> ../story; test -e tried || { touch tried; exit 1; }'"
    text = f"steps: {{deploy: {text}, directory: ops, env: {{COLOUR: blue}}, retries: 1}}}}"
    assert run(desk.job, GitHubInMemory(policies=[policy_of(text)])).status == "success"
    assert desk.file("story") == "blue in ops\nblue in ops\n"
    assert "attempt 1 ended with exit code 1; trying again in 1s" in desk.log


def test_a_step_that_does_not_end_in_its_time_has_failed(desk_of: Any) -> None:
    desk = desk_of()
    text = (
        "steps: {deploy: {run: 'echo asleep; sleep 60', timeout: 1s}}\nrollback: {run: 'echo back >> story'}"
    )
    result = run(desk.job, GitHubInMemory(policies=[policy_of(text)]))
    assert result.status == "rollback"
    assert result.issues[0] == "deploy: `echo asleep; sleep 60` did not end in 1s and was stopped"
    assert desk.file("story") == "back\n"


def test_a_step_that_ends_of_what_nobody_expected_is_taken_back_and_shows_why(desk_of: Any) -> None:
    surprises = iter([OSError("no clock is left")])

    def clock() -> datetime:
        if desk.file("looked"):
            for surprise in surprises:
                raise surprise
        return datetime.now(UTC)

    desk = desk_of(clock=clock)
    text = """
steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'echo new >> story'}}
monitor:
  for: 1m
  every: 1s
  source: {run: 'if test -e story; then echo yes > looked; fi; echo 0'}
  metrics: {errors: {query: errors, rollback_if: {above: 1}}}
rollback: {run: 'echo back >> story'}
"""
    result = run(desk.job, GitHubInMemory(policies=[policy_of(text)]))
    assert (result.status, desk.file("story")) == ("rollback", "new\nback\n")
    assert result.issues[0] == "monitor: it could not be carried out: OSError('no clock is left')"
    assert "Traceback (most recent call last):" in desk.log


def test_a_directory_that_is_not_there_is_named_with_its_cure(desk_of: Any) -> None:
    desk = desk_of()
    text = "steps: {backup: {run: 'true', directory: ops}}"
    result = run(desk.job, GitHubInMemory(policies=[policy_of(text)]))
    assert result.status == "failed"
    assert result.issues[0] == (
        "backup: there is no directory 'ops' in the workspace; run actions/checkout before this step"
    )


def test_a_migration_that_was_rehearsed_in_vain_is_not_begun(desk_of: Any) -> None:
    desk = desk_of()
    text = """
checklist: [{item: Rollback migration tested, migration: rollback_tested}]
steps:
  migrate:
    run: echo up >> story
    undo: echo down >> story
    lint: "migrations/*.sql"
    rehearse: echo tried >> story; exit 4
"""
    changes = Changes(paths=("migrations/1.sql",), lines=1)
    result = run(desk.job, GitHubInMemory(policies=[policy_of(text)], facts={"changes": changes}))
    assert (result.status, result.reason_codes) == ("waiting", ("checklist.failed",))
    assert "Rollback migration tested: `echo tried >> story; exit 4` ended with exit code 4" in desk.log
    assert desk.file("story") == "tried\n"


@pytest.mark.parametrize(
    ("verify", "previous"),
    [
        pytest.param("echo 0.9.0", "0.9.0", id="what it prints"),
        pytest.param("echo 1.1.0", "1.0.0", id="the version itself, as after a failed attempt"),
        pytest.param("seq 1 100000; echo 0.9.0", "0.9.0", id="its last line, however much stands before it"),
        pytest.param("true", "1.0.0", id="nothing"),
    ],
)
def test_the_way_back_leads_to_what_ran_before(desk_of: Any, verify: str, previous: str) -> None:
    desk = desk_of()
    text = f"""
steps: {{verify: {{run: '{verify}'}}, deploy: {{run: 'exit 1'}}}}
rollback: {{run: 'echo back to $PREVIOUS_VERSION >> story'}}
"""
    assert run(desk.job, GitHubInMemory(policies=[policy_of(text)])).status == "rollback"
    assert desk.file("story") == f"back to {previous}\n"


COLOURED = r"""
steps: {deploy: {run: 'printf "\033[31mred\033[0m and s3cr3t\033[0m-t0ken here\n"; exit 1'}}
"""


def test_colours_stay_in_the_log_and_a_secret_hidden_in_them_in_no_issue(desk_of: Any) -> None:
    desk, github = desk_of(), GitHubInMemory(policies=[policy_of(COLOURED)])
    desk.job.console.mask("s3cr3t-t0ken")
    run(desk.job, github)
    assert "\x1b[31mred" in desk.log
    [issue], summary = github.issues, desk.job.workflow.summary_file.read_text(encoding="utf-8")
    for text in (issue.body, summary):
        assert "red and *** here" in text
        assert "\x1b" not in text
