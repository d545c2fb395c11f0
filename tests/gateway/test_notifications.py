"""Apprise's own plugins, over real connections, to servers that take what each service takes.

Slack's and Discord's plugins know one host only, so their address, and nothing else, is set to ours.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import get_args

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack

from gateway.notifications import send
from protocol.messages import Message, Tone
from tests.chat import make_certificate, start_chat, start_post

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own

MESSAGE = Message(title="1.1.0 is in production", body="Deployer: ada\nChanges: Faster search (#7)")


def test_slack_takes_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_chat(answer=b"ok") as chat:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{chat.port}/services")
        assert send("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", MESSAGE) == ""
    [heard] = chat.heard
    assert heard.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    [attachment] = heard.json["attachments"]
    assert attachment["title"] == MESSAGE.title
    assert "Deployer: ada" in attachment["text"]


def test_a_failure_has_another_colour_than_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_chat(answer=b"ok") as chat:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{chat.port}/services")
        for tone in get_args(Tone):
            message = replace(MESSAGE, tone=tone)
            assert send("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", message) == ""
    assert len({heard.json["attachments"][0]["color"] for heard in chat.heard}) == len(get_args(Tone))


def test_discord_takes_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_chat(status=204) as chat:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://127.0.0.1:{chat.port}/api/webhooks")
        assert send(f"discord://{'1' * 18}/{'a' * 68}", MESSAGE) == ""
    [heard] = chat.heard
    assert heard.path.startswith("/api/webhooks/111111111111111111/")
    assert MESSAGE.title in heard.json["content"]
    assert "Faster search" in heard.json["content"]


def test_teams_takes_the_message_over_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "teams.pem")
    with start_chat(status=202, certificate=certificate) as chat, pytest.warns(Warning, match="Unverified"):
        assert send(f"workflows://127.0.0.1:{chat.port}/WORKFLOW/SIGNATURE/?verify=no", MESSAGE) == ""
    [heard] = chat.heard
    assert heard.path.startswith("/workflows/WORKFLOW/triggers/manual/paths/invoke?")
    [card] = heard.json["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert MESSAGE.title in str(card["content"])


def test_mail_takes_the_message() -> None:
    with start_post() as post:
        assert send(post.address, MESSAGE) == ""
    [mail] = post.mails
    assert (mail["Subject"], mail["To"]) == (MESSAGE.title, "team@shop.test")
    content = mail.get_body()
    assert content is not None
    assert "Faster search (#7)" in content.get_content()


def test_what_a_service_does_not_take_is_said_without_its_address() -> None:
    with start_chat() as chat:
        assert send(f"{chat.channel}/broken", MESSAGE) == "its service did not take the message."
    assert send(chat.channel, MESSAGE) == "its service did not take the message."
    assert send("nothing that Apprise knows", MESSAGE) == "Apprise does not understand its address."


def test_a_service_that_keeps_us_waiting_is_left_behind() -> None:
    go_on = Event()
    with start_chat() as chat:
        chat.answer_when = lambda _: _wait_for(go_on)
        said = send(chat.channel, MESSAGE, patience=0.2)
        go_on.set()
    assert said == "its service did not answer in 0.2s; whether the message arrived is not known."


def _wait_for(event: Event) -> None:
    event.wait(30)
