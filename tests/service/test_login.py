"""Logging in: a person sees what GitHub shows both to them and to the App, for as long as that is fresh."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from werkzeug.test import Client

from sandbox.faults import Fault, FaultKind
from service.app import create_app
from service.pages.login import SIGHT
from tests.serving import Served, serving
from tests.visiting import Visitor
from tests.waiting import SHOP


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One App for all tests of this file that leave no more than a clock and faults behind."""
    with serving(tmp_path_factory.mktemp("kept")) as served:
        yield served


@pytest.fixture
def served(kept: Served) -> Iterator[Served]:
    yield kept
    kept.clock.later = 0
    kept.shop.world.faults.clear()


@pytest.fixture
def visitor(served: Served) -> Iterator[Visitor]:
    with Visitor(url=served.settings.public_url) as visitor:
        yield visitor


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """An App and a GitHub that a test may change as it likes."""
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def guest(own: Served) -> Iterator[Visitor]:
    with Visitor(url=own.settings.public_url) as guest:
        yield guest


def code_of(answer: requests.Response) -> str:
    """The stable code at the end of a page that could not be shown."""
    found = re.search(r'<p class="quiet"><code>([\w.]+)</code>', answer.text)
    return found[1] if found else ""


def begun(visitor: Visitor, login: str = "grace") -> str:
    """Agreed at GitHub, but not come back yet. Returns the address to come back to."""
    at_github = visitor.get("/login").headers["Location"]
    return visitor.get(f"{at_github}&login={login}").headers["Location"]


def test_a_person_logs_in_and_sees_their_repositories(visitor: Visitor) -> None:
    welcome = visitor.go("/").text
    assert ("Log in with GitHub" in welcome, SHOP in welcome) == (True, False)
    page = visitor.log_in("grace")
    assert (page.status_code, SHOP in page.text, "grace" in page.text) == (200, True, True)


def test_who_has_no_part_in_a_repository_sees_nothing_of_it_public_or_not(visitor: Visitor) -> None:
    page = visitor.log_in("bo")
    assert (page.status_code, SHOP in page.text) == (200, False)
    for path in (f"/{SHOP}", f"/{SHOP}/schedule/production", f"/{SHOP}/log/production/1", "/acme/none"):
        answer = visitor.get(path)
        assert (answer.status_code, code_of(answer)) == (404, "page.not_found")


def test_a_repository_without_the_app_is_not_shown_even_to_its_owner(own: Served, guest: Visitor) -> None:
    own.shop.world.add_repository("acme/other", files={"README.md": "Other.\n"})
    page = guest.log_in("ada")
    assert (SHOP in page.text, "acme/other" in page.text) == (True, False)
    assert guest.get("/acme/other").status_code == 404


def test_nothing_is_shown_while_the_app_is_suspended(own: Served, guest: Visitor) -> None:
    own.shop.world.suspend(own.shop.installation)
    assert SHOP not in guest.log_in("grace").text


def test_the_spelling_of_an_address_does_not_matter(visitor: Visitor) -> None:
    visitor.log_in("grace")
    assert f"<h1>{SHOP}</h1>" in visitor.go("/Acme/SHOP").text


def test_who_comes_from_a_link_goes_on_to_it(visitor: Visitor) -> None:
    asked = visitor.get(f"/{SHOP}?environment=production&page=2")
    assert asked.status_code == 302
    at_github = visitor.get(asked.headers["Location"]).headers["Location"]
    back = visitor.get(f"{at_github}&login=grace").headers["Location"]
    assert visitor.get(back).headers["Location"] == f"/{SHOP}?environment=production&page=2"


def test_the_login_asks_github_with_a_proof_that_only_we_can_give(served: Served, visitor: Visitor) -> None:
    at_github = urlsplit(visitor.get("/login").headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(at_github.query).items()}
    assert f"{at_github.scheme}://{at_github.netloc}" == served.settings.server_url
    assert at_github.path == "/login/oauth/authorize"
    assert asked["redirect_uri"] == f"{served.settings.public_url}/login/callback"
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len(asked["state"]) >= 43
    assert "scope" not in asked


