from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.state import App, Installation
from tests.sandbox_fixture import SHOP, Client, Sandbox, app_jwt, start_sandbox

OTHER = "acme/other"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path) as running:
        running.world.add_repository(OTHER, files={"README.md": "# Other\n"}, private=True)
        yield running


def install(sandbox: Sandbox, *repositories: str, **permissions: str) -> tuple[App, Installation]:
    app = sandbox.world.add_app("gate", owner="acme", permissions=permissions or {"issues": "write"})
    return app, sandbox.world.install(app, *(repositories or (SHOP,)))


def token(sandbox: Sandbox, app: App, installation: Installation, **asked: Any) -> Client:
    path = f"/app/installations/{installation.id}/access_tokens"
    made = sandbox.client_of(app).post(path, asked or None)
    assert made.status_code == 201, made.text
    return sandbox.client(made.json()["token"])


def test_an_app_signs_in_with_pygithub_and_works_as_its_bot(sandbox: Sandbox) -> None:
    app, installation = install(sandbox)
    issue = sandbox.github_of(app, installation).get_repo(SHOP).create_issue("From the App")
    assert issue.user.login == "gate[bot]"
    assert issue.raw_data["performed_via_github_app"]["slug"] == "gate"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -1},
        {"exp": 3600},
        {"iat": 3600},
        {"iss": "99999"},
    ],
    ids=["expired", "lives too long", "from the future", "nobody's"],
)
def test_a_wrong_jwt_is_refused(sandbox: Sandbox, claims: dict[str, Any]) -> None:
    app, _ = install(sandbox)
    now = int(sandbox.world.now().timestamp())
    moved = {name: value if isinstance(value, str) else now + value for name, value in claims.items()}
    assert sandbox.client(app_jwt(sandbox.world, app, **moved)).get("/app").status_code == 401


def test_a_jwt_signed_with_anothers_key_is_refused(sandbox: Sandbox) -> None:
    app, _ = install(sandbox)
    other = sandbox.world.add_app("other", owner="acme")
    forged = app_jwt(sandbox.world, other, iss=str(app.id))
    assert sandbox.client(forged).get("/app").status_code == 401


def test_the_client_id_is_an_issuer_too(sandbox: Sandbox) -> None:
    app, _ = install(sandbox)
    client = sandbox.client(app_jwt(sandbox.world, app, iss=app.client_id))
    assert client.get("/app").json()["slug"] == "gate"


def test_a_token_lives_an_hour(sandbox: Sandbox) -> None:
    client = token(sandbox, *install(sandbox))
    sandbox.world.move_clock(timedelta(minutes=59))
    assert client.get(f"/repos/{SHOP}").status_code == 200
    sandbox.world.move_clock(timedelta(minutes=1))
    assert client.get(f"/repos/{SHOP}").status_code == 401


