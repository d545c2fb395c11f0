"""The service's settings, read from the environment once. A missing or bad one is named, with its cure."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.github import PUBLIC_API
from service.registration import Unusable, read_registration, registration_file

PUBLIC_SERVER = "https://github.com"
HIGHEST_PORT = 65_535
WELL_KNOWN_SECRETS = frozenset(
    {
        "development",
        "secret",
        "changeme",
        "password",
        "test",
        "webhook",
        "it's a secret to everybody",  # GitHub's own example
    }
)
SHORTEST_SECRET = 16  # characters: who guesses it approves in anybody's name
_PEM = re.compile(r"-----BEGIN (RSA )?PRIVATE KEY-----\s(.*)\s-----END (RSA )?PRIVATE KEY-----", re.DOTALL)
_APP_ID = "the number on the App's settings page; `deploy-protocol serve setup` registers a new one"


class SettingsError(Exception):
    """Every setting that stops the start, one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    app_id: int
    private_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)  # the current one, then the previous one
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_url: str = PUBLIC_API
    server_url: str = PUBLIC_SERVER
    data_dir: Path = Path("data")
    database_url: str = field(repr=False)  # may carry a password
    public_url: str = ""
    host: str = "0.0.0.0"  # noqa: S104 - a container's own network; set HOST to narrow it
    port: int = 8000

    @property
    def can_log_in(self) -> bool:
        """Whether people can log in to look at pages."""
        return bool(self.client_id and self.client_secret and self.public_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupSettings:
    """What registering the App needs."""

    public_url: str
    api_url: str
    server_url: str
    data_dir: Path
    host: str
    port: int


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Parse the environment. Raises SettingsError naming every bad variable at once."""
    problems: list[str] = []
    data_dir = Path(environ.get("DATA_DIR") or "data")
    environ = _with_registration(environ, data_dir, problems)
    settings = Settings(
        app_id=_whole_number(environ, "GITHUB_APP_ID", problems, _APP_ID),
        private_key=_private_key(environ, problems),
        webhook_secrets=_secrets(environ, problems),
        client_id=environ.get("GITHUB_CLIENT_ID", "").strip(),
        client_secret=environ.get("GITHUB_CLIENT_SECRET", "").strip(),
        api_url=_address(environ, "GITHUB_API_URL", PUBLIC_API, problems),
        server_url=_address(environ, "GITHUB_SERVER_URL", PUBLIC_SERVER, problems),
        data_dir=data_dir,
        database_url=_database(environ, data_dir, problems),
        public_url=_address(environ, "PUBLIC_URL", "", problems),
        host=environ.get("HOST") or "0.0.0.0",  # noqa: S104 - as above
        port=_port(environ, problems),
    )
    problems += _login_problems(settings)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _login_problems(settings: Settings) -> list[str]:
    """Who sets a client id wants people to log in."""
    if not settings.client_id:
        return []
    needed = {
        "GITHUB_CLIENT_SECRET": (settings.client_secret, "make one on the App's settings page"),
        "PUBLIC_URL": (
            settings.public_url,
            "set it to how people reach this service, as https://HOST[/PATH]",
        ),
    }
    return [
        f"{name} is empty, and logging in with GITHUB_CLIENT_ID needs it: {cure}."
        for name, (value, cure) in needed.items()
        if not value
    ]


def read_setup_settings(environ: Mapping[str, str]) -> SetupSettings:
    """Raises SettingsError, also where there is an App already."""
    problems: list[str] = []
    settings = SetupSettings(
        public_url=_address(environ, "PUBLIC_URL", "", problems),
        api_url=_address(environ, "GITHUB_API_URL", PUBLIC_API, problems),
        server_url=_address(environ, "GITHUB_SERVER_URL", PUBLIC_SERVER, problems),
        data_dir=Path(environ.get("DATA_DIR") or "data"),
        host=environ.get("HOST") or "0.0.0.0",  # noqa: S104 - as above
        port=_port(environ, problems),
    )
    problems += _setup_problems(environ, settings)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _setup_problems(environ: Mapping[str, str], settings: SetupSettings) -> Iterator[str]:
    file = registration_file(settings.data_dir)
    if environ.get("GITHUB_APP_ID", "").strip():
        yield "GITHUB_APP_ID is set, so there is an App already: remove it to register another one."
    if file.exists():
        yield f"{file} holds the App that was registered: move it away to register another one."
    if settings.data_dir.exists() and not os.access(settings.data_dir, os.W_OK | os.X_OK):
        yield f"DATA_DIR is {settings.data_dir}, which cannot be written: the App's key is to be kept there."
    if not settings.public_url:
        yield "PUBLIC_URL is empty: set it to how GitHub and people reach this service, as https://HOST[/PATH]."
    if (settings.server_url == PUBLIC_SERVER) != (settings.api_url == PUBLIC_API):
        yield (
            "GITHUB_SERVER_URL and GITHUB_API_URL speak of different places: for GitHub Enterprise Server "
            "set both, the latter as https://HOST/api/v3."
        )


def _with_registration(environ: Mapping[str, str], data_dir: Path, problems: list[str]) -> Mapping[str, str]:
    """What `serve setup` wrote, unless the environment names an App; single variables there come first."""
    if environ.get("GITHUB_APP_ID", "").strip():
        return environ
    try:
        registered = read_registration(data_dir)
    except Unusable as error:
        problems.append(str(error))
        return environ
    key_file = {"GITHUB_APP_PRIVATE_KEY"} if environ.get("GITHUB_APP_PRIVATE_KEY_FILE") else set()
    lacking = {name: value for name, value in registered.items() if not environ.get(name, "").strip()}
    return {**environ, **{name: value for name, value in lacking.items() if name not in key_file}}


def read_database(environ: Mapping[str, str]) -> str:
    """The database's URL alone, for looking at it from outside the service. Raises SettingsError."""
    problems: list[str] = []
    url = _database(environ, Path(environ.get("DATA_DIR") or "data"), problems)
    if problems:
        raise SettingsError(tuple(problems))
    return url


def _whole_number(environ: Mapping[str, str], name: str, problems: list[str], cure: str) -> int:
    text = environ.get(name, "").strip()
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    problems.append(f"{name} is {_said(text)}: set it to {cure}.")
    return 0


def _private_key(environ: Mapping[str, str], problems: list[str]) -> str:
    text, path = environ.get("GITHUB_APP_PRIVATE_KEY", ""), environ.get("GITHUB_APP_PRIVATE_KEY_FILE", "")
    name = "GITHUB_APP_PRIVATE_KEY"
    if path and not text:
        name = "GITHUB_APP_PRIVATE_KEY_FILE"
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name} cannot be read ({error}): point it at the App's .pem file.")
            return ""
    key = text.replace("\\n", "\n").strip()
    if wrong := _wrong_with(key):
        problems.append(f"{name} {wrong}: use the .pem file made on the App's settings page.")
    return key


