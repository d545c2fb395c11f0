"""The end of registering an App from a manifest: its secrets, handed out once for the code GitHub gave."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from gateway.errors import Unavailable, error_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    app_id: int
    name: str
    url: str  # of its public page
    client_id: str
    client_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)  # empty where GitHub made none
    private_key: str = field(repr=False)


def convert_manifest(code: str, *, api_url: str) -> Registration:
    """One request, by nobody in particular: the code is the proof. Raises GatewayError.

    https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    found = _asked(f"/app-manifests/{quote(code, safe='')}/conversions", api_url)
    return Registration(
        app_id=found["id"],
        name=found["name"],
        url=found["html_url"],
        client_id=found["client_id"],
        client_secret=found["client_secret"],
        webhook_secret=found["webhook_secret"] or "",
        private_key=found["pem"],
    )


def _asked(path: str, api_url: str) -> Any:
    import requests  # noqa: PLC0415  # start-up time
    from github import Github  # noqa: PLC0415  # PyGithub takes 0.2 s to import

    from gateway.connection import API_VERSION, TIMEOUT  # noqa: PLC0415  # as above

    what = "POST /app-manifests/CODE/conversions"  # the code is worth as much as what it brings
    with Github(base_url=api_url, timeout=TIMEOUT, retry=None, lazy=True, api_version=API_VERSION) as github:
        try:
            status, headers, text = github.requester.requestJson("POST", path)
        except (requests.RequestException, RuntimeError) as problem:
            cure = f"Check that {api_url} can be reached from here."
            raise Unavailable(f"{what}: no answer ({type(problem).__name__}). {cure}") from None
    if status != 201:
        raise error_of(what, status, headers, _json(text), datetime.now(UTC))
    return json.loads(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