def test_what_a_person_may_see_is_asked_again_without_a_click(served: Served, visitor: Visitor) -> None:
    visitor.log_in("grace")
    served.clock.later = SIGHT + 1
    asked = visitor.get(f"/{SHOP}")
    assert (asked.status_code, asked.headers["Location"]) == (302, f"/login?next=%2F{quote(SHOP, safe='')}")
    assert parse_qs(urlsplit(visitor.get("/login").headers["Location"]).query)["login"] == ["grace"]
    assert f"<h1>{SHOP}</h1>" in visitor.go(f"/{SHOP}").text


def test_who_lost_their_access_sees_nothing_of_it_then(own: Served, guest: Visitor) -> None:
    own.shop.world.add_collaborator(SHOP, "bo")
    assert SHOP in guest.log_in("bo").text
    own.shop.repository.collaborators.clear()
    own.clock.later = SIGHT + 1
    assert guest.go(f"/{SHOP}").status_code == 404


def test_nobody_is_believed_longer_than_their_token_holds(own: Served, guest: Visitor) -> None:
    own.shop.world.user_token_life = timedelta(minutes=10)
    guest.log_in("grace")
    own.clock.later = 300
    assert guest.get(f"/{SHOP}").status_code == 200
    own.clock.later = 601
    assert guest.get(f"/{SHOP}").status_code == 302


def test_peers_12_a_person_s_token_is_in_no_cookie_no_database_and_no_log(
    own: Served, guest: Visitor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guest.log_in("grace")
    tokens = [text for text in own.shop.world.tokens if text.startswith("ghu_")]
    assert len(tokens) == 1
    cookie = guest.session.cookies["deploy_protocol"]
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("service.sqlite3*"))
    said = "".join(capfd.readouterr())
    assert b"grace" in kept
    assert tokens[0].encode() not in kept + said.encode() + opened(cookie)


def opened(cookie: str) -> bytes:
    """What the signed cookie says to whoever looks."""
    packed = cookie.startswith(".")
    part = cookie.strip(".").split(".")[0]
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return zlib.decompress(content) if packed else content


def test_who_reads_the_database_cannot_make_a_cookie_of_it(served: Served, visitor: Visitor) -> None:
    visitor.log_in("grace")
    name = re.search(rb'"name":"([^"]+)"', opened(visitor.session.cookies["deploy_protocol"]))
    assert name is not None
    files = served.settings.data_dir.glob("service.sqlite3*")
    assert name[1] not in b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("public_url", "secure"),
    [("https://deploy.acme.example", True), ("http://127.0.0.1:8000", False)],
    ids=["https", "http"],
)
def test_the_cookie_is_for_us_alone(public_url: str, secure: bool, served: Served) -> None:
    settings = replace(served.settings, public_url=public_url)
    client = Client(create_app(settings, served.engine, served.queue, served.clock))
    words = client.get("/login").headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(words)
    assert ("Secure" in words) is secure
    assert not any(word.startswith("Domain") for word in words)


def test_logging_out_ends_the_session_and_not_only_the_cookie(visitor: Visitor) -> None:
    page = visitor.log_in("grace").text
    before = visitor.session.cookies["deploy_protocol"]
    assert visitor.log_out(page).headers["Location"] == "/"
    assert "Log in with GitHub" in visitor.go("/").text
    visitor.session.cookies.clear()
    visitor.session.cookies["deploy_protocol"] = before
    assert visitor.get(f"/{SHOP}").status_code == 302


@pytest.mark.parametrize(
    "form", [{}, {"form_token": ""}, {"form_token": "guessed"}, {"form_token": "é"}], ids=str
)
def test_nobody_else_can_log_a_person_out(form: dict[str, str], visitor: Visitor) -> None:
    visitor.log_in("grace")
    answer = visitor.post("/logout", **form)
    assert (answer.status_code, code_of(answer)) == (400, "page.forged")
    assert visitor.get(f"/{SHOP}").status_code == 200


