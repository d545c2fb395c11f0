"""A person with a browser's cookies but no browser, who logs in and reads pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urljoin

import requests

PATIENCE = 60.0


@dataclass(kw_only=True)
class Visitor:
    """Follows no redirect by itself."""

    url: str
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str) -> requests.Response:
        return self.session.get(urljoin(self.url, path), allow_redirects=False, timeout=PATIENCE)

    def post(self, path: str, **form: str) -> requests.Response:
        where = urljoin(self.url, path)
        return self.session.post(where, data=form, allow_redirects=False, timeout=PATIENCE)

    def go(self, path: str) -> requests.Response:
        """Wherever it leads."""
        return self.session.get(urljoin(self.url, path), timeout=PATIENCE)

    def log_in(self, login: str, target: str = "/") -> requests.Response:
        """As GitHub's page would let this person in. Returns the page they come to."""
        at_github = self.get(f"/login?next={target}").headers["Location"]
        return self.go(f"{at_github}&login={login}")

    def log_out(self, page: str) -> requests.Response:
        """By the button of a page."""
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        assert token is not None
        return self.post("/logout", form_token=token[1])
