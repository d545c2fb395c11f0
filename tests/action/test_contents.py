"""What a deployment contains is learned beside its steps, written down at once, and never waited for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from action.contents import ask_contents
from action.journal import read_story
from action.run import run
from action.stop import Stop
from protocol.changes import Contents, Part
from tests.jobs import GitHubInMemory, policy_of

FOUND = Contents(parts=(Part(number=7, title="Faster", authors=("grace",)),))


@dataclass(kw_only=True)
class SlowToCompare(GitHubInMemory):
    """Says what changed only after the first step has written its file."""

    may_answer: threading.Event = field(default_factory=threading.Event)

    def changes(self, *, head: str, base: str, version: str, tag: str | None = None) -> Contents:
        self.may_answer.wait(20)
        return FOUND


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_the_first_step_does_not_wait_for_what_changed(desk_of: Any, held: threading.Event) -> None:
    desk = desk_of()
    policy = policy_of("steps: {deploy: {run: 'touch began; until [ -f told ]; do sleep 0.02; done'}}")
    github = SlowToCompare(policies=[policy], may_answer=held)

    def answer_once_the_step_runs() -> None:
        while not (desk.workspace / "began").exists():
            held.wait(0.02)
        held.set()
        while "Faster" not in desk.job.journal.path.read_text("utf-8"):
            threading.Event().wait(0.02)
        (desk.workspace / "told").touch()

    watcher = threading.Thread(target=answer_once_the_step_runs, daemon=True)
    watcher.start()
    result = run(desk.job, github)
    watcher.join()
    assert result.status == "success"
    assert result.entry is not None
    assert result.entry.included == FOUND.parts
    story = read_story(desk.job.journal.path)
    assert story is not None
    assert story.entry.included == FOUND.parts


def test_a_stopped_job_does_not_wait_for_what_changed(
    desk_of: Any, stop: Stop, held: threading.Event
) -> None:
    def never() -> Contents:
        held.wait(20)
        return FOUND

    learned: list[Contents] = []
    asked = ask_contents(never, learned.append)
    stop.request("SIGTERM")
    assert asked.answer(desk_of().job) == Contents(complete=False)
    assert learned == []