@pytest.mark.parametrize("state", ["", "&state=", "&state=guessed", "&state=%C3%A9"], ids=repr)
def test_a_login_that_was_not_begun_here_ends_nowhere(state: str, visitor: Visitor) -> None:
    visitor.get("/login")
    answer = visitor.get(f"/login/callback?code=abc{state}")
    assert (answer.status_code, code_of(answer)) == (400, "login.not_begun")


def test_a_login_ends_once(visitor: Visitor) -> None:
    back = begun(visitor)
    assert visitor.get(back).status_code == 302
    assert code_of(visitor.get(back)) == "login.not_begun"


def test_a_login_begun_long_ago_ends_nowhere(served: Served, visitor: Visitor) -> None:
    back = begun(visitor)
    served.clock.later = 601
    assert code_of(visitor.get(back)) == "login.not_begun"


def test_several_pages_opened_at_once_all_log_in(visitor: Visitor) -> None:
    assert [visitor.get(back).status_code for back in [begun(visitor), begun(visitor)]] == [302, 302]


def test_another_person_s_code_is_of_no_use(served: Served, visitor: Visitor) -> None:
    stolen = parse_qs(urlsplit(begun(visitor, "ada")).query)["code"][0]
    with Visitor(url=served.settings.public_url) as thief:
        state = parse_qs(urlsplit(begun(thief, "bo")).query)["state"][0]
        answer = thief.get(f"/login/callback?code={stolen}&state={state}")
        assert (answer.status_code, code_of(answer)) == (502, "login.no_answer")
        assert thief.get(f"/{SHOP}").status_code == 302


def test_who_does_not_agree_at_github_is_told_so(visitor: Visitor) -> None:
    state = parse_qs(urlsplit(begun(visitor)).query)["state"][0]
    answer = visitor.get(
        f"/login/callback?error=access_denied&error_description=You+said+no+%3Cb%3E&state={state}"
    )
    assert (answer.status_code, code_of(answer)) == (403, "login.refused")
    assert "You said no &lt;b&gt;" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/login/oauth/access_token", "/user", "/user/installations", "/user/installations/.*/repositories"],
    ids=["the token", "who it is", "the installations", "the repositories"],
)
@pytest.mark.parametrize("kind", ["status", "cut"])
def test_when_github_does_not_answer_nobody_is_logged_in(
    path: str, kind: FaultKind, served: Served, visitor: Visitor
) -> None:
    back = begun(visitor)
    served.shop.world.faults.add(Fault(kind=kind, path=path, status=503, times=2))
    answer = visitor.get(back)
    assert (answer.status_code, code_of(answer)) == (502, "login.no_answer")
    assert visitor.get(f"/{SHOP}").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "https:evil.example",
        "/%0d%0aSet-Cookie:x=y\r\nX: y",
        "",
        "/" + "x" * 300,
    ],
    ids=lambda target: repr(target[:30]),
)
def test_a_login_leads_nowhere_but_to_us(target: str, visitor: Visitor) -> None:
    at_github = visitor.get(f"/login?next={quote(target)}").headers["Location"]
    back = visitor.get(f"{at_github}&login=grace").headers["Location"]
    assert visitor.get(back).headers["Location"] == "/"


@pytest.mark.parametrize("lacking", ["client_id", "client_secret", "public_url"])
def test_without_its_settings_nothing_is_shown_but_how_to_set_them(lacking: str, served: Served) -> None:
    nothing: dict[str, Any] = {lacking: ""}
    settings = replace(served.settings, **nothing)
    client = Client(create_app(settings, served.engine, served.queue, served.clock))
    for path in ("/", "/login", "/login/callback?code=x&state=y", f"/{SHOP}"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "login.not_configured" in answer.text
        assert all(name in answer.text for name in ("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "PUBLIC_URL"))
        assert SHOP not in answer.text
