"""What is remembered between two looks: things that cannot change, and people for a few minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from protocol.errors import PolicyError
from protocol.facts import Changes, Known, Missing, Permission, Relation

if TYPE_CHECKING:
    from gateway.github import JobDeployment, Run
    from protocol.policy import Policy  # pydantic takes 0.1 s to import

ReadPolicy: TypeAlias = "Policy | PolicyError | Missing"
"""A policy as it was found: usable, wrong in ways it names, or not to be had."""

K = TypeVar("K")
V = TypeVar("V")

# Who left a team may still approve for this long.
PEOPLE = timedelta(minutes=5)
MOST = 1000


class Remembered(Generic[K, V]):
    """At most a thousand values, the oldest forgotten first, each for `length` or for good."""

    def __init__(self, length: timedelta | None = None) -> None:
        self._length = length
        self._values: dict[K, tuple[V, datetime]] = {}

    def at(self, key: K, now: datetime) -> V | None:
        """None where it was never kept, or too long ago."""
        found = self._values.get(key)
        if found is None or (self._length is not None and found[1] + self._length <= now):
            return None
        return found[0]

    def without(self, keys: Sequence[K], now: datetime) -> tuple[K, ...]:
        """Those of `keys` that are not remembered."""
        return tuple(key for key in keys if self.at(key, now) is None)

    def keep(self, key: K, value: V, now: datetime) -> V:
        self._values.pop(key, None)
        self._values[key] = (value, now)
        for oldest in list(self._values)[:-MOST]:
            self._values.pop(oldest, None)
        return value

    def kept(self, keys: Sequence[K], learned: Mapping[K, V | Missing], now: datetime) -> dict[K, V]:
        """Those of `keys` that are remembered, after keeping what was `learned`, if only it is known."""
        for key, value in learned.items():
            if not isinstance(value, Missing):
                self.keep(key, value, now)
        found = {key: self.at(key, now) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def forget(self) -> None:
        self._values.clear()


Teams: TypeAlias = Remembered[str, frozenset[str]]
"""The members of teams, each named "org/slug": the same for all repositories of an installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What lies between two commits."""

    relation: Relation
    changes: Known[Changes]


@dataclass(slots=True, kw_only=True)
class Memory:
    """A policy is known by its blob, a comparison by its two commits: neither ever changes."""

    policies: Remembered[str, ReadPolicy] = field(default_factory=Remembered)
    comparisons: Remembered[tuple[str, str], Comparison] = field(default_factory=Remembered)
    runs: Remembered[int, tuple[str, Run]] = field(default_factory=Remembered)  # with the tag of its answer
    jobs: Remembered[int, tuple[JobDeployment, ...]] = field(default_factory=Remembered)  # by check run
    edits: Remembered[tuple[str, str], Any] = field(default_factory=Remembered)
    required: Remembered[tuple[str, int], frozenset[str]] = field(default_factory=lambda: Remembered(PEOPLE))
    teams: Teams = field(default_factory=lambda: Remembered(PEOPLE))
    permissions: Remembered[str, Permission] = field(default_factory=lambda: Remembered(PEOPLE))
