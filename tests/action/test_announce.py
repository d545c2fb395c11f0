from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from action.announce import secret_name
from action.run import run
from gateway.errors import Forbidden
from gateway.github import JobDeployment
from tests.chat import Chat, start_chat
from tests.jobs import GitHubInMemory, policy_of, ran_before

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own

TOLD = """
checklist: [{item: Team notified, notified: before}]
notify: {before: [team], during: [team], after: [team], rollback: [team, pager]}
steps: {deploy: {run: 'echo deploy >> story'}, smoke: [{run: 'test ! -f broken'}]}
rollback: {run: 'echo back >> story'}
"""
STUCK_HALF_WAY = """
notify: {rollback: [pager]}
steps:
  migrate: {run: 'true', undo: 'exit 3'}
  deploy: {run: 'echo deploy >> story'}
  health: {run: 'echo well >> story'}
  smoke: [{run: 'exit 1'}]
rollback: {run: 'echo back >> story'}
"""


@pytest.fixture
def chat() -> Iterator[Chat]:
    with start_chat() as chat:
        yield chat


def github_of(policy: str) -> GitHubInMemory:
    return GitHubInMemory(policies=[policy_of(policy)])


def test_a_channels_secret_is_found_by_its_name() -> None:
    assert secret_name("on-call") == "NOTIFY_ON_CALL"


def test_a_deployment_is_told_before_during_and_after(desk_of: Any, chat: Chat) -> None:
    desk, github = desk_of(environ={"NOTIFY_TEAM": chat.channel}), github_of(TOLD)
    result = run(desk.job, github)
    assert result.status == "success"
    assert chat.titles == [
        "Deploying 1.1.0 to production",
        "1.1.0 is out in production and being looked at",
        "1.1.0 is in production",
    ]
    assert "Deployer: ada" in chat.heard[0].json["message"]
    assert [heard.json["type"] for heard in chat.heard] == ["info", "info", "success"]


def test_who_was_told_stands_in_the_log_and_in_the_deployments_statuses(desk_of: Any, chat: Chat) -> None:
    desk, github = desk_of(environ={"NOTIFY_TEAM": chat.channel}), github_of(TOLD)
    result = run(desk.job, github)
    assert [status["description"] for status in github.statuses[:2]] == [
        "Told before: team",
        "Told during: team",
    ]
    assert github.statuses[-1]["description"].startswith("Success - 1.1.0")
    assert any("told team" in finding.why for finding in result.findings)


def test_a_rollback_is_told_when_it_begins_and_when_it_ended(desk_of: Any, chat: Chat) -> None:
    desk = desk_of(environ={"NOTIFY_TEAM": chat.channel, "NOTIFY_PAGER": f"{chat.channel}/pager"})
    (desk.workspace / "broken").touch()
    result = run(desk.job, github_of(TOLD))
    assert result.status == "rollback"
    assert chat.titles[2:4] == ["Rolling production back from 1.1.0 to 1.0.0"] * 2
    assert chat.titles[4:] == ["1.1.0 was rolled back from production"] * 2
    assert "Documented: https://github.test/issues/1" in chat.heard[-1].json["message"]
    assert "What went wrong: smoke" in chat.heard[-1].json["message"]


def test_a_rollback_that_github_makes_no_deployment_for_says_that_it_was_not_begun(
    desk_of: Any, chat: Chat
) -> None:
    desk = desk_of(phase="rollback", version="", environ={"NOTIFY_TEAM": chat.channel})
    github = github_of(TOLD)
    github.deployments = (ran_before("d" * 40, "1.1.0", id=9), ran_before())
    github.fails = {"create_deployment": Forbidden("no permission")}
    assert run(desk.job, github).status == "failed"
    assert [one["description"] for one in github.statuses] == ["Told before: team", "Not begun"]
    assert chat.titles[-1].endswith("was not begun in production")


def test_a_run_that_is_run_again_tells_nobody_twice(desk_of: Any, chat: Chat) -> None:
    desk, github = desk_of(environ={"NOTIFY_TEAM": chat.channel}), github_of(TOLD)
    run(desk.job, github)
    again = desk_of(environ={"NOTIFY_TEAM": chat.channel}, attempt=2)
    assert run(again.job, github).status == "success"
    assert len(chat.titles) == len(set(chat.titles)) == 3
    assert "team was told in an earlier attempt of the run" in again.log


