"""The webhook's door: what comes in, what is turned away, and nothing acknowledged before it is stored."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from structlog.testing import capture_logs

from service.door import Door
from service.inbox import Inbox

SECRET, PREVIOUS = "It's a Secret to Everybody", "the one before"
NOW = 1_800_000_000.0
REVIEW = {"action": "submitted", "repository": {"full_name": "acme/shop"}}


class Answer:
    status: int = 0
    body: bytes = b""


class Mail:
    """Sends deliveries through a door and remembers what was handed over."""

    def __init__(self, engine: Engine) -> None:
        self.handed: list[str] = []
        self.inbox = Inbox(engine)
        self.door = Door(
            inside=_inside,
            secrets=(SECRET, PREVIOUS),
            inbox=self.inbox,
            hand_over=self.handed.extend,
            clock=lambda: NOW,
        )

    def send(
        self,
        payload: Any = REVIEW,
        *,
        event: str = "pull_request_review",
        secret: str = SECRET,
        raw: bytes | None = None,
        **environ: Any,
    ) -> Answer:
        body = json.dumps(payload).encode() if raw is None else raw
        answer = Answer()

        def start_response(status: str, _headers: list[tuple[str, str]], _error: Any = None) -> Any:
            answer.status = int(status[:3])

        request = {
            "PATH_INFO": "/webhook",
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_GITHUB_EVENT": event,
            "HTTP_X_GITHUB_DELIVERY": str(uuid4()),
            "HTTP_X_HUB_SIGNATURE_256": signature(secret, body),
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        answer.body = b"".join(self.door(request, start_response))
        return answer

    @property
    def stored(self) -> int:
        return sum(self.inbox.counts().values())


def _inside(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"inside"]


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def mail(engine: Engine) -> Mail:
    return Mail(engine)


def test_peers_1_the_published_signature_vector_holds() -> None:
    published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature(SECRET, b"Hello, World!") == published


def test_peers_2_a_delivery_is_in_the_database_before_it_is_acknowledged(mail: Mail) -> None:
    assert mail.send().status == 202
    assert mail.stored == 1
    assert len(mail.handed) == 1


def test_peers_1_the_previous_secret_is_accepted_while_it_is_rotated(mail: Mail) -> None:
    assert mail.send(secret=PREVIOUS).status == 202
    assert mail.stored == 1


def test_peers_2_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    """GitHub keeps it then, and reconcile asks for it again."""
    without_tables = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    mail = Mail(without_tables)
    assert (mail.send().status, mail.handed) == (503, [])
    without_tables.dispose()


def test_peers_3_a_delivery_id_is_handled_once(mail: Mail) -> None:
    guid = str(uuid4())
    mail.send(HTTP_X_GITHUB_DELIVERY=guid)
    mail.inbox.claim(guid, NOW)
    mail.inbox.done(guid)
    assert mail.send(HTTP_X_GITHUB_DELIVERY=guid).body == b"had it already\n"
    assert mail.handed == [guid]


def test_peers_3_a_redelivery_of_an_unfinished_one_runs_again(mail: Mail) -> None:
    guid = str(uuid4())
    mail.send(HTTP_X_GITHUB_DELIVERY=guid)
    mail.send(HTTP_X_GITHUB_DELIVERY=guid)
    assert mail.handed == [guid, guid]
    assert mail.stored == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"REQUEST_METHOD": "GET"}, 405, id="not a POST"),
        pytest.param({"CONTENT_LENGTH": ""}, 411, id="no length"),
        pytest.param({"CONTENT_LENGTH": "-5"}, 411, id="negative length"),
        pytest.param({"CONTENT_LENGTH": str(26 * 1024 * 1024)}, 413, id="26 MB"),
        pytest.param({"CONTENT_LENGTH": "9" * 5000}, 413, id="longer than any number read"),
        pytest.param({"CONTENT_LENGTH": "9999"}, 400, id="truncated"),
        pytest.param({"HTTP_X_HUB_SIGNATURE_256": ""}, 401, id="unsigned"),
        pytest.param({"HTTP_X_HUB_SIGNATURE_256": "sha256=" + "0" * 64}, 401, id="wrongly signed"),
        pytest.param({"HTTP_X_HUB_SIGNATURE_256": "sha1=" + "0" * 40}, 401, id="signed with SHA-1"),
        pytest.param({"HTTP_X_HUB_SIGNATURE_256": "sha256=é"}, 401, id="signature not ASCII"),
        pytest.param({"secret": ""}, 401, id="signed with an empty secret"),
        pytest.param({"raw": b"payload=%7B%7D"}, 400, id="form encoded"),
        pytest.param({"raw": b"[1]"}, 400, id="a list"),
        pytest.param({"raw": b"\xff\xfe"}, 400, id="not text"),
        pytest.param({"raw": b"[" * 100_000}, 400, id="nested too deep"),
        pytest.param({"HTTP_X_GITHUB_DELIVERY": "'; drop table"}, 400, id="delivery id is no id"),
    ],
)
def test_peers_1_what_is_not_githubs_is_turned_away_and_nothing_is_stored(
    mail: Mail, change: dict[str, Any], status: int
) -> None:
    assert mail.send(**change).status == status
    assert mail.stored == 0
    assert mail.handed == []


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("star", "created"),
        ("made_up", "done"),
        ("check_run", "unheard_of"),
        ("deployment_protection_rule", "new"),
    ],
)
def test_peers_9_unknown_events_and_actions_are_acknowledged_and_ignored(
    mail: Mail, event: str, action: str
) -> None:
    assert mail.send({"action": action}, event=event).status == 202
    assert mail.stored == 0


def test_a_database_that_is_gone_refuses_so_that_github_keeps_the_delivery() -> None:
    engine = create_engine("sqlite://")  # no tables
    mail = Mail(engine)
    assert mail.send().status == 503
    assert mail.handed == []
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        pytest.param({"secret": "another"}, 401, "does not match the webhook secret", id="another secret"),
        pytest.param({"event": "issues"}, 503, "deliveries", id="nowhere to store it"),
    ],
)
def test_operators_are_told_what_was_turned_away_without_its_payload(
    mail: Mail, engine: Engine, change: dict[str, Any], status: int, told: str
) -> None:
    if status == 503:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE deliveries"))
    guid, payload = str(uuid4()), {"action": "closed", "repository": {"full_name": "acme/unspoken"}}
    with capture_logs() as lines:
        mail.send(payload, HTTP_X_GITHUB_DELIVERY=guid, **change)
    [line] = lines
    assert (line["event"], line["delivery"], line["status"]) == ("delivery.refused", guid, status)
    assert told in line["reason"] + line["cause"]
    assert "unspoken" not in str(line)


def test_everything_else_goes_inside(mail: Mail) -> None:
    assert mail.send(PATH_INFO="/healthz").body == b"inside"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    action=json_values,
    repository=json_values,
    event=st.sampled_from(["issues", "deployment_protection_rule"]),
)
@effort(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_wrong_types_at_every_field_never_fail(mail: Mail, action: Any, repository: Any, event: str) -> None:
    assert mail.send({"action": action, "repository": repository}, event=event).status in (202, 400)


def test_the_database_is_asked_nothing_for_an_event_we_do_not_use(mail: Mail, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE deliveries"))
    assert mail.send(event="star").status == 202
