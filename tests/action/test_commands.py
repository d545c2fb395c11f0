from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from action.commands import (
    Outcome,
    _Output,
    _started,
    _watch,
    environment_for_commands,
    in_few_words,
    run_command,
)
from action.errors import StepFailed, Stopped
from action.stop import Stop
from tests.pids import is_gone
from tests.wishes import wished_when

ENVIRON = {"PATH": os.environ["PATH"]}


def command(text: str, tmp_path: Path, stop: Stop, **changes: Any) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    given: dict[str, Any] = {
        "environ": ENVIRON,
        "directory": tmp_path,
        "timeout": 60.0,
        "stop": stop,
        "write": lines.append,
    }
    return run_command(text, **(given | changes)), lines


def test_lines_come_as_they_are_printed_and_standard_output_is_kept_apart(tmp_path: Path, stop: Stop) -> None:
    outcome, lines = command("echo one; echo oops >&2; printf two", tmp_path, stop)
    assert sorted(lines) == ["one", "oops", "two"]
    assert outcome.printed == "one\ntwo"
    assert outcome.succeeded


@pytest.mark.parametrize(
    ("text", "environ", "why"),
    [
        pytest.param("true", {"A=B": "x"}, "illegal environment variable name", id="name"),
        pytest.param("true", {"A": "x\0y"}, "embedded null byte", id="value"),
        pytest.param("true \0", {}, "embedded null byte", id="command"),
    ],
)
def test_what_no_process_can_be_given_fails_the_step(
    tmp_path: Path, stop: Stop, text: str, environ: dict[str, str], why: str
) -> None:
    with pytest.raises(StepFailed, match=f"bash could not be started in .*: {why}"):
        command(text, tmp_path, stop, environ=ENVIRON | environ)


def test_a_command_stops_at_its_first_failing_part(tmp_path: Path, stop: Stop) -> None:
    outcome, lines = command("false | true\necho not reached", tmp_path, stop)
    assert outcome.exit_code == 1
    assert lines == []
    assert outcome.reason == "ended with exit code 1"


def test_peers_12_a_command_sees_our_words_and_never_the_token(tmp_path: Path, stop: Stop) -> None:
    environ = environment_for_commands(
        {
            **ENVIRON,
            "INPUT_GITHUB_TOKEN": "t0ken",
            "STATE_journal": "x",
            "GITHUB_OUTPUT": "y",
            "AWS_REGION": "eu",
        },
        {"VERSION": "1.2.3"},
    )
    outcome, _ = command("env", tmp_path, stop, environ=environ)
    assert "VERSION=1.2.3" in outcome.printed
    assert "AWS_REGION=eu" in outcome.printed
    assert not any(word in outcome.printed for word in ("t0ken", "STATE_", "GITHUB_OUTPUT"))


def test_peers_17_a_version_is_data_and_never_code(tmp_path: Path, stop: Stop) -> None:
    version = '1"; touch broken; echo "'
    outcome, _ = command('echo "$VERSION"', tmp_path, stop, environ={**ENVIRON, "VERSION": version})
    assert outcome.printed == version + "\n"
    assert not (tmp_path / "broken").exists()


def test_a_command_is_tried_again_and_counts_its_attempts(tmp_path: Path, stop: Stop) -> None:
    text = 'echo x >> tries; test "$(wc -l < tries)" -ge 3'
    outcome, lines = command(text, tmp_path, stop, retries=5, pause=0.01)
    assert (outcome.succeeded, outcome.attempts) == (True, 3)
    assert lines[0].startswith("attempt 1 ended with exit code 1; trying again")


def test_each_pause_is_twice_the_one_before(tmp_path: Path, stop: Stop) -> None:
    _, lines = command("exit 7", tmp_path, stop, retries=3, pause=0.01)
    assert [line.rpartition(" ")[2] for line in lines] == ["0.01s", "0.02s", "0.04s"]


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path, stop: Stop) -> None:
    text = "trap '' TERM; sleep 60 & echo $! > child; sleep 60"
    child = tmp_path / "child"
    for timeout in (0.3, 3.0, 20.0):  # a busy machine may not have begun with it by then
        began = time.monotonic()
        outcome, _ = command(text, tmp_path, stop, timeout=timeout)
        assert time.monotonic() - began < timeout + 7
        assert outcome.timed_out
        assert "was stopped" in outcome.reason
        if child.exists() and child.read_text():
            break
    assert is_gone(int(child.read_text()))


