from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.job import Job
from action.result import Result
from action.run import run
from gateway.errors import Forbidden, Unavailable
from protocol.changes import Contents, Part
from protocol.facts import Deployment, Freeze, Missing, PullRequest
from protocol.policy import Access, EmergencyAccess
from protocol.principals import Principal
from tests.jobs import OLD_SHA, OLDER_SHA, SHA, GitHubInMemory, policy_of, ran_before

STEPS = """
steps:
  verify: {run: 'echo 1.0.0'}
  backup: {run: 'echo backup >> story'}
  migrate: {run: 'echo up >> story', undo: 'echo down >> story'}
  deploy: {run: 'echo "deploy $VERSION" >> story'}
  smoke: [{name: Story is there, run: 'test -f story'}]
rollback: {run: 'echo "deploy $PREVIOUS_VERSION" >> story'}
"""
BROKEN = STEPS.replace("test -f story", "echo the shop is shut; exit 1")


def run_with(job: Job, text: str, **given: Any) -> tuple[Result, GitHubInMemory]:
    github = GitHubInMemory(policies=[policy_of(text)], **given)
    return run(job, github), github


def test_a_deployment_travels_from_preflight_to_log(desk_of: Any) -> None:
    desk = desk_of(tag="v1.1.0")
    result, github = run_with(desk.job, STEPS)
    assert (result.status, result.exit_code, result.verdict) == ("success", 0, "allow")
    assert desk.file("story") == "backup\nup\ndeploy 1.1.0\n"
    [entry] = github.releases["v1.1.0"]
    assert (entry.status, entry.version, entry.previous_version, entry.deployer) == (
        "success",
        "1.1.0",
        "1.0.0",
        "ada",
    )
    assert entry == result.entry
    assert github.issues == []


def test_a_deployment_github_made_is_reused_and_never_ended(desk_of: Any) -> None:
    _, github = run_with(desk_of().job, STEPS)
    assert github.created == []
    assert [(status["id"], status["state"]) for status in github.statuses] == [(42, "in_progress")]
    assert github.statuses[0]["description"].startswith("Success - 1.1.0 in ")


def test_peers_16_without_an_environment_on_the_job_a_deployment_is_made_by_sha_and_ended(
    desk_of: Any,
) -> None:
    desk = desk_of()
    _, github = run_with(desk.job, STEPS, job_deployment=None)
    assert [made["sha"] for made in github.created] == [SHA]
    assert [status["state"] for status in github.statuses] == ["in_progress", "success"]
    assert "Weaker mode" in desk.log


def test_a_failing_smoke_test_rolls_service_and_database_back_and_documents_it(desk_of: Any) -> None:
    desk = desk_of(tag="v1.1.0")
    result, github = run_with(desk.job, BROKEN)
    assert (result.status, result.exit_code) == ("rollback", 1)
    assert desk.file("story") == "backup\nup\ndeploy 1.1.0\ndeploy 1.0.0\ndown\n"
    [issue] = github.issues
    assert issue.title == "production: 1.1.0 was rolled back"
    assert "Story is there" in issue.body
    assert "    the shop is shut" in issue.body
    assert "### Why it was not caught" in issue.body
    summary = desk.job.workflow.summary_file.read_text(encoding="utf-8")
    assert "ended with exit code" in summary
    assert "The last lines of smoke:\n\n    the shop is shut\n" in summary
    assert result.issue_url == issue.url


def test_what_is_not_critical_is_an_issue_of_a_success(desk_of: Any) -> None:
    text = STEPS.replace("{name: Story is there, ", "{name: Story is there, critical: false, ")
    desk = desk_of()
    result, _ = run_with(desk.job, text.replace("test -f story", "exit 4"))
    assert (result.status, result.exit_code) == ("success", 0)
    assert result.issues == ("Story is there (not critical): `exit 4` ended with exit code 4",)


