"""Our one answer to a comment: written when work begins, changed as it goes on, never doubled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote, unquote

from gateway.github import GitHub
from gateway.threads import Reaction, find_ours, rewrite_comment, write_comment

_DONE = re.compile(r"<!-- done (\S+) -->")
_BEGUN = re.compile(r"<!-- begun(?: ([^>]*?))? -->")
_REACTIONS: tuple[Reaction, ...] = ("rocket", "+1", "-1", "confused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: Markdown for people, and a reaction on what they wrote."""

    text: str
    reaction: Reaction = "+1"


def no(text: str) -> Outcome:
    """The person may not, or it cannot be done."""
    return Outcome(text=text, reaction="-1")


def unclear(text: str) -> Outcome:
    """It was not understood, or there is nothing to do it to."""
    return Outcome(text=text, reaction="confused")


class Reply:
    """What GitHub keeps of the answer: whether it is done, and which runs were begun on the way.

    Read once, when made; hold the claim on what it answers before. `since` is when that was written.
    """

    def __init__(self, github: GitHub, number: int, key: str, *, us: str, since: datetime) -> None:
        self._github, self._number = github, number
        self._marker = f"<!-- deploy-protocol:{key} -->"
        found = find_ours(github, number, self._marker, us=us, since=since)
        body = found.body if found else ""
        self._comment_id = found.id if found else None
        self.is_repeated = found is not None  # an earlier try came this far, and may have done more
        self.done = _done(body)
        self._begun = dict(_begun(body))

    @property
    def begun(self) -> Mapping[str, int]:
        """The runs that were started, by environment."""
        return self._begun

    def begin(self, runs: Mapping[str, int] = MappingProxyType({})) -> None:
        """Say that work goes on, and remember runs that were started."""
        self._begun |= runs
        noted = " ".join(f"{quote(name, safe='')}={run}" for name, run in self._begun.items())
        self._write(f"<!-- begun {noted} -->\nWorking on it…")

    def finish(self, outcome: Outcome) -> None:
        self._write(f"<!-- done {outcome.reaction} -->\n{outcome.text}")

    def _write(self, body: str) -> None:
        text = f"{self._marker}\n{body}"
        if self._comment_id is None:
            self._comment_id = write_comment(self._github, self._number, text)
        else:
            rewrite_comment(self._github, self._comment_id, text)


def _done(body: str) -> Reaction | None:
    found = _DONE.search(_second_line(body))
    return next((one for one in _REACTIONS if found and one == found[1]), None)


def _begun(body: str) -> Mapping[str, int]:
    found = _BEGUN.search(_second_line(body))
    pairs = (pair.rpartition("=") for pair in (found[1] or "").split()) if found else ()
    return {unquote(name): int(run) for name, _, run in pairs if run.isdecimal()}


def _second_line(body: str) -> str:
    return "".join(body.splitlines()[1:2])
