"""What only the App itself may ask: its installations and what GitHub failed to deliver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.github import PUBLIC_API

if TYPE_CHECKING:
    from gateway.connection import Connection, Response
    from gateway.overview import Overview
    from gateway.tokens import AppKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    id: int
    account: str
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDelivery:
    """`guid` is the X-GitHub-Delivery a redelivery comes with again; `again`, that one was asked for."""

    id: int
    guid: str
    event: str
    delivered_at: datetime
    again: bool = False
    installation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutApp:
    id: int
    slug: str
    name: str
    url: str

    @property
    def login(self) -> str:
        """The login its comments and reviews carry."""
        return f"{self.slug}[bot]".lower()


class App:
    """The App's own side of GitHub, by its key. Raises GatewayError."""

    def __init__(
        self,
        key: AppKey,
        *,
        api_url: str = PUBLIC_API,
        on_response: Callable[[Response], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._key = key
        self._api_url = api_url.rstrip("/")
        self._on_response = on_response
        self._clock = clock
        self._opened: Connection | None = None

    def __repr__(self) -> str:
        return f"App({self._key.app_id!r} at {self._api_url})"

    def app(self) -> AboutApp:
        found = self.connection.rest("GET", "/app")
        return AboutApp(id=found["id"], slug=found["slug"], name=found["name"], url=found["html_url"])

    def installations(self) -> tuple[Installation, ...]:
        return tuple(_installation(found) for found in self.connection.pages("/app/installations"))

    def permissions_of(self, installation_id: int) -> dict[str, str]:
        """What an installation gives the App: level by name."""
        return dict(self.connection.rest("GET", f"/app/installations/{installation_id}")["permissions"])

    def overviews(self, token: str) -> dict[str, Overview]:
        """What may want us, by repository of the installation that `token` is of."""
        from gateway.overview import overviews  # noqa: PLC0415  # start-up time

        with self._connected(token) as connection:
            return overviews(connection, _names(connection))

    def failed_deliveries(self, since: datetime) -> tuple[FailedDelivery, ...]:
        """Deliveries that failed after `since` and did not succeed later, oldest first.

        GitHub keeps three days of them. May name one that is being redelivered now, never too few.
        """
        newest_first = self._deliveries(since)
        succeeded = {one["guid"] for one in newest_first if 200 <= one["status_code"] < 300}
        again = {one["guid"] for one in newest_first if one["redelivery"]}
        failed = {
            one["guid"]: _delivery(one, again=one["guid"] in again)
            for one in newest_first
            if one["guid"] not in succeeded
        }
        return tuple(sorted(failed.values(), key=lambda one: one.delivered_at))

    def redeliver(self, delivery_id: int) -> None:
        self.connection.rest("POST", f"/app/hook/deliveries/{delivery_id}/attempts")

    @property
    def connection(self) -> Connection:
        if self._opened is None:
            from gateway.connection import Connection  # noqa: PLC0415  # PyGithub takes 0.2 s to import

            self._opened = Connection(
                api_url=self._api_url, token=self._key.jwt, on_response=self._on_response, clock=self._clock
            )
        return self._opened

    @contextmanager
    def _connected(self, token: str) -> Iterator[Connection]:
        from gateway.connection import Connection  # noqa: PLC0415  # PyGithub takes 0.2 s to import

        connection = Connection(
            api_url=self._api_url, token=lambda: token, on_response=self._on_response, clock=self._clock
        )
        try:
            yield connection
        finally:
            connection.close()

    def _deliveries(self, since: datetime) -> list[dict[str, Any]]:
        """By cursor, until one is older than `since`."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page, cursor = self.connection.page_after("/app/hook/deliveries", cursor)
            fresh = [one for one in page if datetime.fromisoformat(one["delivered_at"]) >= since]
            found += fresh
            if cursor is None or len(fresh) < len(page):
                return found


def _names(connection: Connection) -> tuple[str, ...]:
    found = connection.pages("/installation/repositories", key="repositories")
    return tuple(repository["full_name"] for repository in found if not repository.get("archived"))


def _installation(found: dict[str, Any]) -> Installation:
    return Installation(
        id=found["id"],
        account=found["account"]["login"],
        suspended=found.get("suspended_at") is not None,
    )


def _delivery(found: dict[str, Any], *, again: bool) -> FailedDelivery:
    return FailedDelivery(
        id=found["id"],
        guid=found["guid"],
        event=found["event"],
        delivered_at=datetime.fromisoformat(found["delivered_at"]),
        installation_id=found.get("installation_id"),
        again=again,
    )
