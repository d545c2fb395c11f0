"""What a person may see of us: the repositories that they and the App both read, by the person's token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.github import PUBLIC_API
from gateway.reading import login_in

if TYPE_CHECKING:
    from gateway.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who it is, and by full name of each repository the installation that covers it."""

    login: str
    repositories: Mapping[str, int]


def read_viewer(token: str, *, api_url: str = PUBLIC_API) -> Viewer:
    """Two requests, and one for each installation. Raises GatewayError: then nothing is to be shown."""
    from gateway.connection import Connection  # noqa: PLC0415  # PyGithub takes 0.2 s to import

    connection = Connection(api_url=api_url.rstrip("/"), token=lambda: token)
    try:
        login = login_in(connection.rest("GET", "/user"))
        return Viewer(login=login, repositories=dict(_repositories(connection)))
    finally:
        connection.close()


def _repositories(connection: Connection) -> Iterator[tuple[str, int]]:
    for installation in connection.pages("/user/installations", key="installations"):
        if installation["suspended_at"] is None:
            path = f"/user/installations/{installation['id']}/repositories"
            for repository in connection.pages(path, key="repositories"):
                yield repository["full_name"], installation["id"]
