from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from action.commands import Outcome, environment_for_commands, in_few_words, run_command
from action.errors import Stopped
from action.stop import Stop

ENVIRON = {"PATH": os.environ["PATH"]}


def command(text: str, tmp_path: Path, stop: Stop, **changes: Any) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    given: dict[str, Any] = {
        "environ": ENVIRON,
        "directory": tmp_path,
        "timeout": 10.0,
        "stop": stop,
        "write": lines.append,
    }
    return run_command(text, **(given | changes)), lines


def is_running(pid: int) -> bool:
    """Whether it still runs two seconds from now: the kernel takes a moment to end what was killed."""
    deadline = time.monotonic() + 2
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return True
        time.sleep(0.01)
    return False


def test_lines_come_as_they_are_printed_and_standard_output_is_kept_apart(tmp_path: Path, stop: Stop) -> None:
    outcome, lines = command("echo one; echo oops >&2; printf two", tmp_path, stop)
    assert sorted(lines) == ["one", "oops", "two"]
    assert outcome.printed == "one\ntwo"
    assert outcome.succeeded


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
    text = "sleep 60 & echo $! > child; trap '' TERM; sleep 60"
    began = time.monotonic()
    outcome, _ = command(text, tmp_path, stop, timeout=0.3)
    assert time.monotonic() - began < 4
    assert outcome.timed_out
    assert "was stopped" in outcome.reason
    assert not is_running(int((tmp_path / "child").read_text()))


def test_what_a_command_leaves_in_the_background_ends_with_it(tmp_path: Path, stop: Stop) -> None:
    outcome, _ = command("sleep 60 & echo $! > child", tmp_path, stop)
    assert outcome.succeeded
    assert not is_running(int((tmp_path / "child").read_text()))


def test_a_server_in_a_session_of_its_own_stays_and_holds_nothing_up(tmp_path: Path, stop: Stop) -> None:
    began = time.monotonic()
    outcome, _ = command("setsid sleep 60 & echo $! > child", tmp_path, stop)
    server = psutil.Process(int((tmp_path / "child").read_text()))
    try:
        assert outcome.succeeded
        assert time.monotonic() - began < 3
    finally:
        server.kill()


def test_a_wish_to_stop_ends_the_command_at_once(tmp_path: Path, stop: Stop) -> None:
    timer = threading.Timer(0.2, stop.request, ("SIGTERM",))
    timer.start()
    began = time.monotonic()
    with pytest.raises(Stopped, match="SIGTERM"):
        command("echo $$ > self; sleep 60", tmp_path, stop)
    assert time.monotonic() - began < 3
    assert not is_running(int((tmp_path / "self").read_text()))
    timer.join()


def test_bytes_that_are_no_text_and_endless_lines_do_no_harm(tmp_path: Path, stop: Stop) -> None:
    outcome, lines = command(r"printf '\xff\xfe\n'; head -c 100000 /dev/zero | tr '\0' x", tmp_path, stop)
    assert lines[0] == "\ufffd\ufffd"
    assert max(len(line) for line in lines) <= 16_384
    assert sum(len(line) for line in lines[1:]) == 100_000
    assert outcome.succeeded


def test_ten_thousand_lines_arrive_in_order(tmp_path: Path, stop: Stop) -> None:
    _, lines = command("seq 10000", tmp_path, stop)
    assert lines == [str(number) for number in range(1, 10_001)]


def test_no_descriptor_is_left_open(tmp_path: Path, stop: Stop) -> None:
    command("true", tmp_path, stop)
    before = psutil.Process().num_fds()
    for _ in range(5):
        command("echo x", tmp_path, stop)
    assert psutil.Process().num_fds() == before


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