def test_a_success_after_a_failed_attempt_is_told(desk_of: Any, chat: Chat) -> None:
    desk, github = desk_of(environ={"NOTIFY_TEAM": chat.channel}), github_of(TOLD)
    (desk.workspace / "broken").touch()
    run(desk.job, github)
    (desk.workspace / "broken").unlink()
    run(desk_of(environ={"NOTIFY_TEAM": chat.channel}, attempt=2).job, github)
    assert chat.titles.count("Deploying 1.1.0 to production") == 1
    assert chat.titles[-1] == "1.1.0 is in production"


def test_a_channel_that_failed_is_told_when_the_run_is_run_again(desk_of: Any, chat: Chat) -> None:
    two = TOLD.replace("before: [team]", "before: [team, pager]")
    first, github = desk_of(environ={"NOTIFY_TEAM": f"{chat.channel}/team"}), github_of(two)
    held = run(first.job, github)
    assert (held.status, [heard.path for heard in chat.heard]) == ("waiting", ["/team"])
    assert [one["description"] for one in github.statuses] == ["Told before: team", "Not begun"]
    environ = {"NOTIFY_TEAM": f"{chat.channel}/team", "NOTIFY_PAGER": f"{chat.channel}/pager"}
    assert run(desk_of(environ=environ, attempt=2).job, github).status == "success"
    before = [one.path for one in chat.heard if one.json["title"] == "Deploying 1.1.0 to production"]
    assert before == ["/team", "/pager"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(JobDeployment(id=42, environment="production"), id="the Deployment is GitHub's"),
        pytest.param(None, id="the Deployment is ours"),
    ],
)
def test_a_channel_that_did_not_take_a_success_is_told_by_the_next_attempt_and_by_no_later_one(
    desk_of: Any, chat: Chat, made: JobDeployment | None
) -> None:
    text = TOLD.replace("after: [team]", "after: [team, pager]")
    github = GitHubInMemory(policies=[policy_of(text)], job_deployment=made)
    broken = {"NOTIFY_TEAM": f"{chat.channel}/team", "NOTIFY_PAGER": f"{chat.channel}/broken"}
    assert run(desk_of(environ=broken).job, github).status == "success"
    state = github.statuses[-2]["state"]
    last = {one: github.statuses[-1][one] for one in ("description", "state")}
    assert last == {"description": "Told after but not: pager", "state": state}
    for attempt in (2, 3):
        working = {**broken, "NOTIFY_PAGER": f"{chat.channel}/pager"}
        assert run(desk_of(environ=working, attempt=attempt).job, github).status == "success"
    after = [one.path for one in chat.heard if one.json["title"] == "1.1.0 is in production"]
    assert sorted(after) == ["/broken", "/pager", "/team"]


def test_without_a_deployment_of_githubs_the_note_waits_for_ours(desk_of: Any, chat: Chat) -> None:
    github = GitHubInMemory(policies=[policy_of(TOLD)], job_deployment=None)
    run(desk_of(environ={"NOTIFY_TEAM": chat.channel}).job, github)
    assert [status["description"] for status in github.statuses][1:3] == [
        "Told before: team",
        "Told during: team",
    ]
    assert github.statuses[-1]["state"] == "success"


def test_a_failing_channel_is_reported_and_blocks_nothing_by_itself(desk_of: Any, chat: Chat) -> None:
    unasked = TOLD.replace("checklist: [{item: Team notified, notified: before}]", "")
    desk = desk_of(environ={"NOTIFY_TEAM": f"{chat.channel}/broken"})
    assert run(desk.job, github_of(unasked)).status == "success"
    assert "team was not told: its service did not take the message." in desk.log


def test_a_team_that_must_know_and_was_not_told_holds_the_deployment(desk_of: Any) -> None:
    desk = desk_of()
    result = run(desk.job, github_of(TOLD))
    assert (result.status, result.exit_code) == ("waiting", 3)
    assert "NOTIFY_TEAM is not set. Pass the secret under `env:` of the step." in desk.log
    assert desk.file("story") == ""


def test_a_rollback_that_fails_itself_stops_and_tells_the_state_of_each_part(
    desk_of: Any, chat: Chat
) -> None:
    desk = desk_of(environ={"NOTIFY_PAGER": f"{chat.channel}/pager"})
    result = run(desk.job, github_of(STUCK_HALF_WAY))
    assert result.status == "failed"
    how_far = (
        "the rollback failed during rollback: database, since `exit 3` ended with exit code 3; "
        "done: previous version; not begun: health. A person must look"
    )
    assert result.issues[1] == how_far
    assert desk.file("story") == "deploy\nwell\nback\n"
    assert f"::error title=production%3A a person is needed::{how_far}" in desk.log
    assert chat.titles[-1] == "1.1.0 failed in production"
    assert how_far in chat.heard[-1].json["message"]
