from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from sandbox.processes import Command, Processes
from tests.pids import is_gone

LONG = 20.0  # seconds that nobody needs who is scheduled now and then


class Script:
    """Bash text run by Processes in a thread of its own."""

    def __init__(
        self, text: str, place: Path, *, seconds: float = 60, interrupt: float = LONG, terminate: float = LONG
    ) -> None:
        self.lines: list[str] = []
        self.code: int | None = None
        self.cancelled = threading.Event()
        self.processes = Processes(interrupt_grace=interrupt, terminate_grace=terminate)
        self._command = Command(
            argv=("bash", "-c", text),
            cwd=place,
            env={"PATH": os.environ["PATH"]},
            cancelled=self.cancelled,
            deadline=time.monotonic() + seconds,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.code = self.processes.run(self._command, self.lines.append)

    def ended(self) -> int | None:
        self._thread.join()
        return self.code

    def has_said(self, line: str) -> None:
        until = time.monotonic() + LONG
        while line not in self.lines:
            assert time.monotonic() < until, self.lines
            time.sleep(0.01)


def test_output_comes_line_by_line_and_the_status_is_kept(tmp_path: Path) -> None:
    script = Script("echo one; echo two >&2; printf three; exit 7", tmp_path)
    assert script.ended() == 7
    assert script.lines == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("traps", "graces", "code", "said"),
    [
        ("trap 'echo INT; exit 1' INT", (LONG, LONG), 1, ["INT"]),
        ("trap 'echo INT' INT; trap 'echo TERM; exit 1' TERM", (0.3, LONG), 1, ["INT", "TERM"]),
        ("trap '' INT TERM", (0.3, 0.3), -9, []),
    ],
    ids=["listens", "listens late", "never listens"],
)
def test_cancelling_interrupts_then_terminates_then_kills(
    tmp_path: Path, traps: str, graces: tuple[float, float], code: int, said: list[str]
) -> None:
    text = f"{traps}; echo ready; while :; do sleep 0.02; done"
    script = Script(text, tmp_path, interrupt=graces[0], terminate=graces[1])
    script.has_said("ready")
    script.cancelled.set()
    assert (script.ended(), script.lines) == (code, ["ready", *said])


def test_a_deadline_ends_it_too(tmp_path: Path) -> None:
    assert Script("sleep 20", tmp_path, seconds=0.2).ended() == -2


def test_what_it_left_in_the_background_ends_with_it(tmp_path: Path) -> None:
    script = Script("sleep 60 & echo $!", tmp_path)
    assert script.ended() == 0
    assert is_gone(int(script.lines[0]))


def test_a_daemon_of_its_own_session_outlives_it_and_holds_nothing_up(tmp_path: Path) -> None:
    script = Script("setsid sleep 8 & echo done", tmp_path)
    assert script.ended() == 0
    assert script.lines == ["done"]


def test_stopping_ends_all_and_starts_no_more(tmp_path: Path) -> None:
    script = Script("echo ready; sleep 60", tmp_path)
    script.has_said("ready")
    script.processes.stop()
    assert script.ended() == -9
    with pytest.raises(ProcessLookupError):
        script.processes.run(script._command, script.lines.append)
