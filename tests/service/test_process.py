"""The real thing: gunicorn and a worker under one parent, and webhooks over HTTP."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from sandbox.faults import Fault
from service.events import EVENTS
from service.stopping import GRACE
from tests.started import PATIENCE, SECRET, Started, environ_for, free_port, started
from tests.visiting import Visitor
from tests.waiting import PLAIN_POLICY, POLICY, SHOP, WaitingShop, waiting_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path / "github") as shop:
        yield shop


@pytest.fixture
def service(shop: WaitingShop, tmp_path: Path) -> Iterator[Started]:
    keys = {"GITHUB_CLIENT_ID": shop.played.client_id, "GITHUB_CLIENT_SECRET": shop.played.client_secret}
    environ = environ_for(shop.played, tmp_path, shop.server.url, **keys)
    with started(tmp_path, environ) as service:
        service.wait_until_ready()
        shop.played.webhook_url, shop.played.webhook_secret = f"{service.url}/webhook", SECRET
        shop.installation.events = tuple(EVENTS)
        yield service


def test_a_push_goes_through_the_gate_and_the_processes_stop_when_asked(
    shop: WaitingShop, service: Started
) -> None:
    gate = shop.push(PLAIN_POLICY)
    shop.wait(lambda: shop.repository.runs[gate.run_id].conclusion == "success")
    assert service.get("/healthz").ok
    service.wait(lambda: 'deploy_gates{state="allowed"} 1.0' in service.get("/metrics").text)
    with Visitor(url=service.url) as grace:
        grace.log_in("grace")
        pages = [grace.get(f"/{SHOP}").text for _ in range(6)]  # by both web processes
    assert ["Open at any time" in page for page in pages] == [True] * 6
    children, asked_at = service.children(), time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - asked_at < GRACE
    assert not any(child.is_running() for child in children)
    assert '"worker.stopped"' in service.said()
    assert shop.played.private_key[100:140] not in service.said()


def test_asked_to_stop_it_finishes_what_it_holds(shop: WaitingShop, service: Started) -> None:
    shop.world.faults.add(Fault(kind="latency", path="/deployment_protection_rule$", seconds=3.0))
    gate = shop.push(PLAIN_POLICY)
    shop.wait(lambda: not shop.world.faults.active)  # the verdict is on its way
    assert service.stop() == 0
    shop.wait(lambda: shop.repository.runs[gate.run_id].conclusion == "success")
    assert '"gate.verdict"' in service.said()


def test_when_the_worker_is_killed_the_web_part_stops_too_and_the_exit_code_tells(service: Started) -> None:
    web = service.child("gunicorn")
    service.child("shift").send_signal(signal.SIGKILL)
    assert service.process.wait(PATIENCE) == 128 + signal.SIGKILL
    assert not psutil.pid_exists(web.pid)


def test_peers_5_a_service_whose_database_was_deleted_finds_what_waits(
    shop: WaitingShop, tmp_path: Path
) -> None:
    environ = environ_for(shop.played, tmp_path, shop.server.url)
    with started(tmp_path, environ) as service:
        service.wait_until_ready()
        shop.played.webhook_url, shop.played.webhook_secret = f"{service.url}/webhook", SECRET
        shop.installation.events = tuple(EVENTS)
        gate = shop.push(POLICY)
        shop.wait(lambda: any("gate:" in run.external_id for run in shop.repository.check_runs.values()))
        assert service.stop() == 0
    shutil.rmtree(tmp_path / "data")
    shop.installation.events = ()
    shop.world.commit(SHOP, {".github/deploy.yml": PLAIN_POLICY}, "Ask nobody", quiet=True)
    with started(tmp_path, environ):
        shop.wait(lambda: shop.repository.runs[gate.run_id].conclusion == "success")
    assert len(shop.repository.runs[gate.run_id].jobs) == 1


def test_peers_23_ready_only_while_a_worker_lives(shop: WaitingShop, tmp_path: Path) -> None:
    environ = environ_for(shop.played, tmp_path, shop.server.url)
    with started(tmp_path, environ, "web") as web:
        while not answers(web):
            time.sleep(0.05)
        assert web.get("/healthz").ok
        answer = web.get("/readyz")
        assert (answer.status_code, "no worker" in answer.text) == (503, True)


def test_bad_settings_stop_the_start_and_are_named(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "GITHUB_APP_ID": "abc", "PORT": "x"}
    ended = subprocess.run(
        [sys.executable, "-m", "service"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    for name in ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "PORT"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_does_not_answer_stops_the_start_and_is_said_once(
    shop: WaitingShop, tmp_path: Path
) -> None:
    nowhere = "postgresql://us@127.0.0.1:9/deploy"
    environ = environ_for(shop.played, tmp_path, shop.server.url, DATABASE_URL=nowhere)
    with started(tmp_path, environ) as service:
        assert service.process.wait(PATIENCE) == 2
        assert service.said().count("DATABASE_URL leads to no database that can be used now") == 1


def answers(service: Started, path: str = "/healthz") -> bool:
    assert service.process.poll() is None, service.said()
    try:
        return service.get(path).ok
    except OSError:
        return False


def test_an_app_registered_by_setup_runs_from_its_file(shop: WaitingShop, tmp_path: Path) -> None:
    port = str(free_port())
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "COV"))},
        "GITHUB_API_URL": shop.server.url,
        "GITHUB_SERVER_URL": shop.server.url,
        "HOST": "127.0.0.1",
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(tmp_path / "data"),
    }
    with started(tmp_path, environ, "setup") as setup:
        register(setup)
        assert setup.stop() == 0
    with started(tmp_path, environ) as service:
        service.wait_until_ready()
        assert "Log in with GitHub" in service.get("/").text
        assert "PRIVATE KEY" not in service.said() + setup.said()


def register(setup: Started) -> None:
    """As a person who read the log and agrees to everything."""
    while not (found := re.search(r"open (http\S+)", setup.said())) or not answers(
        setup, "/static/style.css"
    ):
        time.sleep(0.05)
    with requests.Session() as browser:
        browser.get(found[1], timeout=30).raise_for_status()
        page = browser.get(f"{setup.url}/setup?name=Gate+Two", timeout=30).text
        action, value = re.findall(r'(?:action|value)="([^"]+)"', page)[:2]
        sent = {"manifest": html.unescape(value)}
        assert "Gate Two is registered" in browser.post(html.unescape(action), data=sent, timeout=30).text
