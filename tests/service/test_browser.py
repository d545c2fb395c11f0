"""The pages in a real browser: logging in, reading, and registering the App, with nothing it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from protocol.entry import Change, Said
from service.entries import Entries
from service.registration import registration_file
from service.settings import read_setup_settings
from service.setup import create_setup
from tests.entries import AT, make_entry
from tests.listening import listening
from tests.programs import need
from tests.sandbox_fixture import start_sandbox
from tests.serving import Served, serving
from tests.waiting import SHOP

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds
POLICY = """\
version: 1
timezone: Europe/Berlin
environments:
  production:
    windows: {closed: ["Mon-Fri", "Sat,Sun 00:00-23:59"]}
    approvals:
      - {name: Release manager, count: 1, from: ["team:acme/release-managers"]}
"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(kw_only=True)
class Window:
    """A page, and all that the browser complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def says(self, text: str) -> bool:
        """Once the page it was led to has come, which a click does not wait for."""
        try:
            expect(self.page.locator("main")).to_contain_text(text, use_inner_text=True, timeout=PATIENCE)
        except AssertionError:
            return False
        return True

    def is_wider_than_the_screen(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    window = Window(page=context.new_page())
    window.page.on("console", lambda message: window.complaints.append(message.text))
    window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
    yield window
    context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        served.shop.push(POLICY)
        served.settle()
        entry = make_entry(
            issues=("Health check answered 503 " * 20,),
            metrics=(Change(name="Error rate", before="0.4 %", after="0.5 %"),),
            findings=(Said(code="windows.open", verdict="allow", why="production is open"),),
        )
        long = make_entry(
            deployment_id=7,
            at=AT - timedelta(days=1),
            environment="production-of-all-customers-in-the-north",
            version="1.2.3-rc.17+build.20261122-for-those-who-read-all",
            deployer="somebody-whose-login-is-as-long-as-it-is",
            status="rollback",
            seconds=754.0,
        )
        Entries(served.engine).copy(SHOP, [entry, long])
        yield served


def test_a_person_logs_in_reads_and_logs_out(served: Served, window: Window) -> None:
    page, home = window.page, served.settings.public_url + "/"
    page.goto(home)
    page.get_by_role("link", name="Log in with GitHub").click()
    page.wait_for_url(home)
    page.get_by_role("link", name=SHOP).click()
    assert window.says("approval by team acme/release-managers")
    page.get_by_text("passed").click()
    assert window.says("policy.not_asked")
    page.get_by_role("link", name="The next two weeks").click()
    assert window.says("23:59–24:00")  # noqa: RUF001 - as the page writes it
    page.go_back()
    page.get_by_role("link", name="Mon 2026-11-23 10:04 CET").click()
    assert window.says("Health check answered 503")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(home)
    assert page.get_by_role("link", name="Log in with GitHub").is_visible()
    assert window.complaints == []


def test_every_page_fits_a_phone_and_can_be_read_in_light_and_dark(served: Served, window: Window) -> None:
    page, url = window.page, served.settings.public_url
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/login")
    key = Entries(served.engine).of(SHOP)[0].key
    for path in ("/", f"/{SHOP}", f"/{SHOP}/schedule/production", f"/{SHOP}/log/{key}"):
        page.goto(url + path)
        assert not window.is_wider_than_the_screen(), path
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(FAINT) == [], (path, scheme)
    assert window.complaints == []


# Every text whose colour differs from what is behind it by less than 4.5 to 1, as WCAG 2 reckons:
# https://www.w3.org/TR/WCAG22/#contrast-minimum
FAINT = """() => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  const texts = [...document.querySelectorAll("body *")].filter(one =>
    [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && one.checkVisibility());
  return texts.filter(one => {
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05) < 4.5;
  }).map(one => one.textContent.trim());
}"""


def test_beside_long_names_no_status_is_broken_in_two(served: Served, window: Window) -> None:
    page = window.page
    page.goto(f"{served.settings.public_url}/login")
    page.goto(f"{served.settings.public_url}/{SHOP}")
    heights = page.locator(".log .badge").evaluate_all("badges => badges.map(one => one.offsetHeight)")
    assert (len(heights), len(set(heights))) == (2, 1)
    assert not window.is_wider_than_the_screen()


def test_with_the_keyboard_alone_a_person_comes_to_a_gate_s_findings(served: Served, window: Window) -> None:
    page = window.page
    page.goto(f"{served.settings.public_url}/login")
    page.goto(f"{served.settings.public_url}/{SHOP}")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    assert window.says("policy.not_asked")


def test_the_app_is_registered_by_three_clicks(window: Window, tmp_path: Path) -> None:
    http = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)  # a port that stays its own
    with start_sandbox(tmp_path / "github") as sandbox:
        environ = {
            "PUBLIC_URL": f"http://127.0.0.1:{http.server_port}",
            "GITHUB_API_URL": sandbox.url,
            "GITHUB_SERVER_URL": sandbox.url,
            "DATA_DIR": str(tmp_path / "data"),
        }
        settings = read_setup_settings(environ)
        http.app = create_setup(settings, "t0ken")
        with listening(http):
            window.page.goto(f"{settings.public_url}/setup?token=t0ken")
            assert "t0ken" not in window.page.url
            window.page.get_by_label("Name").fill("Our Gate")
            window.page.get_by_label("Organisation").fill("acme")
            window.page.get_by_role("button", name="Continue").click()
            window.page.get_by_role("button", name="Register it on GitHub").click()
            assert window.says("Our Gate is registered")
            assert window.says(str(registration_file(tmp_path / "data")))
            assert not window.is_wider_than_the_screen()
    assert window.complaints == []
