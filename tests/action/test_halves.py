from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from action.errors import ActionError
from action.inputs import inputs_from
from action.job import Job
from action.journal import Journal, read_story, shared_journal
from action.post import tell_the_end
from action.result import Result
from action.run import run
from gateway.errors import Unavailable
from protocol.changes import Contents, Part
from protocol.document import parse_policy
from protocol.errors import PolicyError, Problem
from protocol.facts import Missing
from tests.jobs import Desk, GitHubInMemory, policy_of, reopened

POLICY = """
steps:
  verify: {run: 'echo 1.0.0'}
  backup: {run: 'echo backup >> story'}
  migrate: {run: 'echo up >> story', undo: 'echo down >> story'}
  deploy: {run: 'echo never >> story'}
  smoke: [{name: Story is there, run: 'echo "smoke over $PREVIOUS_VERSION" >> story'}]
rollback: {run: 'echo "deploy $PREVIOUS_VERSION" >> story'}
"""
BROKEN = PolicyError((Problem("deploy.yml", 3, 5, "unknown key 'stesp'"),))
RENAMED = parse_policy("version: 1\nenvironments: {staging: {}}\n", "deploy.yml")
BROUGHT = Contents(parts=(Part(title="Faster", authors=("grace",), number=7),))


class Halves:
    """One job with a `start` and a `finish`, as two containers that share nothing but a directory."""

    def __init__(self, desk_of: Callable[..., Desk], text: str = POLICY, **github: Any) -> None:
        self.desk_of = desk_of
        self.github = GitHubInMemory(policies=[policy_of(text)], contents=BROUGHT, **github)

    def start(self, **given: Any) -> Result:
        return self._half(phase="start", tag="v1.1.0", **given)

    def finish(self, job_status: str = "success", **given: Any) -> Result:
        return self._half(phase="finish", tag="v1.1.0", version="", job_status=job_status, **given)

    def _half(self, **given: Any) -> Result:
        self.desk = self.desk_of(**given)
        job: Job = self.desk.job
        return run(job, self.github)

    @property
    def story(self) -> str:
        return self.desk.file("story")


@pytest.fixture
def halves(desk_of: Any) -> Callable[..., Halves]:
    return lambda text=POLICY, **github: Halves(desk_of, text, **github)


def test_the_jobs_own_steps_stand_between_start_and_finish(halves: Any) -> None:
    job = halves()
    started = job.start()
    assert (started.status, started.exit_code, started.previous_version) == ("started", 0, "1.0.0")
    assert job.story == "backup\nup\n"
    assert (job.github.statuses, job.github.releases) == ([], {})
    finished = job.finish()
    assert (finished.status, finished.version, finished.issues) == ("success", "1.1.0", ())
    assert job.story == "backup\nup\nsmoke over 1.0.0\n"
    assert [step.name for step in finished.steps] == ["verify", "backup", "migrate", "smoke"]
    [entry] = job.github.releases["v1.1.0"]
    assert entry == finished.entry
    assert (entry.status, entry.previous_version, entry.included) == ("success", "1.0.0", BROUGHT.parts)
    assert [number for number, _ in job.github.comments] == [7]


@pytest.mark.parametrize("job_status", ["failure", "cancelled"])
def test_own_steps_that_failed_roll_service_and_database_back(halves: Any, job_status: str) -> None:
    job = halves()
    job.start()
    finished = job.finish(job_status)
    assert (finished.status, finished.exit_code) == ("rollback", 1)
    assert job.story == "backup\nup\ndeploy 1.0.0\ndown\n"
    assert finished.issues[0] == f"the job's own steps: ended as {job_status}"
    assert len(job.github.issues) == 1


def test_a_smoke_test_that_fails_after_the_own_steps_rolls_back(halves: Any) -> None:
    job = halves(POLICY.replace('echo "smoke over $PREVIOUS_VERSION" >> story', "exit 1"))
    job.start()
    assert job.finish().status == "rollback"


def test_metrics_measured_at_the_start_are_the_baseline_at_the_end(halves: Any) -> None:
    monitor = """monitor:
  for: 1s
  every: 1s
  source: {run: 'test -e story && echo 0.5 || echo 0.25'}
  metrics: {error_rate: {query: q, rollback_if: {above: 0.9}}}
"""
    job = halves(POLICY + monitor)
    job.start()
    finished = job.finish()
    assert finished.status == "success"
    assert [(one.before, one.after) for one in finished.entry.metrics] == [("0.25", "0.5")]


