"""Commands in comments: the first line of a comment, read into a value. Nobody is asked, nothing is done."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from protocol.deadlines import take_deadline
from protocol.errors import ProtocolError
from protocol.wording import nearest, not_known, say_any

Word: TypeAlias = Literal[
    "deploy",
    "rollback",
    "approve",
    "reject",
    "withdraw",
    "freeze",
    "unfreeze",
    "emergency",
    "status",
    "help",
]

ALL = "all"  # every environment, to freeze and unfreeze
LONGEST_LINE = 1_000
_LINE = re.compile(r"/([A-Za-z]{2,20})(?:[ \t]+(.*?))?[ \t]*")
_VERSION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w./+-]{0,99}", re.ASCII)
_ALIKE = 0.75  # other bots have commands too: only what is nearly ours is answered as a slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One command: how it is written, what it does, who may. `/help` and docs/commands.md show this."""

    word: Word
    form: str
    does: str
    who: str


VERBS: tuple[Verb, ...] = (
    Verb(
        word="deploy",
        form="/deploy ENVIRONMENT… [VERSION]",
        does="Starts the environment's workflow. What is missing is waited for, not refused.",
        who="deployers",
    ),
    Verb(
        word="rollback",
        form="/rollback ENVIRONMENT… [VERSION]",
        does="Starts the workflow that goes back to VERSION, or to the last good one.",
        who="deployers",
    ),
    Verb(
        word="approve",
        form="/approve [ENVIRONMENT…]",
        does="Approves this commit, for the environments named or for all.",
        who="approvers, never for their own",
    ),
    Verb(
        word="reject",
        form="/reject [ENVIRONMENT…] [REASON]",
        does="Refuses this commit until the same person withdraws it.",
        who="approvers",
    ),
    Verb(
        word="withdraw",
        form="/withdraw [ENVIRONMENT…] [REASON]",
        does="Takes back what the same person approved or rejected.",
        who="whoever gave it",
    ),
    Verb(
        word="freeze",
        form="/freeze ENVIRONMENT…|all until TIME REASON",
        does="Stops deployments until then: opens an issue labelled `deploy-freeze`.",
        who="anyone with write access",
    ),
    Verb(
        word="unfreeze",
        form="/unfreeze ENVIRONMENT…|all",
        does="Closes the open freezes of these environments.",
        who="anyone with write access",
    ),
    Verb(
        word="emergency",
        form="/emergency ENVIRONMENT… REASON",
        does="Passes everything but access: opens an issue labelled `deploy-emergency`. Close it afterwards.",
        who="access.emergency.who",
    ),
    Verb(
        word="status",
        form="/status [ENVIRONMENT…]",
        does="Shows what is deployed where, and all that each waiting deployment waits for.",
        who="anyone with write access, deployers",
    ),
    Verb(word="help", form="/help", does="Shows this table.", who="anyone"),
)

_WORDS: tuple[str, ...] = tuple(verb.word for verb in VERBS)


