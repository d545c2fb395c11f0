"""Registering the App: GitHub is asked for exactly what the service uses, and its secrets go to one file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.tokens import PERMISSIONS
from sandbox.faults import Fault
from sandbox.state import App
from service.events import EVENTS
from service.registration import registration_file
from service.settings import SettingsError, SetupSettings, read_settings, read_setup_settings
from service.setup import create_setup
from tests.sandbox_fixture import Sandbox, start_sandbox

TOKEN = "t0ken-of-the-log"
PUBLIC_URL = "http://127.0.0.1:8000"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path / "github") as sandbox:
        yield sandbox


@pytest.fixture
def browser(sandbox: Sandbox, tmp_path: Path) -> FlaskClient:
    environ = {
        "PUBLIC_URL": PUBLIC_URL,
        "GITHUB_API_URL": sandbox.url,
        "GITHUB_SERVER_URL": sandbox.url,
        "DATA_DIR": str(tmp_path / "data"),
    }
    return create_setup(read_setup_settings(environ), TOKEN).test_client()


def admitted(browser: FlaskClient) -> FlaskClient:
    entered = browser.get(f"/setup?token={TOKEN}")
    assert (entered.status_code, entered.headers["Location"]) == (302, "/setup")
    return browser


def form_of(page: TestResponse) -> tuple[str, dict[str, str]]:
    """The address and the fields of the page's form."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    assert action is not None
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in fields}


def agree(page: TestResponse) -> str:
    """As a person who confirms on GitHub. Returns the path they come back to."""
    action, fields = form_of(page)
    back = requests.post(action, data=fields, allow_redirects=False, timeout=10).headers["Location"]
    assert back.startswith(f"{PUBLIC_URL}/setup/callback?")
    return back.removeprefix(PUBLIC_URL)


def made(sandbox: Sandbox) -> App:
    return next(app for app in sandbox.world.apps.values() if app.slug == "our-gate")


def test_the_app_is_registered_with_exactly_what_the_service_uses(
    sandbox: Sandbox, browser: FlaskClient, tmp_path: Path
) -> None:
    page = admitted(browser).get("/setup?name=Our+Gate&organisation=acme")
    done = browser.get(agree(page), follow_redirects=True)
    assert "Our Gate is registered" in done.text
    app = made(sandbox)
    assert app.permissions == dict(PERMISSIONS)
    assert set(app.events) == set(EVENTS)
    assert app.webhook_url == f"{PUBLIC_URL}/webhook"
    assert app.callback_urls == (f"{PUBLIC_URL}/login/callback",)
    assert app.owner.login == "acme"


def test_the_secrets_are_in_the_file_and_in_no_page_and_no_log(
    sandbox: Sandbox, browser: FlaskClient, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page = admitted(browser).get("/setup?name=Our+Gate")
    done = browser.get(agree(page), follow_redirects=True)
    app, file = made(sandbox), registration_file(tmp_path / "data")
    secrets = [app.private_key.strip(), app.client_secret, app.webhook_secret]
    said = done.text + "".join(capfd.readouterr())
    assert not any(secret in said for secret in secrets)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert json.loads(file.read_text())["GITHUB_CLIENT_SECRET"] == app.client_secret


def test_the_next_start_reads_what_was_registered(
    sandbox: Sandbox, browser: FlaskClient, tmp_path: Path
) -> None:
    browser.get(agree(admitted(browser).get("/setup?name=Our+Gate")))
    app = made(sandbox)
    read = read_settings({"DATA_DIR": str(tmp_path / "data"), "PUBLIC_URL": PUBLIC_URL})
    assert (read.app_id, read.private_key) == (app.id, app.private_key.strip())
    assert (read.webhook_secrets, read.client_id) == ((app.webhook_secret,), app.client_id)
    assert read.client_secret == app.client_secret


def test_what_the_environment_says_comes_before_the_file(
    sandbox: Sandbox, browser: FlaskClient, tmp_path: Path
) -> None:
    browser.get(agree(admitted(browser).get("/setup?name=Our+Gate")))
    environ = {"DATA_DIR": str(tmp_path / "data"), "PUBLIC_URL": PUBLIC_URL}
    newer = "n3w-0ne-a4d7c1f04e55"
    assert read_settings({**environ, "GITHUB_WEBHOOK_SECRET": newer}).webhook_secrets == (newer,)
    with pytest.raises(SettingsError) as caught:
        read_settings({**environ, "GITHUB_APP_ID": "99"})  # another App: nothing of this one is lent to it
    assert {problem.partition(" ")[0] for problem in caught.value.problems} == {
        "GITHUB_APP_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
    }


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/setup", id="without the token"),
        pytest.param("/setup?token=guessed", id="with another token"),
        pytest.param("/setup?token=%C3%A9", id="with a token that is no ASCII"),
        pytest.param("/setup/callback?code=x&state=", id="coming back without having been there"),
        pytest.param("/setup/done", id="at the end"),
        pytest.param("/webhook", id="somewhere else"),
    ],
)
def test_who_does_not_have_the_token_sees_nothing(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, "page.not_found" in answer.text) == (404, True)


