"""The pull requests we show something on: a cache of GitHub, with the moment each is looked at next."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Engine, Row, and_, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from service.tables import pulls

LEASE = 300.0  # seconds one worker has for one look
APART = 2.0  # seconds between two of many, so that gates are shown in between
QUIET = 2.0  # seconds to wait for what else happens: many events become one look

ShownCheck: TypeAlias = tuple[str, int, str]
"""A check run as we wrote it last: its commit, its id, the digest of its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPull:
    """A pull request taken for one look, with the check runs shown before, by name."""

    id: int
    installation_id: int
    repository: str
    number: int
    state: str
    head_sha: str
    sha: str
    looks_wanted: int
    failures: int
    shown: Mapping[str, ShownCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPull:
    """What one look came to. `recheck_at` None: only an event makes us look again."""

    recheck_at: float | None
    state: str
    head_sha: str
    sha: str
    failures: int = 0
    shown: Mapping[str, ShownCheck]


class Pulls:
    """May look and write too often. Losing all of it costs nothing that a look does not bring back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def want(self, installation_id: int, repository: str, number: int, now: float) -> None:
        """Want a look at a pull request, known or not."""
        ours = and_(pulls.c.repository == repository, pulls.c.number == number)
        if self._want(ours, now + QUIET):
            return
        row = {"installation_id": installation_id, "repository": repository, "number": number}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(pulls).values(**row, state="open", recheck_at=now + QUIET))
        except IntegrityError:
            self._want(ours, now + QUIET)

    def unseen(self, repository: str, heads: Mapping[int, str]) -> tuple[int, ...]:
        """Of these pull requests, those never heard of, and those we showed another head's needs on."""
        known = self._heads(repository, heads)
        return tuple(number for number, head in heads.items() if known.get(number) not in ("", head))

    def unknown(self, repository: str, numbers: Collection[int]) -> tuple[int, ...]:
        """Those never heard of."""
        known = self._heads(repository, numbers)
        return tuple(number for number in numbers if number not in known)

    def _heads(self, repository: str, numbers: Collection[int]) -> Mapping[int, str]:
        """Of those we know: "" before the first look."""
        ours = (pulls.c.repository == repository, pulls.c.number.in_(numbers))
        with self._engine.connect() as connection:
            rows = connection.execute(select(pulls.c.number, pulls.c.head_sha).where(*ours))
            return {row.number: row.head_sha for row in rows}

    def want_commit(self, repository: str, sha: str, now: float) -> None:
        """Want a look at every pull request known to have this commit as its head or its merge."""
        of_commit = or_(pulls.c.head_sha == sha, pulls.c.sha == sha)
        self._want(and_(pulls.c.repository == repository, of_commit), now + QUIET)

    def want_open(self, repository: str, now: float) -> None:
        """Want a look at every open pull request of a repository, not all at the same moment."""
        which = and_(pulls.c.repository == repository, pulls.c.state == "open")
        self._want(which, now + QUIET + (pulls.c.number % 20) * APART)

    def _want(self, which: ColumnElement[bool], soon: float | ColumnElement[float]) -> int:
        sooner = or_(pulls.c.recheck_at.is_(None), pulls.c.recheck_at > soon)
        wanted = (
            update(pulls)
            .where(which)
            .values(
                recheck_at=case((sooner, soon), else_=pulls.c.recheck_at),
                looks_wanted=pulls.c.looks_wanted + 1,
            )
        )
        with self._engine.begin() as connection:
            return connection.execute(wanted).rowcount

    def claim(self, pull_id: int, now: float) -> HeldPull | None:
        """Take one that is due; None when it is not, or held by another worker."""
        due = and_(pulls.c.id == pull_id, pulls.c.recheck_at <= now, pulls.c.leased_until <= now)
        with self._engine.begin() as connection:
            row = connection.execute(
                update(pulls).where(due).values(leased_until=now + LEASE).returning(*pulls.c)
            ).first()
        return _held(row) if row else None

    def looked(self, held: HeldPull, seen: SeenPull, now: float) -> None:
        """Store a look. What asked for another one meanwhile gets it."""
        asked_meanwhile = pulls.c.looks_wanted != held.looks_wanted
        stored = {
            "state": seen.state,
            "head_sha": seen.head_sha,
            "sha": seen.sha,
            "failures": seen.failures,
            "shown": json.dumps(seen.shown),
            "leased_until": 0.0,
            "recheck_at": case((asked_meanwhile, now + QUIET), else_=seen.recheck_at),
        }
        with self._engine.begin() as connection:
            connection.execute(update(pulls).where(pulls.c.id == held.id).values(stored))

    def due(self, now: float, limit: int = 500) -> list[tuple[int, float]]:
        """Those whose moment has come and that nobody holds: (id, due at), most overdue first."""
        query = (
            select(pulls.c.id, pulls.c.recheck_at)
            .where(pulls.c.recheck_at <= now, pulls.c.leased_until <= now)
            .order_by(pulls.c.recheck_at)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [(row.id, row.recheck_at) for row in connection.execute(query)]


def _held(row: Row[tuple[object, ...]]) -> HeldPull:
    return HeldPull(
        id=row.id,
        installation_id=row.installation_id,
        repository=row.repository,
        number=row.number,
        state=row.state,
        head_sha=row.head_sha,
        sha=row.sha,
        looks_wanted=row.looks_wanted,
        failures=row.failures,
        shown={
            name: (sha, check_id, digest) for name, (sha, check_id, digest) in json.loads(row.shown).items()
        },
    )
