"""The App's own side: its key, its installations, what was not delivered, and the tokens it gets."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from gateway.app import App
from gateway.errors import Forbidden, NotFound
from gateway.overview import Overview
from gateway.tokens import PERMISSIONS, AppKey, InstallationTokens
from sandbox.world import key_pair
from tests.runner import private_key
from tests.waiting import SHOP, WaitingShop, now


def test_the_app_knows_itself_and_where_it_is_installed(shop: WaitingShop) -> None:
    app = shop.app()
    assert app.app().login == "gate[bot]"
    assert [(one.id, one.account) for one in app.installations()] == [(shop.installation.id, "acme")]


def test_a_wrong_key_is_forbidden_and_says_so(shop: WaitingShop) -> None:
    app = App(AppKey(app_id=str(shop.played.id), private_key=key_pair()[0]), api_url=shop.server.url)
    with pytest.raises(Forbidden, match="check it"):
        app.app()


def test_an_installations_repositories_are_seen_in_two_requests(shop: WaitingShop) -> None:
    gate = shop.push()
    for at in range(3):
        shop.installation.repositories.append(shop.world.add_repository(f"acme/other-{at}"))
    token = InstallationTokens(shop.app()).token(shop.installation.id, "")
    shop.responses.clear()
    seen = shop.app().overviews(token)
    assert [response.path for response in shop.responses] == ["/installation/repositories", "/graphql"]
    assert list(seen) == [SHOP, "acme/other-0", "acme/other-1", "acme/other-2"]
    assert seen[SHOP].waiting == frozenset({gate.deployment_id})
    assert seen["acme/other-0"] == Overview(waiting=frozenset(), open={}, merged={})


def test_pull_requests_are_seen_where_there_is_a_policy(shop: WaitingShop) -> None:
    number, gate = shop.merged()
    shop.world.commit(SHOP, {"more.py": "1\n"}, "More", branch="more", author=shop.world.user("ada"))
    opened = shop.ask("POST", "/pulls", {"title": "More", "head": "more", "base": "main"})
    token = InstallationTokens(shop.app()).token(shop.installation.id, "")
    seen = shop.app().overviews(token)[SHOP]
    assert (seen.open, seen.merged) == ({opened["number"]: opened["head"]["sha"]}, {number: gate.sha})
    shop.world.commit(SHOP, {".github/deploy.yml": None}, "No policy", quiet=True)
    seen = shop.app().overviews(token)[SHOP]
    assert (seen.open, seen.merged) == ({}, {})


def test_what_an_installation_may_not_show_is_unknown_and_not_nothing(shop: WaitingShop) -> None:
    shop.push()
    less = {name: level for name, level in PERMISSIONS.items() if name != "deployments"}
    token = InstallationTokens(shop.app(), permissions=less).token(shop.installation.id, "")
    assert shop.app().overviews(token)[SHOP].waiting is None


def test_peers_5_what_could_not_be_delivered_is_found_and_asked_for_again(shop: WaitingShop) -> None:
    start = now() - timedelta(minutes=1)
    shop.played.webhook_url = f"{shop.server.url}/nowhere"
    shop.installation.events = ("issues",)
    shop.ask("POST", "/issues", {"title": "Lost"})
    shop.server.courier.settle()
    app = shop.app()
    lost = [one for one in app.failed_deliveries(start) if one.event == "issues"]
    assert len(lost) == 1
    app.redeliver(lost[0].id)
    assert app.failed_deliveries(now() + timedelta(hours=1)) == ()


def test_peers_12_a_token_is_for_one_repository_with_no_more_than_we_need(shop: WaitingShop) -> None:
    token = InstallationTokens(shop.app(), permissions={"checks": "write"}).token(shop.installation.id, SHOP)
    played = shop.world.tokens[token]
    assert played.permissions == {"metadata": "read", "checks": "write"}
    assert played.repositories == [shop.repository]


def test_peers_12_a_token_is_asked_for_once_and_renewed_five_minutes_early(shop: WaitingShop) -> None:
    moments = [datetime.now(UTC)]
    tokens = InstallationTokens(shop.app(), clock=lambda: moments[-1])
    first = tokens.token(shop.installation.id, SHOP)
    moments.append(moments[0] + timedelta(minutes=54))
    assert tokens.token(shop.installation.id, SHOP) == first
    moments.append(moments[0] + timedelta(minutes=56))
    assert tokens.token(shop.installation.id, SHOP) != first


def test_what_is_granted_later_is_in_the_tokens_of_ten_minutes_later(shop: WaitingShop) -> None:
    moments, granted = [datetime.now(UTC)], dict(shop.installation.permissions)
    tokens = InstallationTokens(shop.app(), clock=lambda: moments[-1])
    shop.installation.permissions = {name: granted[name] for name in granted if name != "actions"}
    lesser = tokens.token(shop.installation.id, SHOP)
    shop.installation.permissions = granted
    moments.append(moments[0] + timedelta(minutes=9))
    assert tokens.token(shop.installation.id, SHOP) == lesser
    moments.append(moments[0] + timedelta(minutes=11))
    whole = tokens.token(shop.installation.id, SHOP)
    given = [shop.world.tokens[token].permissions.get("actions") for token in (lesser, whole)]
    assert given == [None, "write"]


def test_a_forgotten_installation_gets_a_new_token(shop: WaitingShop) -> None:
    tokens = InstallationTokens(shop.app())
    first = tokens.token(shop.installation.id, SHOP)
    tokens.forget(shop.installation.id)
    assert tokens.token(shop.installation.id, SHOP) != first


def test_peers_12_no_token_is_in_a_repr_a_log_or_an_error(
    shop: WaitingShop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="github.Requester")
    tokens = InstallationTokens(shop.app())
    token = tokens.token(shop.installation.id, SHOP)
    github = shop.github()
    github._token = lambda: token
    with pytest.raises(NotFound) as error:
        github.run(1)
    key = AppKey(app_id="1", private_key=private_key())
    shown = "".join((repr(github), repr(tokens), repr(github.connection), repr(key), repr(shop.app())))
    assert token not in shown + str(error.value) + caplog.text
    assert "PRIVATE KEY" not in shown