def test_a_start_that_fails_ends_the_story_itself(halves: Any) -> None:
    job = halves(POLICY.replace("echo backup >> story", "exit 4"))
    assert job.start().status == "failed"
    assert len(job.github.statuses) == 1
    with pytest.raises(ActionError, match="already ended this deployment: failed"):
        job.finish("failure")
    assert len(job.github.statuses) == 1


def test_a_start_that_has_to_wait_leaves_nothing_to_finish(halves: Any) -> None:
    job = halves("checklist: [{item: Alerts set, run: 'exit 1'}]\n" + POLICY)
    assert job.start().status == "waiting"
    with pytest.raises(ActionError, match="nothing to finish"):
        job.finish("failure")


def test_a_dry_run_begins_and_finishes_nothing(halves: Any) -> None:
    job = halves()
    assert job.start(dry_run=True).status == "dry run"
    assert job.finish(dry_run=True).status == "dry run"
    assert (job.story, [one["description"] for one in job.github.statuses]) == ("", ["Not begun"])


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        pytest.param(Missing("there is none"), "could not be read: there is none", id="gone"),
        pytest.param(Unavailable("no answer"), "could not be read: no answer", id="unread"),
        pytest.param(BROKEN, "cannot be used: deploy.yml:3:5: unknown key 'stesp'", id="broken"),
        pytest.param(RENAMED, "does not name production any more", id="renamed"),
    ],
)
def test_without_a_policy_nothing_is_looked_at_and_that_is_no_success(
    halves: Any, policy: Any, why: str
) -> None:
    job = halves()
    job.start()
    if isinstance(policy, Unavailable):
        job.github.fails = {"own_policy": policy}
    else:
        job.github.policies = [policy]
    finished = job.finish()
    assert (finished.status, finished.exit_code) == ("failed", 1)
    assert finished.issues[0] == f"nothing was looked at, since the policy {why}; a person must look"


def change_journal(desk: Desk, change: Callable[[dict[str, Any]], None]) -> None:
    path: Path = desk.job.journal.path
    told = path.read_text(encoding="utf-8").rstrip("\0")
    events = [json.loads(line) for line in told.splitlines()]
    for event in events:
        change(event)
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")


def of_another_run(event: dict[str, Any]) -> None:
    if event["event"] == "opened":
        event["entry"]["run_attempt"] = 9


def torn(event: dict[str, Any]) -> None:
    if event["event"] == "handed over":
        event["data"].pop("touched")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(of_another_run, "and not of this job", id="another attempt's"),
        pytest.param(torn, "cannot be read", id="not what start wrote"),
    ],
)
def test_what_was_handed_over_is_checked_when_it_is_read(halves: Any, change: Any, sentence: str) -> None:
    job = halves()
    job.start()
    change_journal(job.desk, change)
    with pytest.raises(ActionError, match=sentence):
        job.finish()


def test_a_finish_that_never_came_is_told_at_the_end_of_the_job_once(halves: Any) -> None:
    job = halves()
    job.start()
    entry = tell_the_end(reopened(job.desk.job), job.github)
    assert entry is not None
    assert entry.status == "stopped"
    assert "the job ended after `phase: start`, and `finish` never came" in entry.issues[0]
    assert tell_the_end(reopened(job.desk.job), job.github) is None
    assert len(job.github.issues) == 1


def test_both_halves_of_a_job_write_one_journal_and_a_new_start_begins_anew(tmp_path: Path) -> None:
    def journal(environment: str, *, anew: bool) -> Journal:
        made = shared_journal(tmp_path, environment, anew=anew)
        made.close()
        return made

    first = journal("production", anew=True)
    first.path.write_text("a line\n", encoding="utf-8")
    assert journal("Production", anew=False).path.read_text(encoding="utf-8") == "a line\n"
    assert read_story(journal("production", anew=True).path) is None
    assert journal("staging/eu", anew=True).path != first.path


def test_finish_takes_nothing_for_a_success_that_nobody_called_one() -> None:
    given: Mapping[str, str] = {"INPUT_ENVIRONMENT": "production", "INPUT_GITHUB_TOKEN": "t0ken"}
    with pytest.raises(ActionError, match=r"Write `job_status: \$\{\{ job.status \}\}` under `with:`"):
        inputs_from({**given, "INPUT_PHASE": "finish"})