@pytest.mark.parametrize(
    ("critical", "status", "issue"),
    [
        pytest.param("true", "rollback", "smoke: `exit 4` ended with exit code 4", id="critical"),
        pytest.param("false", "success", "`exit 4` ended with exit code 4 (not critical)", id="not critical"),
    ],
)
def test_a_probe_without_a_name_stands_once_in_what_is_said_of_its_failure(
    desk_of: Any, critical: str, status: str, issue: str
) -> None:
    desk = desk_of()
    unnamed = f"{{critical: {critical}, run: 'exit 4'}}"
    result, _ = run_with(desk.job, STEPS.replace("{name: Story is there, run: 'test -f story'}", unnamed))
    assert (result.status, issue in result.issues) == (status, True)
    assert "FAILED: `exit 4` ended with exit code 4" in desk.log


def test_a_step_that_fails_before_anything_changed_rolls_nothing_back(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(desk.job, STEPS.replace("echo backup >> story", "exit 4"))
    assert result.status == "failed"
    assert desk.file("story") == ""
    assert "not rolled back: nothing had been changed" in result.issues


def test_a_waiting_decision_fails_the_job_with_every_finding_and_runs_nothing(desk_of: Any) -> None:
    desk = desk_of()
    text = "checklist: [{item: Alerts set, run: 'exit 1'}]\n" + STEPS
    freeze = Freeze(reason="Stocktaking", by="grace")
    result, github = run_with(desk.job, text, facts={"freezes": (freeze,)})
    assert (result.status, result.verdict, result.exit_code) == ("waiting", "wait", 3)
    assert len(result.reason_codes) == 2
    assert "freeze.active" in result.reason_codes
    assert "Stocktaking" in desk.log
    assert "Alerts set" in desk.log
    assert desk.file("story") == ""
    assert github.created == []
    assert_not_begun(github)


def test_somebody_who_may_not_deploy_is_refused(desk_of: Any) -> None:
    result, _ = run_with(desk_of().job, STEPS, facts={"deployer": "mallory"})
    assert (result.status, result.exit_code) == ("refused", 4)


@pytest.mark.parametrize(
    "policies", [[Missing("there is no .github/deploy.yml")], []], ids=["missing", "none"]
)
def test_no_policy_waits(desk_of: Any, policies: list[Missing]) -> None:
    result = run(desk_of().job, GitHubInMemory(policies=policies))
    assert (result.status, result.exit_code) == ("waiting", 3)


def test_peers_7_what_github_will_not_tell_waits(desk_of: Any) -> None:
    github = GitHubInMemory(policies=[policy_of(STEPS)], fails={"facts_for": Unavailable("no answer")})
    result = run(desk_of().job, github)
    assert (result.status, result.reason_codes) == ("waiting", ("facts.unavailable",))


def test_a_log_github_does_not_take_is_reported_and_the_rest_still_told(desk_of: Any) -> None:
    desk = desk_of()
    result, github = run_with(desk.job, BROKEN, fails={"post_deployment_status": Forbidden("no permission")})
    assert result.status == "rollback"
    assert len(github.issues) == 1
    assert "Deployment status not written" in desk.log


def test_a_deployment_that_cannot_be_made_begins_nothing(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(
        desk.job, STEPS, job_deployment=None, fails={"create_deployment": Forbidden("no permission")}
    )
    assert (result.status, result.exit_code) == ("failed", 1)
    assert desk.file("story") == ""


def test_a_check_decides_and_runs_nothing(desk_of: Any) -> None:
    desk = desk_of(phase="check")
    result, github = run_with(desk.job, STEPS)
    assert (result.status, result.exit_code, desk.file("story")) == ("checked", 0, "")
    assert_not_begun(github)


def test_a_dry_run_shows_the_plan_and_changes_nothing(desk_of: Any) -> None:
    desk = desk_of(dry_run=True)
    result, github = run_with(desk.job, STEPS)
    assert (result.status, desk.file("story"), github.created) == ("dry run", "", [])
    assert "4. deploy" in desk.log
    assert_not_begun(github)


def assert_not_begun(github: GitHubInMemory) -> None:
    """Or the success or failure with which GitHub ends its own would count as one of this commit."""
    [note] = github.statuses
    assert (note["id"], note["state"], note["description"]) == (42, "in_progress", "Not begun")


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"dry_run": True}, "dry run"), ({"phase": "check"}, "checked")],
    ids=["dry run", "check"],
)
def test_what_begins_nothing_writes_nothing_without_githubs_deployment(
    desk_of: Any, asked: dict[str, Any], status: str
) -> None:
    github = GitHubInMemory(policies=[policy_of(STEPS)], job_deployment=None)
    assert run(desk_of(**asked).job, github).status == status
    assert (github.statuses, github.created) == ([], [])


