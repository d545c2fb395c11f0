from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.errors import StepFailed
from action.outputs import outputs_file, read_outputs
from action.run import run
from tests.jobs import GitHubInMemory, policy_of

ENVIRON = {"PATH": "/bin", "REGION": "eu"}
POLICY = """
steps:
  backup: {run: 'echo "BACKUP=night 7" >> "$OUTPUTS"; echo "DUMP_PASSWORD=hush-hush" >> "$OUTPUTS"'}
  deploy: {run: 'echo "deploy over $BACKUP" >> story; echo "it is $DUMP_PASSWORD"; echo POD=9 >> "$OUTPUTS"'}
  smoke: [{run: 'test -z "${OUTPUTS:-}" && echo "look at $POD" >> story && exit 1'}]
rollback: {run: 'echo "restore $BACKUP" >> story'}
"""


def written(directory: Path, text: str) -> dict[str, str]:
    with outputs_file(directory) as path:
        path.write_bytes(text.encode())
        return read_outputs(path, ENVIRON)


def test_what_a_step_writes_is_there_for_the_steps_the_probes_and_the_rollback_after_it(desk_of: Any) -> None:
    desk = desk_of()
    result = run(desk.job, GitHubInMemory(policies=[policy_of(POLICY)]))
    assert result.status == "rollback"
    assert desk.file("story") == "deploy over night 7\nlook at 9\nrestore night 7\n"
    assert result.outputs == {"BACKUP": "night 7", "DUMP_PASSWORD": "***", "POD": "9"}
    assert "handed on: BACKUP, DUMP_PASSWORD" in desk.log
    assert "it is ***" in desk.log
    assert list(desk.job.workflow.temporary.glob("outputs-*")) == []


def test_later_steps_of_the_workflow_find_it_in_the_result(desk_of: Any) -> None:
    desk = desk_of()
    run(
        desk.job, GitHubInMemory(policies=[policy_of("steps: {deploy: {run: 'echo POD=9 >> \"$OUTPUTS\"'}}")])
    )
    told = desk.job.workflow.output_file.read_text(encoding="utf-8")
    [result] = [json.loads(line) for line in told.splitlines() if line.startswith('{"schema_version"')]
    assert result["outputs"] == {"POD": "9"}


def test_what_start_is_told_finish_knows(desk_of: Any) -> None:
    github = GitHubInMemory(policies=[policy_of(POLICY)])
    assert run(desk_of(phase="start").job, github).outputs["BACKUP"] == "night 7"
    finished = desk_of(phase="finish", version="", job_status="failure")
    assert run(finished.job, github).status == "rollback"
    assert finished.file("story") == "restore night 7\n"


def test_the_last_of_a_name_counts_and_a_value_may_hold_anything_but_a_line(tmp_path: Path) -> None:
    assert written(tmp_path, "A=1\n\nB=x=y; $z\r\nA=2\n") == {"A": "2", "B": "x=y; $z"}


def test_a_command_that_writes_nothing_hands_nothing_on(tmp_path: Path) -> None:
    assert read_outputs(tmp_path / "none", ENVIRON) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("A=1\nhunter2\n", "line 2 of $OUTPUTS is not NAME=VALUE", id="no name"),
        pytest.param("a=1", "line 1 of $OUTPUTS is not NAME=VALUE", id="a small letter"),
        pytest.param("A=\0", "line 1 of $OUTPUTS is not NAME=VALUE", id="what no environment can hold"),
        pytest.param("VERSION=2", "sets VERSION, which is not a step's to set", id="our own word"),
        pytest.param("PATH=/tmp", "sets PATH, which is not a step's to set", id="the job's own"),
        pytest.param("LD_PRELOAD=x", "sets LD_PRELOAD, which is not a step's to set", id="the loader's"),
        pytest.param("A=" + "x" * 65_536, "pass the name of a file instead", id="too much"),
    ],
)
def test_what_is_no_output_fails_the_step_and_is_not_shown(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(StepFailed) as failed:
        written(tmp_path, text)
    assert sentence in str(failed.value)
    assert "hunter2" not in str(failed.value)