def test_a_permission_that_was_not_granted_is_refused(sandbox: Sandbox) -> None:
    client = token(sandbox, *install(sandbox, issues="read"))
    assert client.get(f"/repos/{SHOP}/issues").status_code == 200
    refused = client.post(f"/repos/{SHOP}/issues", {"title": "No"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")


def test_a_token_may_be_narrowed_to_less_and_never_widened(sandbox: Sandbox) -> None:
    app, installation = install(sandbox, issues="write", contents="read")
    narrow = token(sandbox, app, installation, permissions={"contents": "read"})
    assert narrow.get(f"/repos/{SHOP}/contents/README.md").status_code == 200
    assert narrow.get(f"/repos/{SHOP}/issues").status_code == 403
    path = f"/app/installations/{installation.id}/access_tokens"
    assert sandbox.client_of(app).post(path, {"permissions": {"contents": "write"}}).status_code == 422


def test_a_token_for_one_repository_does_not_reach_another(sandbox: Sandbox) -> None:
    app, installation = install(sandbox, SHOP, OTHER, issues="write")
    client = token(sandbox, app, installation, repositories=["shop"])
    assert [one["name"] for one in client.get("/installation/repositories").json()["repositories"]] == [
        "shop"
    ]
    assert client.get(f"/repos/{OTHER}").status_code == 404
    path = f"/app/installations/{installation.id}/access_tokens"
    assert sandbox.client_of(app).post(path, {"repositories": ["unknown"]}).status_code == 422


def test_a_suspended_installation_answers_nothing(sandbox: Sandbox) -> None:
    app, installation = install(sandbox)
    client = token(sandbox, app, installation)
    sandbox.client_of(app).put(f"/app/installations/{installation.id}/suspended")
    assert client.get(f"/repos/{SHOP}").status_code == 403


def test_the_installation_of_a_repository_is_found(sandbox: Sandbox) -> None:
    app, installation = install(sandbox)
    client = sandbox.client_of(app)
    assert client.get(f"/repos/{SHOP}/installation").json()["id"] == installation.id
    assert client.get(f"/repos/{OTHER}/installation").status_code == 404
    assert [one["id"] for one in client.get("/app/installations").json()] == [installation.id]


def test_an_uninstalled_app_loses_its_tokens(sandbox: Sandbox) -> None:
    app, installation = install(sandbox)
    client = token(sandbox, app, installation)
    assert sandbox.client_of(app).delete(f"/app/installations/{installation.id}").status_code == 204
    assert client.get(f"/repos/{SHOP}").status_code == 401


def test_a_person_is_not_an_app_and_an_app_is_not_a_person(sandbox: Sandbox) -> None:
    app, installation = install(sandbox)
    assert sandbox.client_as("ada").get("/app").status_code == 401
    assert token(sandbox, app, installation).get("/user").status_code == 403


def test_an_app_made_from_a_manifest_is_handed_out_once(sandbox: Sandbox) -> None:
    manifest = {
        "name": "My Gate",
        "url": "http://127.0.0.1/",
        "redirect_url": "http://127.0.0.1/setup/callback",
        "hook_attributes": {"url": "http://127.0.0.1/webhook"},
        "default_permissions": {"deployments": "write"},
        "default_events": ["deployment_protection_rule"],
    }
    anyone = sandbox.client()
    form = {"manifest": json.dumps(manifest)}
    page = "/organizations/acme/settings/apps/new?state=s3cret"
    sent = anyone.session.post(sandbox.url + page, data=form, allow_redirects=False)
    back = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert (sent.status_code, back["state"]) == (302, ["s3cret"])
    made = anyone.post(f"/app-manifests/{back['code'][0]}/conversions")
    assert (made.status_code, made.json()["slug"]) == (201, "my-gate")
    assert made.json()["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert anyone.post(f"/app-manifests/{back['code'][0]}/conversions").status_code == 422


@pytest.mark.parametrize(("verifier", "works"), [("v" * 43, True), ("w" * 43, False)], ids=["right", "wrong"])
def test_a_person_signs_in_with_pkce(sandbox: Sandbox, verifier: str, works: bool) -> None:
    app, _ = install(sandbox)
    digest = hashlib.sha256(b"v" * 43).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    asked = f"client_id={app.client_id}&redirect_uri=http://127.0.0.1/back&state=x&login=grace"
    anyone = sandbox.client()
    page = f"/login/oauth/authorize?{asked}&code_challenge={challenge}&code_challenge_method=S256"
    agreed = anyone.get(page, allow_redirects=False)
    code = parse_qs(urlsplit(agreed.headers["Location"]).query)["code"][0]
    proof = {"client_id": app.client_id, "client_secret": app.client_secret, "code": code}
    answer = anyone.post("/login/oauth/access_token", {**proof, "code_verifier": verifier}).json()
    if not works:
        assert answer["error"] == "bad_verification_code"
        return
    assert sandbox.client(answer["access_token"]).get("/user").json()["login"] == "grace"


def test_an_app_changes_where_its_webhooks_go(sandbox: Sandbox) -> None:
    app, _ = install(sandbox)
    client = sandbox.client_of(app)
    changed = client.patch("/app/hook/config", {"url": "http://127.0.0.1/webhook", "secret": "new"})
    assert (changed.json()["url"], changed.json()["secret"]) == ("http://127.0.0.1/webhook", "********")
    assert app.webhook_secret == "new"


def test_a_person_sees_what_they_and_the_app_both_reach(sandbox: Sandbox) -> None:
    _, installation = install(sandbox, SHOP, OTHER, issues="write")
    path = f"/user/installations/{installation.id}/repositories"
    for login, count, names in (("ada", 1, ["shop", "other"]), ("grace", 1, ["shop"]), ("bo", 0, [])):
        client = sandbox.client_as(login)
        assert client.get("/user/installations").json()["total_count"] == count
        assert [one["name"] for one in client.get(path).json()["repositories"]] == names


def test_a_token_can_be_given_back(sandbox: Sandbox) -> None:
    client = token(sandbox, *install(sandbox))
    assert client.delete("/installation/token").status_code == 204
    assert client.get(f"/repos/{SHOP}").status_code == 401