def test_a_job_whose_environment_the_policy_does_not_name_is_no_failed_deployment(desk_of: Any) -> None:
    desk = desk_of(environment="elsewhere")
    result, github = run_with(desk.job, STEPS)
    assert (result.status, result.reason_codes) == ("waiting", ("policy.environment_unknown",))
    assert_not_begun(github)


def test_an_asked_rollback_goes_to_the_last_good_version_before_the_one_that_runs(desk_of: Any) -> None:
    desk = desk_of(phase="rollback", version="")
    bad = ran_before("d" * 40, "1.0.5", id=9, state="failure", succeeded=False)
    older = ran_before(OLDER_SHA, "0.9.0", id=3)
    result, github = run_with(desk.job, STEPS, deployments=(bad, ran_before(), older))
    assert (result.status, result.exit_code) == ("rollback", 0)
    assert desk.file("story") == "deploy 0.9.0\n"
    assert [made["sha"] for made in github.created] == [OLDER_SHA]
    assert result.entry is not None
    assert (result.entry.version, result.entry.previous_version) == ("1.0.0", "0.9.0")
    assert [made["payload"]["version"] for made in github.created] == ["0.9.0"]
    assert github.statuses[-1]["state"] == "success"
    assert github.issues[0].title == "production: 1.0.0 was rolled back"


@pytest.mark.parametrize(
    ("logged", "target"),
    [
        pytest.param("failed", "1.0.0", id="it failed and stayed"),
        pytest.param("stopped", "1.0.0", id="it was stopped"),
        pytest.param("held", "1.0.0", id="it is held"),
        pytest.param("rollback", "0.9.0", id="it was taken back by itself"),
        pytest.param("", "0.9.0", id="it never began"),
    ],
)
def test_an_asked_rollback_after_one_that_did_not_go_well(desk_of: Any, logged: str, target: str) -> None:
    desk = desk_of(phase="rollback", version="")
    bad = ran_before("d" * 40, "1.1.0", id=9, state="failure", succeeded=False, logged=logged)
    known = (bad, ran_before(), ran_before(OLDER_SHA, "0.9.0", id=3))
    run_with(desk.job, STEPS, deployments=known)
    assert desk.file("story") == f"deploy {target}\n"


def test_an_asked_rollback_to_a_version_that_never_ran_is_refused(desk_of: Any) -> None:
    desk = desk_of(phase="rollback", version="7.7.7")
    result, _ = run_with(desk.job, STEPS)
    assert result.status == "refused"
    assert desk.file("story") == ""


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        pytest.param("", "No other version is known to have run well in production", id="none is named"),
        pytest.param("9.9", "9.9 never ran in production", id="one that never ran"),
    ],
)
@pytest.mark.parametrize(
    "deployments",
    [pytest.param((), id="nothing ran"), pytest.param((ran_before(SHA),), id="only what runs")],
)
def test_an_asked_rollback_with_nowhere_to_go_back_to_is_refused_and_says_so(
    desk_of: Any, wanted: str, why: str, deployments: tuple[Deployment, ...]
) -> None:
    github = GitHubInMemory(policies=[policy_of(STEPS)], deployments=deployments)
    desk = desk_of(phase="rollback", version=wanted)
    result = run(desk.job, github)
    assert (result.status, result.reason_codes) == ("refused", ("rollback.not_proven",))
    assert why in desk.log
    assert desk.file("story") == ""


