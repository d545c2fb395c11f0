"""Settings name every bad variable and its cure, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, read_settings
from tests.runner import private_key

PEM = private_key().strip()
HEAD, *_, TAIL = PEM.splitlines()
GOOD = {
    "GITHUB_APP_ID": "12345",
    "GITHUB_APP_PRIVATE_KEY": PEM,
    "GITHUB_WEBHOOK_SECRET": "b9e2a4d7c1f04e55",
}


def settings(**changes: str) -> Settings:
    return read_settings({**GOOD, **changes})


def test_three_variables_are_enough() -> None:
    read = settings()
    assert (read.app_id, read.port, read.api_url) == (12345, 8000, "https://api.github.com")
    assert read.database_url == "sqlite:///data/deploy-protocol.sqlite3"


def test_nothing_set_names_everything_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({})
    text = str(caught.value)
    assert all(name in text for name in ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"))


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        pytest.param(
            "GITHUB_APP_ID", "my-app", "the number on the App's settings page", id="app id is a word"
        ),
        pytest.param("GITHUB_APP_PRIVATE_KEY", "abc", "is not a PEM private key", id="key is no pem"),
        pytest.param("GITHUB_APP_PRIVATE_KEY", "", "is empty: use the .pem file", id="key empty"),
        pytest.param(
            "GITHUB_APP_PRIVATE_KEY",
            f"{PEM[:700]}\n{TAIL}",
            "is not a whole PEM private key",
            id="key cut short",
        ),
        pytest.param(
            "GITHUB_APP_PRIVATE_KEY", PEM[:700], "is not a PEM private key", id="key without its end"
        ),
        pytest.param(
            "GITHUB_APP_PRIVATE_KEY", f"{HEAD}\n…\n{TAIL}", "is not a whole PEM private key", id="key of dots"
        ),
        pytest.param(
            "GITHUB_APP_PRIVATE_KEY",
            PEM.replace("PRIVATE", "PUBLIC"),
            "is not a PEM private key",
            id="the other half of the key",
        ),
        pytest.param("PORT", "http", "a number from 0 to 65535", id="port is a word"),
        pytest.param("PORT", "70000", "a number from 0 to 65535", id="port too high"),
        pytest.param("GITHUB_API_URL", "ghes.example", "https://HOST", id="api without scheme"),
        pytest.param(
            "DATABASE_URL", "mysql://localhost/x", "postgresql://USER@HOST/NAME", id="another database"
        ),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(name: str, value: str, cure: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**{name: value})
    [problem] = caught.value.problems
    assert problem.startswith(name)
    assert cure in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("GITHUB_WEBHOOK_SECRET", "", id="empty"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "  ", id="blank"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "development", id="another framework's default"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "It's a Secret to Everybody", id="GitHub's own example"),
        pytest.param("GITHUB_WEBHOOK_SECRET_PREVIOUS", "secret", id="the one before, well known"),
        pytest.param("GITHUB_WEBHOOK_SECRET", "b9e2a4d7c1f04e5", id="too short"),
        pytest.param("GITHUB_WEBHOOK_SECRET_PREVIOUS", "0ld-one", id="the one before, too short"),
    ],
)
def test_peers_1_an_empty_or_well_known_secret_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(**{name: value})
    [problem] = caught.value.problems
    assert problem.startswith(name)
    assert "openssl rand -hex 32" in problem


def test_a_key_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_text(PEM)
    environ = {**GOOD, "GITHUB_APP_PRIVATE_KEY": "", "GITHUB_APP_PRIVATE_KEY_FILE": str(file)}
    assert read_settings(environ).private_key == PEM


def test_a_missing_key_file_is_named_with_its_reason() -> None:
    environ = {**GOOD, "GITHUB_APP_PRIVATE_KEY": "", "GITHUB_APP_PRIVATE_KEY_FILE": "/nowhere/app.pem"}
    with pytest.raises(SettingsError, match=r"GITHUB_APP_PRIVATE_KEY_FILE cannot be read .*No such file"):
        read_settings(environ)


def test_secrets_hide_from_repr() -> None:
    shown = repr(settings(DATABASE_URL="postgresql://app:hunter2@db/deploy", GITHUB_CLIENT_SECRET="s3cr3t"))
    assert not any(secret in shown for secret in ("hunter2", "s3cr3t", "b9e2a4d7c1f04e55", "PRIVATE KEY"))


def test_a_current_and_a_previous_webhook_secret_are_accepted() -> None:
    assert settings(GITHUB_WEBHOOK_SECRET_PREVIOUS="0ld-one-a4d7c1f04e").webhook_secrets == (
        "b9e2a4d7c1f04e55",
        "0ld-one-a4d7c1f04e",
    )
