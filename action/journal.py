"""What is done, written down before it starts and after it ends, so that a killed job leaves its story."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from protocol.entry import Entry, entry_data, entry_from

_DIRECTORY = "deploy-protocol"


class Journal:
    """JSON lines, each on the disk before we go on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        with self._one_at_a_time:
            self._file.close()

    def opened(self, entry: Entry, *, tag: str | None, ours: bool) -> None:
        """The entry as it will stand if nothing more is heard; `ours`: we made its Deployment.

        Again when more of it is known: the last one holds.
        """
        self._write("opened", entry=entry_data(entry), tag=tag, ours=ours)

    def step_began(self, name: str, at: datetime) -> None:
        self._write("step began", step=name, at=at.isoformat())

    def step_ended(self, name: str, at: datetime, wrong: str = "") -> None:
        self._write("step ended", step=name, at=at.isoformat(), wrong=wrong)

    def handed_over(self, data: dict[str, Any]) -> None:
        """`start` has done its part; what `finish` needs to go on."""
        self._write("handed over", data=data)

    def finished(self, status: str) -> None:
        """The log has been told; nothing is left for the end of the job to do."""
        self._write("finished", status=status)

    def _write(self, event: str, **data: Any) -> None:
        with self._one_at_a_time:
            if self._file.closed:  # what is learned after the end is of no use any more
                return
            self._file.write(json.dumps({"event": event, **data}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a journal tells. `during` is the step that began and never ended."""

    entry: Entry
    tag: str | None
    ours: bool
    during: str | None
    passed: tuple[str, ...]
    handed: dict[str, Any] | None = None  # by `start` to `finish`
    ended_as: str = ""

    @property
    def finished(self) -> bool:
        return bool(self.ended_as)


def new_journal(temporary: Path) -> Journal:
    return Journal(temporary / _DIRECTORY / f"{uuid.uuid4()}.jsonl")


def shared_journal(temporary: Path, environment: str, *, anew: bool) -> Journal:
    """The one that `start` begins and `finish` of the same job goes on with."""
    name = hashlib.sha256(environment.casefold().encode()).hexdigest()[:16]
    path = temporary / _DIRECTORY / f"halves-{name}.jsonl"
    if anew:
        path.unlink(missing_ok=True)
    return Journal(path)


def read_story(path: Path) -> Story | None:
    """Read a journal; None when it never came to a deployment. A torn last line is passed over."""
    events = [event for line in path.read_text(encoding="utf-8").splitlines() if (event := _event(line))]
    opening = next((event for event in reversed(events) if event["event"] == "opened"), None)
    if opening is None:
        return None
    began = [event["step"] for event in events if event["event"] == "step began"]
    ended = {event["step"]: event["wrong"] for event in events if event["event"] == "step ended"}
    return Story(
        entry=entry_from(opening["entry"]),
        tag=opening["tag"],
        ours=opening["ours"],
        during=next((step for step in began if step not in ended), None),
        passed=tuple(step for step, wrong in ended.items() if not wrong),
        handed=next((event["data"] for event in events if event["event"] == "handed over"), None),
        ended_as=next((event["status"] for event in events if event["event"] == "finished"), ""),
    )


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
