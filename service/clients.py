"""One GitHub client for each installation and repository, the most recent ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from gateway.app import App
from gateway.github import GitHub
from gateway.tokens import AppKey, InstallationTokens
from service.settings import Settings

KEPT = 256  # clients with their connections; an older one is opened anew when needed


class Clients:
    """Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.app_id = settings.app_id
        self._api_url = settings.api_url
        key = AppKey(app_id=str(settings.app_id), private_key=settings.private_key)
        self.app = App(key, api_url=settings.api_url)
        self.tokens = InstallationTokens(self.app)
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[int, str], GitHub] = OrderedDict()

    def github_for(self, installation_id: int, repository: str) -> GitHub:
        key = (installation_id, repository)
        with self._lock:
            client = self._clients.pop(key, None)
            if client is None:
                token = self.tokens.source(installation_id, repository)
                client = GitHub(repository, token, api_url=self._api_url)
            self._clients[key] = client
            while len(self._clients) > KEPT:
                self._clients.popitem(last=False)
            return client
