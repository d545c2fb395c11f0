"""An organisation's own policy, from its `.github` repository, read with a token for that repository alone.

A token for one repository sees another only where that is public. So a private one is asked for by itself.
"""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, Rejected
from gateway.memory import ReadPolicy
from gateway.queries import query
from gateway.reading import Reading
from protocol.facts import Missing

if TYPE_CHECKING:
    from gateway.github import GitHub

HOME = ".github"  # where an organisation keeps what holds for all of its repositories
KEPT = timedelta(minutes=1)  # that long a change of it may go unnoticed
# What GitHub says to an App that asks for a token for a repository it is not installed on, or that is not.
_NOT_OURS = "not accessible to the parent installation"


class Organisation:
    """Remembers its answer for a minute. Safe to use from several threads."""

    def __init__(self, home: GitHub) -> None:
        self._home = home
        self._lock = Lock()
        self._found: ReadPolicy | None = None
        self._until: datetime | None = None
        self._is_seen_beside = False

    def ask_ahead(self, beside: Executor, now: datetime) -> None:
        """Begin to ask while a repository is asked about, unless it is known to need nothing of us."""
        if not (self._is_seen_beside or self._is_fresh(now) or self._lock.locked()):
            beside.submit(self.policy, now)

    def seen_beside(self) -> None:
        """A repository's own token sees this one's too: it is public."""
        self._is_seen_beside = True

    def policy(self, now: datetime) -> ReadPolicy | None:
        """None: the organisation has none. Missing: it may have one, and nobody can say what it is."""
        with self._lock:
            if not self._is_fresh(now):
                self._found = self._ask(now)
                unsure = isinstance(self._found, Missing)
                self._until = None if unsure else now + KEPT
            return self._found

    def _is_fresh(self, now: datetime) -> bool:
        return self._until is not None and now < self._until

    def _ask(self, now: datetime) -> ReadPolicy | None:
        try:
            return self._read(now)
        except Rejected as refusal:
            return None if _NOT_OURS in str(refusal) else _unread(refusal)
        except GatewayError as error:
            return _unread(error)

    def _read(self, now: datetime) -> ReadPolicy | None:
        from gateway.ahead import policy_expression  # noqa: PLC0415  # start-up time
        from gateway.policies import policy_in  # noqa: PLC0415  # start-up time

        home = self._home
        owner, _, name = home.repository.partition("/")
        variables = {"owner": owner, "name": name, "policy": policy_expression(home.policy_file)}
        answer = home.connection.graphql(query("policies", "policy_file"), variables)
        if answer.data.get("repository") is None:
            return Missing(f"the organisation's policy: GitHub does not show {home.repository}")
        reading = Reading(answer.data, answer.errors)
        file = f"{home.repository}/{home.policy_file}"
        return reading.part(
            "the organisation's policy",
            ("repository", "policy"),
            lambda found: None if found is None else policy_in(found, file, home.memory.policies, now),
        )


def _unread(error: GatewayError) -> Missing:
    return Missing(f"the organisation's policy could not be read: {error}")
