"""A disk without room changes what can be handed on, never what has happened."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.errors import NoRoom
from action.run import run
from action.summary import write_outputs
from tests.disks import room_for
from tests.jobs import Desk, GitHubInMemory, policy_of

FULL = Path("/dev/full")
ROOT = Path(__file__).parents[2]
DEPLOY = "steps: {deploy: {run: 'echo x >> story'}}"


def with_full(desk: Desk, *files: str) -> Any:
    full: dict[str, Any] = dict.fromkeys(files, FULL)
    return replace(desk.job, workflow=replace(desk.job.workflow, **full))


def test_a_deployment_that_cannot_hand_on_its_outputs_is_what_it_was(desk_of: Any) -> None:
    desk = desk_of()
    github = GitHubInMemory(policies=[policy_of(DEPLOY)])
    result = run(with_full(desk, "output_file", "summary_file"), github)
    assert (result.status, result.exit_code) == ("success", 0)
    assert "::error title=Outputs::Later steps see none of them: /dev/full could not be written" in desk.log
    assert "::warning title=Summary::/dev/full could not be written" in desk.log
    assert github.statuses[-1]["description"].startswith("Success - 1.1.0")


def test_own_steps_do_not_follow_a_start_that_could_tell_them_nothing(desk_of: Any) -> None:
    desk = desk_of(phase="start")
    result = run(with_full(desk, "output_file"), GitHubInMemory(policies=[policy_of(DEPLOY)]))
    assert (result.status, result.exit_code) == ("failed", 1)


def test_nobody_is_told_and_nothing_begun_where_the_end_of_the_job_could_not_be_told(desk_of: Any) -> None:
    desk, github = desk_of(), GitHubInMemory(policies=[policy_of(DEPLOY)], job_deployment=None)
    with pytest.raises(NoRoom, match="/dev/full could not be written"):
        run(with_full(desk, "state_file"), github)
    assert (github.created, github.statuses, desk.file("story")) == ([], [], "")


def test_half_written_outputs_are_taken_back(desk_of: Any) -> None:
    desk = desk_of()
    write_outputs(desk.job.workflow, {"verdict": "allow"})
    before = desk.job.workflow.output_file.read_bytes()
    with room_for(len(before) + 100), pytest.raises(NoRoom, match="Make room on the runner's disk"):
        write_outputs(desk.job.workflow, {"result": "x" * 200})
    assert desk.job.workflow.output_file.read_bytes() == before


def test_a_job_log_that_cannot_be_written_changes_no_exit_code() -> None:
    environ = {"INPUT_GITHUB_TOKEN": "t0ken-t0ken"}
    with FULL.open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "action"],
            cwd=ROOT,
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (2, b"")
