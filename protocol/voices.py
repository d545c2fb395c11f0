"""What each person says of a deployment by now: whose word counts, for which commit, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from protocol.facts import Approval, Facts, Known, Missing
from protocol.moments import later, say_moment
from protocol.principals import Principal, anyone_of, is_bot

_WORSE = {"approved": 0, "withdrawn": 1, "rejected": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One person's standing word. `flaw` is why their approval does not count, empty when it does."""

    by: str
    state: str
    reason: str = ""
    flaw: str = ""
    expires_at: datetime | None = None

    @property
    def counts(self) -> bool:
        return self.state == "approved" and not self.flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """How words are heard: `own` are the logins whose work it is, `expire` how long a word lasts."""

    facts: Facts
    now: datetime
    zone: ZoneInfo
    own: frozenset[str]
    expire: timedelta | None = None

    def voices(self, said: Sequence[Approval]) -> tuple[Voice, ...]:
        """Each person's standing word, in the order of their names."""
        words = groupby(sorted(said, key=_by_person_then_time), key=lambda word: word.by.lower())
        return tuple(self._voice(login, list(theirs)) for login, theirs in words)

    def _voice(self, login: str, words: list[Approval]) -> Voice:
        last = words[-1]
        if last.state != "approved":
            flaw = "a bot" if is_bot(login) else ""
            return Voice(by=login, state=last.state, reason=last.reason, flaw=flaw)
        standing = _since_the_last_no(words)
        best = next((word for word in reversed(standing) if not self._flaw(word)), last)
        return Voice(by=login, state="approved", flaw=self._flaw(best), expires_at=self._expiry(best))

    def _flaw(self, word: Approval) -> str:
        expires_at = self._expiry(word)
        if is_bot(word.by):
            return "a bot"
        if word.by.lower() in self.own:
            return "own work"
        if not _is_for_this(word, self.facts):
            return "for another commit"
        if expires_at is not None and expires_at <= self.now:
            return f"expired {say_moment(expires_at, self.zone)}"
        return ""

    def _expiry(self, word: Approval) -> datetime | None:
        return None if self.expire is None else later(word.at, self.expire)


def _by_person_then_time(word: Approval) -> tuple[str, datetime, int, str, str, str]:
    """Of two words at the same moment the worse one is the later."""
    return word.by.lower(), word.at, _WORSE[word.state], word.method, word.sha or "", word.reason


def _since_the_last_no(words: list[Approval]) -> list[Approval]:
    """The approvals after a person's last withdrawal or rejection; `words` in order of time."""
    noes = [index for index, word in enumerate(words) if word.state != "approved"]
    return words[noes[-1] + 1 :] if noes else words


def _is_for_this(word: Approval, facts: Facts) -> bool:
    """For this run, for the commit itself, or for the head of the pull request whose merge it is."""
    if word.sha in (None, facts.sha):
        return True
    pull_request = facts.pull_request
    if isinstance(pull_request, Missing | None) or word.sha != pull_request.head_sha:
        return False
    return pull_request.merged and pull_request.merge_sha == facts.sha


@dataclass(frozen=True, slots=True)
class Tally:
    """How the voices stand to those who may speak."""

    counted: tuple[Voice, ...]
    uncounted: tuple[Voice, ...]  # may speak and approved, but see `flaw`
    against: tuple[Voice, ...]  # may speak and said no
    unknown: tuple[tuple[Voice, Missing], ...]  # would count, or would stand against, if they may speak

    @property
    def lapses(self) -> datetime | None:
        """When the first approval that counts, or may count, expires."""
        voices = (*self.counted, *(voice for voice, _ in self.unknown))
        return min((voice.expires_at for voice in voices if voice.expires_at is not None), default=None)

    @property
    def unsure(self) -> Missing | None:
        """Why it is not known whether an approval counts; None when all are known."""
        return next((why for voice, why in self.unknown if voice.counts), None)


def tally(voices: Sequence[Voice], may_speak: tuple[Principal, ...], facts: Facts) -> Tally:
    """Sort the voices by whether `may_speak` includes them."""
    known: list[tuple[Voice, Known[bool]]] = [
        (voice, anyone_of(may_speak, voice.by, facts.people)) for voice in voices
    ]
    speaking = [voice for voice, may in known if may is True]
    return Tally(
        counted=tuple(voice for voice in speaking if voice.counts),
        uncounted=tuple(voice for voice in speaking if voice.state == "approved" and voice.flaw),
        against=tuple(voice for voice in speaking if _is_against(voice)),
        unknown=tuple(
            (voice, may)
            for voice, may in known
            if isinstance(may, Missing) and (voice.counts or _is_against(voice))
        ),
    )


def _is_against(voice: Voice) -> bool:
    return voice.state == "rejected" and not voice.flaw


def not_counted(voices: Sequence[Voice]) -> str:
    """The end of a sentence about voices that do not count, and why."""
    said = ", ".join(f"{voice.by} ({voice.flaw})" for voice in voices)
    return f"; not counted: {said}" if said else ""