def test_without_a_verify_step_the_previous_version_comes_from_the_deployments(desk_of: Any) -> None:
    text = BROKEN.replace("verify: {run: 'echo 1.0.0'}", "")
    desk = desk_of()
    run_with(desk.job, text, deployments=(ran_before(OLD_SHA, ""),))
    assert f"deploy {OLD_SHA}" in desk.file("story")


def test_peers_19_an_emergency_passes_the_rules_is_recorded_and_opens_a_post_mortem(desk_of: Any) -> None:
    policy = policy_of(STEPS).model_copy(
        update={"access": Access(emergency=EmergencyAccess(who=(Principal("user", "ada"),)))}
    )
    github = GitHubInMemory(policies=[policy], facts={"freezes": (Freeze(reason="Stocktaking", by="grace"),)})
    result = run(desk_of(emergency_reason="The shop is down").job, github)
    assert result.status == "success"
    assert result.entry is not None
    assert result.entry.emergency == "The shop is down"
    [issue] = github.issues
    assert issue.title == "production: 1.1.0 was deployed in an emergency"
    assert "Emergency: The shop is down" in issue.body


def test_the_pull_requests_contained_hear_how_it_went(desk_of: Any) -> None:
    desk = desk_of(tag="v1.1.0")
    faster = Part(number=7, title="Faster *search*", authors=("grace",), url="https://x.test/7")
    found = Contents(parts=(faster, Part(title="Fix")), notes="- <b>Search</b>", notes_url="https://x.test/n")
    result, github = run_with(desk.job, STEPS, contents=found)
    [(number, body)] = github.comments
    assert number == 7
    assert "\n- production: Success - 1.1.0 in " in body
    assert result.entry is not None
    assert result.entry.changes == "Faster *search* (#7) and 1 more"
    assert result.entry.changes_url == f"https://github.com/acme/shop/compare/{OLD_SHA}...{SHA}"
    assert result.entry.included == found.parts
    summary = desk.job.workflow.summary_file.read_text(encoding="utf-8")
    assert "- [Faster \\*search\\* (\\#7)](https://x.test/7) by grace" in summary
    assert "\n    - <b>Search</b>\n" in summary


def test_changes_that_cannot_be_had_hold_nothing_up(desk_of: Any) -> None:
    desk = desk_of()
    brought = PullRequest(number=7, author="grace", head_sha=SHA, head_branch="topic", title="Search")
    fails = {"changes": Unavailable("GitHub is away. Ask again later.")}
    result, github = run_with(desk.job, STEPS, facts={"pull_request": brought}, fails=fails)
    assert result.status == "success"
    assert result.entry is not None
    assert result.entry.changes == "Search (#7)"
    assert [number for number, _ in github.comments] == [7]


def test_the_outputs_hold_the_whole_result(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(desk.job, STEPS)
    written = desk.job.workflow.output_file.read_text(encoding="utf-8")
    [line] = [line for line in written.splitlines() if line.startswith('{"schema_version"')]
    assert Result.model_validate(json.loads(line)) == result
    assert "t0ken-t0ken" not in written + desk.log.replace("::add-mask::t0ken-t0ken", "")


def test_peers_24_no_token_is_left_in_the_state_the_journal_or_the_log(desk_of: Any, tmp_path: Path) -> None:
    desk = desk_of()
    run_with(desk.job, "steps: {deploy: {run: 'env; echo $INPUT_GITHUB_TOKEN'}}")
    assert "t0ken-t0ken" not in desk.log.replace("::add-mask::t0ken-t0ken", "")
    for name in ("state", "journal.jsonl", "summary.md", "output"):
        assert "t0ken-t0ken" not in (tmp_path / name).read_text(encoding="utf-8")
