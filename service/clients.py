"""One GitHub client for each installation and repository, the most recent ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from gateway.app import App
from gateway.connection import Response
from gateway.github import GitHub
from gateway.lines import Lines
from gateway.memory import PEOPLE, Remembered, Teams
from gateway.pacing import FOR_PAGES, Pace
from gateway.policies import HOME
from gateway.tokens import TO_LOOK, TO_READ, AppKey, InstallationTokens
from service.settings import Settings

KEPT = 256  # clients with what they remember; an older one is made anew when needed
LOOKS = 16  # at once; each waits for GitHub most of its time, and GitHub takes a hundred requests at once


class Clients:
    """Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        pages: Callable[[], int] | None = None,
    ) -> None:
        """`clock` tells when GitHub may be asked again; `pages`, how many processes ask for pages, this too.

        Without `pages` it is a worker's.
        """
        self._pages = pages
        self._has_pages = settings.can_log_in
        self._clock = clock
        self.app_id = settings.app_id
        self._api_url = settings.api_url
        self._pages_url = settings.public_url if settings.can_log_in else ""
        key = AppKey(app_id=str(settings.app_id), private_key=settings.private_key)
        self.app = App(key, api_url=settings.api_url)
        self.tokens = InstallationTokens(self.app)  # to write, each for one repository
        self.looking = InstallationTokens(self.app, permissions=TO_LOOK, beside=HOME)
        self.overview = InstallationTokens(self.app, permissions=TO_READ)  # for all of an installation
        self.remaining: dict[tuple[str, str], int] = {}  # by installation and core or graphql
        self.workers = 1  # that share the limits of each installation, this process included
        self._paces: dict[int, Pace] = {}
        self._teams: dict[int, Teams] = {}
        self._lines = Lines(threads=LOOKS)
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[int, str], GitHub] = OrderedDict()

    def github_for(self, installation_id: int, repository: str) -> GitHub:
        key = (installation_id, repository)
        with self._lock:
            client = self._clients.pop(key, None)
            if client is None:
                token = self.tokens.source(installation_id, repository)
                client = GitHub(
                    repository,
                    token,
                    api_url=self._api_url,
                    on_response=partial(self._note, installation_id),
                    pace=self._paces.setdefault(installation_id, self._pace()),
                    clock=self._clock,
                    looking=self.looking.source(installation_id, repository),
                    teams=self._teams.setdefault(installation_id, Remembered(PEOPLE)),
                    lines=self._lines,
                    pages_url=f"{self._pages_url}/{repository}" if self._pages_url else "",
                )
            self._clients[key] = client
            while len(self._clients) > KEPT:
                self._clients.popitem(last=False)
            return client

    def _pace(self) -> Pace:
        return Pace(self._clock, self._share, gates_first=self._pages is not None)

    def _share(self) -> float:
        """Pages have a part of their own, so that they take nothing from verdicts."""
        if self._pages is not None:
            return FOR_PAGES / self._pages()
        return (1 - FOR_PAGES if self._has_pages else 1) / self.workers

    def forget_tokens(self, installation_id: int) -> None:
        """GitHub takes them no more, or will not."""
        self.tokens.forget(installation_id)
        self.looking.forget(installation_id)
        self.overview.forget(installation_id)

    def _note(self, installation_id: int, response: Response) -> None:
        if response.status == HTTPStatus.UNAUTHORIZED:
            self.forget_tokens(installation_id)
        if response.remaining is not None:
            resource = "graphql" if response.path.endswith("/graphql") else "core"
            self.remaining[str(installation_id), resource] = response.remaining
