"""A copy of the deployment log, for pages. GitHub's is the log: this one is made anew from it, whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

import structlog
from sqlalchemy import Engine, Select, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from gateway.github import GitHub
from gateway.record import log_entries
from protocol.entry import Entry, entry_data, entry_from
from service.events import dig
from service.tables import entries

_LONGEST_NAME = 255
_MOST_TRIES = 9
_ENDED = frozenset({"success", "failure", "error"})

log = structlog.get_logger()


class Entries:
    """The log of each repository as it was read last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def copy(self, repository: str, found: Sequence[Entry]) -> None:
        """Hold exactly these entries of a repository; of two who copy at once, the later one's."""
        rows = [_row(repository, entry) for entry in found if _has_room(entry)]
        for _ in range(_MOST_TRIES):
            try:
                return self._replace(repository, rows)
            except IntegrityError:  # another's rows came between our taking away and our putting in
                continue
        return self._replace(repository, rows)

    def _replace(self, repository: str, rows: Sequence[dict[str, Any]]) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(entries).where(entries.c.repository == repository))
            if rows:
                connection.execute(insert(entries), rows)

    def of(
        self, repository: str, *, environment: str | None = None, limit: int = 100, after: int = 0
    ) -> tuple[Entry, ...]:
        """The newest first, without the first `after` of them."""
        which = select(entries.c.data).where(entries.c.repository == repository)
        if environment is not None:
            which = which.where(entries.c.environment == environment.casefold())
        newest_first = which.order_by(entries.c.at.desc(), entries.c.key.desc())
        return self._read(newest_first.limit(limit).offset(after))

    def counts(self) -> dict[str, int]:
        """How many there are of each repository that has any."""
        which = select(entries.c.repository, func.count()).group_by(entries.c.repository)
        with self._engine.connect() as connection:
            return {repository: count for repository, count in connection.execute(which)}  # noqa: C416 (rows)

    def one(self, repository: str, key: str) -> Entry | None:
        mine = (entries.c.repository == repository, entries.c.key == key)
        return next(iter(self._read(select(entries.c.data).where(*mine))), None)

    def running(self, repositories: Collection[str]) -> tuple[Entry, ...]:
        """The newest success of each environment of these repositories."""
        order = (entries.c.at.desc(), entries.c.key.desc())
        place = func.row_number().over(
            partition_by=(entries.c.repository, entries.c.environment), order_by=order
        )
        succeeded = (
            select(entries.c.data, place.label("place"))
            .where(entries.c.repository.in_(repositories), entries.c.status == "success")
            .subquery()
        )
        return self._read(select(succeeded.c.data).where(succeeded.c.place == 1))

    def _read(self, which: Select[tuple[Any]]) -> tuple[Entry, ...]:
        with self._engine.connect() as connection:
            return tuple(entry_from(json.loads(data)) for data in connection.scalars(which))


def _row(repository: str, entry: Entry) -> dict[str, Any]:
    return {
        "repository": repository,
        "key": entry.key,
        "environment": entry.environment.casefold(),
        "at": entry.at.timestamp(),
        "data": json.dumps(entry_data(entry)),
        "status": entry.status,
    }


def _has_room(entry: Entry) -> bool:
    """Who may write a release may write anything there; GitHub's own names all fit."""
    names = (entry.environment, entry.key)
    return all(len(name) <= _LONGEST_NAME and name.isprintable() for name in names)


class LogDesk:
    """Copies a repository's log when a deployment in it has ended."""

    def __init__(self, engine: Engine, github_for: Callable[[int, str], GitHub]) -> None:
        self._entries = Entries(engine)
        self._github_for = github_for

    def hear(self, event: str, payload: Any) -> None:
        """Raises GatewayError: the delivery is then taken up again later."""
        installation_id = dig(payload, int, "installation", "id")
        repository = dig(payload, str, "repository", "full_name")
        if installation_id and repository and self._has_news(event, payload, repository):
            self.copy(installation_id, repository)

    def _has_news(self, event: str, payload: Any, repository: str) -> bool:
        """A job that ends its own Deployment writes the release after that: its run's end says when."""
        if event == "deployment_status":
            return dig(payload, str, "deployment_status", "state") in _ENDED
        if event != "workflow_run" or dig(payload, str, "action") != "completed":
            return False
        run_url = dig(payload, str, "workflow_run", "html_url")
        return any(entry.run_url == run_url and not entry.findings for entry in self._entries.of(repository))

    def copy(self, installation_id: int, repository: str) -> None:
        """From GitHub alone, whatever was held before."""
        found = log_entries(self._github_for(installation_id, repository))
        self._entries.copy(repository, found)
        log.info("log.copied", repository=repository, entries=len(found))