def test_a_code_that_was_not_asked_for_here_is_not_taken(sandbox: Sandbox, browser: FlaskClient) -> None:
    back = agree(admitted(browser).get("/setup?name=Our+Gate"))
    code = parse_qs(urlsplit(back).query)["code"][0]
    for path in (f"/setup/callback?code={code}", f"/setup/callback?code={code}&state=forged"):
        answer = browser.get(path)
        assert (answer.status_code, "setup.not_begun" in answer.text) == (400, True)
    assert sandbox.world.manifests  # still to be had by whoever began


def test_when_github_fails_loading_the_page_again_takes_it_up(
    sandbox: Sandbox, browser: FlaskClient, tmp_path: Path
) -> None:
    back = agree(admitted(browser).get("/setup?name=Our+Gate"))
    sandbox.world.faults.add(Fault(kind="status", path="/conversions", status=502))
    failed = browser.get(back)
    assert (failed.status_code, "setup.no_answer" in failed.text) == (502, True)
    assert not registration_file(tmp_path / "data").exists()
    assert browser.get(back).headers["Location"] == "/setup/done"


def test_another_app_s_key_is_never_written_over(browser: FlaskClient, tmp_path: Path) -> None:
    back = agree(admitted(browser).get("/setup?name=Our+Gate"))
    file = registration_file(tmp_path / "data")
    file.parent.mkdir()
    file.write_text("{}")
    answer = browser.get(back)
    assert (answer.status_code, "setup.not_written" in answer.text) == (500, True)
    assert file.read_text() == "{}"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param("name=Gate&organisation=a/../b", "is not an organisation", id="no organisation's name"),
        pytest.param(f"name={'x' * 35}", "35 characters", id="a name too long"),
    ],
)
def test_what_github_would_not_take_is_said_before(browser: FlaskClient, asked: str, said: str) -> None:
    page = admitted(browser).get(f"/setup?{asked}")
    assert said in html.unescape(page.text)
    assert 'method="post"' not in page.text


def test_the_form_may_go_to_github_and_nowhere_else(sandbox: Sandbox, browser: FlaskClient) -> None:
    page = admitted(browser).get("/setup?name=Our+Gate")
    policy = page.headers["Content-Security-Policy"]
    assert f"form-action 'self' {sandbox.url};" in policy
    assert "default-src 'none'" in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"


GOOD = {"PUBLIC_URL": "https://deploy.acme.example"}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({}, "PUBLIC_URL is empty", id="nobody could come back"),
        pytest.param({**GOOD, "GITHUB_APP_ID": "1"}, "GITHUB_APP_ID is set", id="there is an App"),
        pytest.param(
            {**GOOD, "GITHUB_SERVER_URL": "https://ghes.acme.example"},
            "GITHUB_SERVER_URL and GITHUB_API_URL",
            id="half of a GitHub Enterprise Server",
        ),
    ],
)
def test_setup_does_not_start_where_it_could_not_end(
    environ: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_setup_settings({**environ, "DATA_DIR": str(tmp_path)})
    [problem] = caught.value.problems
    assert said in problem


def test_setup_does_not_start_where_an_app_was_registered(tmp_path: Path) -> None:
    registration_file(tmp_path).write_text("{}")
    with pytest.raises(SettingsError, match="move it away to register another one"):
        read_setup_settings({**GOOD, "DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"GITHUB_APP_ID": 7}', "\xff"], ids=repr)
def test_a_damaged_file_stops_the_start_and_is_named(text: str, tmp_path: Path) -> None:
    registration_file(tmp_path).write_text(text, encoding="latin-1")
    with pytest.raises(SettingsError) as caught:
        read_settings({"DATA_DIR": str(tmp_path)})
    assert str(registration_file(tmp_path)) in caught.value.problems[0]
    assert "Traceback" not in str(caught.value)


def test_a_manifest_made_for_enterprise_goes_to_its_own_server(tmp_path: Path) -> None:
    settings = SetupSettings(
        public_url=PUBLIC_URL,
        api_url="https://ghes.acme.example/api/v3",
        server_url="https://ghes.acme.example",
        data_dir=tmp_path,
        host="127.0.0.1",
        port=0,
    )
    browser = admitted(create_setup(settings, TOKEN).test_client())
    action, _ = form_of(browser.get("/setup?name=Gate"))
    assert action.startswith("https://ghes.acme.example/settings/apps/new?state=")