def _wrong_with(key: str) -> str:
    """Told without reading the numbers in it, which takes ten megabytes of libraries."""
    if not key:
        return "is empty"
    found = _PEM.fullmatch(key)
    if found is None:
        return "is not a PEM private key"
    try:
        numbers = b64decode("".join(found[2].split()), validate=True)
    except ValueError:
        return "is not a whole PEM private key"
    begins, length = numbers[:2], int.from_bytes(numbers[2:4])  # a sequence, its length in two bytes
    return "" if (begins, length) == (b"\x30\x82", len(numbers) - 4) else "is not a whole PEM private key"


def _secrets(environ: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    secrets = []
    for name in ("GITHUB_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET_PREVIOUS"):
        secret = environ.get(name, "").strip()
        if not secret and name.endswith("PREVIOUS"):
            continue
        if not secret:
            problems.append(
                f"{name} is empty: make one with `openssl rand -hex 32` and set it on the App as well."
            )
        elif secret.lower() in WELL_KNOWN_SECRETS:
            problems.append(f"{name} is a well-known word: make one with `openssl rand -hex 32`.")
        elif len(secret) < SHORTEST_SECRET:
            problems.append(
                f"{name} has {len(secret)} characters, {SHORTEST_SECRET} are the least: "
                "make one with `openssl rand -hex 32` and set it on the App as well."
            )
        secrets.append(secret)
    return tuple(secrets)


def _address(environ: Mapping[str, str], name: str, default: str, problems: list[str]) -> str:
    text = (environ.get(name) or default).rstrip("/")
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        problems.append(f"{name} is '{text}', which is not an address: write it as https://HOST[/PATH].")
    return text


def _database(environ: Mapping[str, str], data_dir: Path, problems: list[str]) -> str:
    url = environ.get("DATABASE_URL") or f"sqlite:///{data_dir / 'deploy-protocol.sqlite3'}"
    url = url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        problems.append(
            "DATABASE_URL names no database we use: write sqlite:///FILE or postgresql://USER@HOST/NAME."
        )
    return url


def _port(environ: Mapping[str, str], problems: list[str]) -> int:
    text = environ.get("PORT") or "8000"
    if text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT:
        return int(text)
    problems.append(f"PORT is '{text}': set it to a number from 0 to 65535.")
    return 0


def _said(text: str) -> str:
    return f"'{text}'" if text else "empty"
