"""What can be wrong with what a person wrote: one root, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.wording import counted

MOST_PROBLEMS = 100  # of each kind; nobody reads more, and a hostile file could have a hundred thousand
_MANY = f"{MOST_PROBLEMS} problems or more are named"
_LONGEST = 600  # characters; a hostile file could have itself repeated in full


class ProtocolError(Exception):
    """Root of every error the protocol raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a file. `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class PolicyError(ProtocolError):
    """A policy that cannot be used, with every problem found in it; where they were cut off, that too."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        found = [replace(problem, message=shortened(problem.message)) for problem in sorted(problems)]
        self.at_least = "at least " if len(found) >= MOST_PROBLEMS else ""
        self.count = f"{self.at_least}{counted(len(found), 'problem')}"
        self.others = len(found) - 1
        if self.at_least:
            found.append(replace(found[-1], message=f"{_MANY}, and there may be more: mend these first"))
        self.problems = tuple(found)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shortened(message: str) -> str:
    """As much of a message as anybody reads."""
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"
