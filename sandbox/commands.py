"""What a step says to the runner: commands in its output, and the files it may write."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_COMMAND = re.compile(r"^::(?P<name>[a-zA-Z-]+)(?: (?P<properties>[^:]*(?::(?!:)[^:]*)*))?::(?P<value>.*)$")
_LEVELS = {"error": "failure", "warning": "warning", "notice": "notice"}
ANNOTATIONS_OF_A_LEVEL = 10  # per step; more are dropped, as on GitHub


class FileCommandError(Exception):
    """A file such as GITHUB_OUTPUT that cannot be read."""


@dataclass(slots=True)
class Masks:
    """Secrets that never reach a log."""

    values: set[str] = field(default_factory=set, repr=False)

    def add(self, secret: str) -> None:
        self.values |= {line for line in [secret, *secret.splitlines()] if line.strip()}

    def hide(self, text: str) -> str:
        for secret in sorted(self.values, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def occur_in(self, text: str) -> bool:
        return any(secret in text for secret in self.values)


@dataclass(slots=True, kw_only=True)
class Output:
    """The output of one step on its way to the log."""

    masks: Masks
    log: Callable[[str], None]
    annotations: list[dict[str, Any]] = field(default_factory=list)
    _stopped_until: str = ""

    def line(self, text: str) -> None:
        if self._stopped_until:
            self._while_stopped(text)
        elif found := _COMMAND.match(text):
            self._command(found["name"].lower(), _properties(found["properties"] or ""), found["value"])
        else:
            self.say(text)

    def say(self, text: str) -> None:
        self.log(self.masks.hide(text))

    def annotate(self, level: str, message: str, properties: dict[str, str] | None = None) -> None:
        self.say(f"##[{level}]{message}")
        about = properties or {}
        if (
            sum(each["annotation_level"] == _LEVELS[level] for each in self.annotations)
            < ANNOTATIONS_OF_A_LEVEL
        ):
            self.annotations.append(_annotation(_LEVELS[level], self.masks.hide(message), about))

    def _while_stopped(self, text: str) -> None:
        if text == f"::{self._stopped_until}::":
            self._stopped_until = ""
        else:
            self.say(text)

    def _command(self, name: str, properties: dict[str, str], value: str) -> None:
        match name:
            case "add-mask":
                self.masks.add(_unescape(value))
                self.log("::add-mask::***")
            case "stop-commands":
                self._stopped_until = value
            case "error" | "warning" | "notice":
                self.annotate(name, _unescape(value), properties)
            case "group":
                self.say(f"##[group]{_unescape(value)}")
            case "endgroup":
                self.log("##[endgroup]")
            case "debug":
                pass  # shown only where ACTIONS_STEP_DEBUG is set
            case _:
                self.say(f"::{name}::{value}")


def read_pairs(path: Path) -> dict[str, str]:
    """`name=value` and `name<<DELIMITER` blocks. Raises FileCommandError as the runner would."""
    pairs: dict[str, str] = {}
    lines = iter(_lines(path))
    for line in lines:
        name, operator, rest = _split(line)
        if operator == "<<":
            pairs[name] = "\n".join(_block(lines, rest))
        elif operator == "=":
            pairs[name] = rest
        elif line:
            raise FileCommandError(f"Invalid format '{line}'")
    return pairs


def read_lines(path: Path) -> list[str]:
    return [line for line in _lines(path) if line]


def _lines(path: Path) -> list[str]:
    """Ended by a newline alone, as the runner reads them: Unicode's other line ends are text."""
    return path.read_text("utf-8").removesuffix("\n").split("\n") if path.exists() else []


def _split(line: str) -> tuple[str, str, str]:
    """Whichever of `=` and `<<` comes first separates the name."""
    found = re.match(r"([^=<]+(?:<(?!<)[^=<]*)*)(=|<<)(.*)", line, re.DOTALL)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def _block(lines: Any, delimiter: str) -> list[str]:
    block: list[str] = []
    for line in lines:
        if line == delimiter:
            return block
        block.append(line)
    raise FileCommandError(f"Invalid value. Matching delimiter not found '{delimiter}'")


def _properties(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {
        name.strip(): _unescape(value).replace("%3A", ":").replace("%2C", ",") for name, _, value in pairs
    }


def _unescape(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _annotation(level: str, message: str, properties: dict[str, str]) -> dict[str, Any]:
    line = int(properties["line"]) if properties.get("line", "").isdigit() else 1
    end = int(properties["endLine"]) if properties.get("endLine", "").isdigit() else line
    return {
        "path": properties.get("file", ".github"),
        "start_line": line,
        "end_line": end,
        "annotation_level": level,
        "message": message,
        "title": properties.get("title"),
    }
