"""What is done, written down before it starts and after it ends, so that a killed job leaves its story."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from action.errors import NoRoom
from protocol.entry import Entry, entry_data, entry_from

_DIRECTORY = "deploy-protocol"
_ROOM = 1 << 20  # bytes; a long story has a tenth of it


class Journal:
    """JSON lines, each on the disk before we go on. Raises NoRoom where there is none to begin with.

    Room is kept for the whole story, so that a disk that fills up meanwhile cannot cut it. Where a line is
    lost all the same, the job goes on: it tells GitHub itself, and `lost` says what its end would not know.
    """

    def __init__(self, path: Path, *, room: int = 0) -> None:
        self.path = path
        self.lost = ""
        self._one_at_a_time = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            known = path.read_bytes().rstrip(b"\0")
            self._end, self._torn = len(known), bool(known) and not known.endswith(b"\n")
            if room and hasattr(os, "posix_fallocate"):  # macOS, at somebody's terminal, has none
                os.posix_fallocate(self._file, self._end, room)
        except OSError as error:
            raise NoRoom(
                f"{path} could not be written, and nothing is begun without a journal: {error.strerror}. "
                "Make room on the runner's disk."
            ) from error
        self._closed = False

    def close(self) -> None:
        with self._one_at_a_time:
            if not self._closed:
                os.close(self._file)
            self._closed = True

    def opened(self, entry: Entry, *, tag: str | None, ours: bool, since: str | None = None) -> None:
        """The entry as it will stand if nothing more is heard; `ours`: we make its Deployment, and end it.

        Again when more of it is known: the last one holds. `since`: what it contains since that commit is
        not known yet.
        """
        self._write("opened", entry=entry_data(entry), tag=tag, ours=ours, since=since)

    def telling(self, telling: str, channel: str) -> None:
        """A message is about to be sent. Without `told` after it nobody knows whether it was."""
        self._write("telling", telling=telling, channel=channel)

    def told(self, telling: str, channel: str, wrong: str) -> None:
        """It was sent, or was not: `wrong` says why."""
        self._write("told", telling=telling, channel=channel, wrong=wrong)

    def step_began(self, name: str, at: datetime) -> None:
        self._write("step began", step=name, at=at.isoformat())

    def step_ended(self, name: str, at: datetime, wrong: str = "") -> None:
        self._write("step ended", step=name, at=at.isoformat(), wrong=wrong)

    def handed_over(self, data: dict[str, Any]) -> None:
        """`start` has done its part; what `finish` needs to go on. Raises NoRoom."""
        if not self._write("handed over", data=data):
            raise NoRoom(f"what `phase: finish` needs could not be written: {self.lost}")

    def deployed(self) -> None:
        """Every step passed; what may follow only tidies."""
        self._write("deployed")

    def ended(self, entry: Entry) -> None:
        """The entry as it is to be told, before anybody is told."""
        self._write("ended", entry=entry_data(entry))

    def recorded(self, part: str, where: str) -> None:
        """A part of the log stands on GitHub, at this address."""
        self._write("recorded", part=part, where=where)

    def turn(self, ref: str, at: datetime) -> None:
        """The ref that makes others wait until we have written the log; empty where it may not be ours."""
        self._write("turn", ref=ref, at=at.isoformat())

    def finished(self, status: str) -> None:
        """All is told; nothing is left for the end of the job to do.

        A journal that cannot say so is taken away, or that end would tell another story.
        """
        if not self._write("finished", status=status):
            self.path.unlink(missing_ok=True)

    def _write(self, event: str, **data: Any) -> bool:
        line = json.dumps({"event": event, **data}).encode() + b"\n"
        with self._one_at_a_time:
            if self._closed:  # what is learned after the end is of no use any more
                return False
            try:
                self._put(b"\n" + line if self._torn else line)
            except OSError as error:
                self.lost, self._torn = self.lost or str(error.strerror), True
                return False
            self._torn = False
            return True

    def _put(self, line: bytes) -> None:
        done = 0
        while done < len(line):
            done += os.pwrite(self._file, line[done:], self._end + done)
        os.fsync(self._file)
        self._end += done


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a journal tells. `during` is the step that began and never ended."""

    entry: Entry
    tag: str | None
    ours: bool
    during: str | None
    passed: tuple[str, ...]
    since: str | None = None  # the commit since which nobody had learned yet what it contains
    handed: dict[str, Any] | None = None  # by `start` to `finish`
    deployed: bool = False
    closing: Entry | None = None  # as it was to be told
    stands: Mapping[str, str] = field(default_factory=dict)  # parts of the log on GitHub, and where
    turn: str = ""  # the ref that others waited for when the job died
    turn_at: datetime | None = None
    ended_as: str = ""

    @property
    def finished(self) -> bool:
        return bool(self.ended_as)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Messages by what they tell and their channel. Of the `doubtful` nobody knows whether they arrived."""

    told: frozenset[tuple[str, str]] = frozenset()
    doubtful: frozenset[tuple[str, str]] = frozenset()
    over: bool = False  # all is told


def new_journal(temporary: Path) -> Journal:
    return Journal(temporary / _DIRECTORY / f"{uuid.uuid4()}.jsonl", room=_ROOM)


def shared_journal(temporary: Path, environment: str, *, anew: bool) -> Journal:
    """The one that `start` begins and `finish` of the same job goes on with."""
    name = hashlib.sha256(environment.casefold().encode()).hexdigest()[:16]
    path = temporary / _DIRECTORY / f"halves-{name}.jsonl"
    if anew:
        path.unlink(missing_ok=True)
    return Journal(path, room=_ROOM if anew else 0)


def read_story(path: Path) -> Story | None:
    """Read a journal; None when it never came to a deployment. A torn line is passed over."""
    events = _events(path)
    opening = _last(events, "opened")
    if opening is None:
        return None
    began = [event["step"] for event in events if event["event"] == "step began"]
    ended = {event["step"]: event["wrong"] for event in events if event["event"] == "step ended"}
    names = ("ended", "handed over", "turn", "finished")
    closing, handed, turn, finished = (_last(events, name) for name in names)
    return Story(
        entry=entry_from(opening["entry"]),
        tag=opening["tag"],
        ours=opening["ours"],
        during=next((step for step in began if step not in ended), None),
        passed=tuple(step for step, wrong in ended.items() if not wrong),
        since=opening.get("since"),
        handed=handed["data"] if handed else None,
        deployed=_last(events, "deployed") is not None,
        closing=entry_from(closing["entry"]) if closing else None,
        stands={event["part"]: event["where"] for event in events if event["event"] == "recorded"},
        turn=turn["ref"] if turn else "",
        turn_at=datetime.fromisoformat(turn["at"]) if turn else None,
        ended_as=finished["status"] if finished else "",
    )


def read_heard(path: Path) -> Heard:
    """Who was told what, as far as the journal knows."""
    events = _events(path)
    begun = {(one["telling"], one["channel"]) for one in events if one["event"] == "telling"}
    ended = {(one["telling"], one["channel"]): one["wrong"] for one in events if one["event"] == "told"}
    told = frozenset(message for message, wrong in ended.items() if not wrong)
    over = _last(events, "finished") is not None
    return Heard(told=told, doubtful=frozenset(begun) - ended.keys(), over=over)


def _events(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().rstrip(b"\0").decode(errors="replace")
    return [event for line in text.splitlines() if (event := _event(line))]


def _last(events: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((event for event in reversed(events) if event["event"] == name), None)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