def test_a_command_that_ended_in_time_is_not_late_because_we_are(tmp_path: Path, stop: Stop) -> None:
    lines: list[str] = []
    with _started("echo done", ENVIRON, tmp_path) as (process, ended):
        select.select([ended], [], [])
        assert _watch(process, _Output(lines.append, ENVIRON), ended, stop, deadline=time.monotonic())
    assert lines == ["done"]


def test_what_a_command_leaves_in_the_background_ends_with_it(tmp_path: Path, stop: Stop) -> None:
    outcome, _ = command("sleep 60 & echo $! > child", tmp_path, stop)
    assert outcome.succeeded
    assert is_gone(int((tmp_path / "child").read_text()))


def test_a_server_in_a_session_of_its_own_stays_and_holds_nothing_up(tmp_path: Path, stop: Stop) -> None:
    server = "setsid bash -c 'echo $$ > server; exec sleep 60'"
    outcome, _ = command(f"{server} & until test -s server; do sleep 0.01; done", tmp_path, stop)
    process = psutil.Process(int((tmp_path / "server").read_text()))
    try:
        assert outcome.succeeded
        assert outcome.seconds < 20
        assert process.is_running()
    finally:
        process.kill()


def test_a_wish_to_stop_ends_the_command_at_once(tmp_path: Path, stop: Stop) -> None:
    began = tmp_path / "began"
    with wished_when(lambda: began.exists() and bool(began.read_text()), stop, "SIGTERM"):
        with pytest.raises(Stopped, match="SIGTERM"):
            command("echo $$ > began; sleep 60", tmp_path, stop)
        assert time.monotonic() - stop.wished_at < 3
    assert is_gone(int(began.read_text()))


def test_bytes_that_are_no_text_and_endless_lines_do_no_harm(tmp_path: Path, stop: Stop) -> None:
    outcome, lines = command(r"printf '\xff\xfe\n'; head -c 100000 /dev/zero | tr '\0' x", tmp_path, stop)
    assert lines[0] == "\ufffd\ufffd"
    assert max(len(line) for line in lines) <= 16_384
    assert sum(len(line) for line in lines[1:]) == 100_000
    assert outcome.succeeded


@pytest.mark.parametrize("before", [12_280, 12_287, 16_380])
def test_peers_20_no_endless_line_is_cut_through_what_may_be_a_secret(
    tmp_path: Path, stop: Stop, before: int
) -> None:
    environ = {**ENVIRON, "DEPLOY_TOKEN": "s3cr3t-value-0123"}
    text = f'printf "%{before}s"; printf %s "$DEPLOY_TOKEN"; printf "%30000s"'
    _, lines = command(text, tmp_path, stop, environ=environ)
    assert len(lines) > 1
    assert sum("s3cr3t-value-0123" in line for line in lines) == 1


def test_ten_thousand_lines_arrive_in_order(tmp_path: Path, stop: Stop) -> None:
    _, lines = command("seq 10000", tmp_path, stop)
    assert lines == [str(number) for number in range(1, 10_001)]


def open_descriptors() -> set[Path]:
    """What they lead to. What earlier tests left to the collector may go meanwhile; what comes is ours."""
    found: set[Path] = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add(descriptor.readlink())
    return found


def test_no_descriptor_is_left_open(tmp_path: Path, stop: Stop) -> None:
    command("true", tmp_path, stop)
    before = open_descriptors()
    for _ in range(5):
        command("echo x", tmp_path, stop)
    assert open_descriptors() <= before


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param("./smoke/login", "./smoke/login", id="short"),
        pytest.param("one\ntwo", "one …", id="several lines"),
        pytest.param("echo " + "x" * 90, "echo " + "x" * 54 + " …", id="long"),
    ],
)
def test_a_long_command_leaves_room_for_the_reason_behind_it(command: str, shown: str) -> None:
    assert in_few_words(command) == shown
