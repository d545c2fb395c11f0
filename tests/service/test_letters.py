"""`deploy-protocol deliveries`: what the App could not handle is seen and handed in again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from deploy_protocol import main
from service.inbox import ATTEMPTS, Delivery, Inbox

GUID, OTHER = "72d3162e-cc78-11e3-81ab-4c9367dc0958", "72d3162e-cc78-11e3-81ab-4c9367dc0959"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp()
LONG = 4000.0  # longer than any wait between two attempts


@pytest.fixture
def inbox(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Inbox(engine)


def deliveries(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["deliveries", *arguments], catch_exceptions=False)


def bury(inbox: Inbox, guid: str = GUID) -> None:
    inbox.commit(Delivery(guid=guid, event="issues", action="closed", body=b'{"issue": 7}'), NOW)
    for attempt in range(ATTEMPTS):
        inbox.claim(guid, NOW + attempt * LONG)
        inbox.failed(guid, "ValueError('boom')", NOW + attempt * LONG)


def test_an_empty_list_says_so(inbox: Inbox) -> None:
    assert deliveries("list").stdout == "no such deliveries\n"


def test_peers_4_the_dead_are_listed_with_why(inbox: Inbox) -> None:
    bury(inbox)
    line = f"{GUID}  2026-11-23T10:00:00+00:00  dead  issues.closed  8 attempts  ValueError('boom')\n"
    assert deliveries("list").stdout == line


def test_one_is_shown_with_its_payload(inbox: Inbox) -> None:
    bury(inbox)
    assert deliveries("show", GUID).stdout.endswith('{\n  "issue": 7\n}\n')
    assert json.loads(deliveries("show", GUID, "--json").stdout)["payload"] == {"issue": 7}


def test_peers_4_a_dead_one_is_replayed(inbox: Inbox) -> None:
    bury(inbox)
    result = deliveries("replay", GUID)
    assert (result.exit_code, result.stdout) == (0, "1 delivery handed in again\n")
    assert inbox.claim(GUID, NOW) is not None


def test_all_the_dead_are_replayed_at_once(inbox: Inbox) -> None:
    bury(inbox)
    bury(inbox, OTHER)
    assert deliveries("replay", "--all").stdout == "2 deliveries handed in again\n"
    assert inbox.counts() == {"new": 2}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["show", GUID], 1, id="show"),
        pytest.param(["replay", GUID], 1, id="replay"),
        pytest.param(["replay"], 2, id="replay nothing"),
        pytest.param(["replay", GUID, "--all"], 2, id="replay one and all"),
    ],
)
def test_what_is_not_there_is_told_by_the_exit_code(inbox: Inbox, arguments: list[str], code: int) -> None:
    result = deliveries(*arguments)
    assert (result.exit_code, bool(result.stderr)) == (code, True)


def test_a_done_one_is_known_by_its_id_alone(inbox: Inbox) -> None:
    inbox.commit(Delivery(guid=GUID, event="push", action="", body=b'{"big": 1}'), NOW)
    inbox.done(GUID)
    assert "The payload is kept only until a delivery is done." in deliveries("show", GUID).stdout
    assert deliveries("replay", GUID).exit_code == 1
    inbox.forget_done(NOW + 1)
    assert deliveries("list", "--state", "done", "--json").stdout == '{\n  "deliveries": []\n}\n'


def test_no_database_is_made_by_looking_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite3'}")
    result = deliveries("list")
    assert (result.exit_code, "unable to open database file" in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_our_tables_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.sqlite3").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    result = deliveries("list")
    assert (result.exit_code, "no such table" in result.stderr) == (2, True)