def commands_table() -> str:
    """In Markdown, as `/help` and docs/commands.md show it."""
    rows = [f"| `{verb.form.replace('|', chr(92) + '|')}` | {verb.does} | {verb.who} |" for verb in VERBS]
    return "\n".join(["| Command | What it does | Who may |", "|---|---|---|", *rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`environments` as the policy spells them, each once; empty where the command was given none."""

    word: Word
    environments: tuple[str, ...] = ()
    version: str = ""
    until: datetime | None = None
    reason: str = ""


class CommandError(ProtocolError):
    """A command that cannot be read, in one sentence with the cure."""


def parse_command(
    comment: str, *, environments: Collection[str], now: datetime, zone: ZoneInfo
) -> Command | None:
    """The command on a comment's first line; None when it begins with none of ours.

    The line begins with the slash: quotes, code and lists do not. Raises CommandError.
    """
    found = _first_line(comment)
    if found is None:
        return None
    word, rest = found
    named, rest = _take_environments(rest, _nameable(word, environments))
    command = Command(word=word, environments=named)
    match word:
        case "deploy" | "rollback":
            return _versioned(command, rest, environments)
        case "freeze":
            return _frozen(command, rest, environments, now, zone)
        case "emergency":
            return _reasoned(command, rest, environments)
        case "reject" | "withdraw":
            return Command(word=word, environments=named, reason=rest)
        case "help":
            return Command(word=word)
        case "approve" | "status":
            return _bare(command, rest, environments)
        case "unfreeze":
            return _bare(_with_environment(command, rest, environments), rest, environments)


def _first_line(comment: str) -> tuple[Word, str] | None:
    """The command's word and what follows; raises CommandError for a slip of the pen."""
    line = (comment.splitlines() or [""])[0]
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    word = match[1].lower()
    if word not in _WORDS:
        near = difflib.get_close_matches(word, _WORDS, n=1, cutoff=_ALIKE)
        if not near:
            return None
        raise CommandError(f"There is no command /{word}, did you mean /{near[0]}?")
    if len(line) > LONGEST_LINE:
        raise CommandError(f"The line is too long: write at most {LONGEST_LINE} characters.")
    return cast("Word", word), _printable(match[2] or "")


def _printable(text: str) -> str:
    """Without what is invisible or turns the writing's direction; spaces single."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _nameable(word: Word, environments: Collection[str]) -> tuple[str, ...]:
    return (*environments, ALL) if word in ("freeze", "unfreeze") else tuple(environments)


def _take_environments(text: str, known: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The names that the text begins with, as they are known, and the rest. A name may hold spaces."""
    longest_first = sorted(known, key=len, reverse=True)
    taken: list[str] = []
    while True:
        name = next((name for name in longest_first if _begins(text, name)), None)
        if name is None:
            return tuple(dict.fromkeys(taken)), text
        taken.append(name)
        text = text[len(name) :].lstrip(" ,")


def _begins(text: str, name: str) -> bool:
    """GitHub does not tell the case of environments' names apart."""
    return re.match(re.escape(name) + r"(?=[ ,]|$)", text, re.IGNORECASE) is not None


def _with_environment(command: Command, rest: str, environments: Collection[str]) -> Command:
    if command.environments:
        return command
    if rest:
        raise _unknown(rest, environments)
    names = say_any(_nameable(command.word, sorted(environments)) or ("one",))
    raise CommandError(f"Say which environment: {names}.")


def _unknown(rest: str, environments: Collection[str]) -> CommandError:
    said = not_known("environment", rest.split(" ", 1)[0].strip(","), environments)
    return CommandError(f"{said[0].upper()}{said[1:]}" + ("" if said.endswith("?") else "."))


def _bare(command: Command, rest: str, environments: Collection[str]) -> Command:
    """A word too many never approves."""
    if rest:
        raise _unknown(rest, environments)
    return command


def _versioned(command: Command, rest: str, environments: Collection[str]) -> Command:
    command = _with_environment(command, rest, environments)
    if not rest:
        return command
    if nearest(rest.split(" ", 1)[0], environments):
        raise _unknown(rest, environments)
    if " " in rest:
        raise CommandError(f"One version may follow the environments, and '{rest}' is more than one word.")
    if not _VERSION.fullmatch(rest):
        raise CommandError(f"'{rest}' is not a version: write a tag's name or a commit, such as v1.4.2.")
    return Command(word=command.word, environments=command.environments, version=rest)


def _frozen(
    command: Command, rest: str, environments: Collection[str], now: datetime, zone: ZoneInfo
) -> Command:
    preposition, *words = rest.split(" ")
    if preposition.lower() not in ("until", "for"):
        command = _with_environment(command, rest, environments)
        raise CommandError("Say until when: `until 2h`, `until Mon 08:00`, then the reason.")
    command = _with_environment(command, "", environments)
    try:
        until, used = take_deadline(words, now, zone)
    except ValueError as error:
        raise CommandError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
    reason = " ".join(words[used:])
    if not reason:
        raise CommandError("Write the reason after the time: people will ask.")
    return Command(word="freeze", environments=command.environments, until=until, reason=reason)


def _reasoned(command: Command, rest: str, environments: Collection[str]) -> Command:
    command = _with_environment(command, rest, environments)
    if not rest:
        raise CommandError("Write the reason after the environment: an emergency is recorded with it.")
    return Command(word=command.word, environments=command.environments, reason=rest)
