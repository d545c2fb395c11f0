"""The way to GitHub when it is bad: cut, full, broken, or led astray."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses

from gateway.connection import Connection, Response
from gateway.errors import Forbidden, GatewayError, NotFound, RateLimited, Rejected, Unavailable
from gateway.github import GitHub
from gateway.lines import Lines
from tests.scripted import API

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
IN_AN_HOUR = NOON + timedelta(hours=1)


@pytest.fixture
def played() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def connect(on_response: Callable[[Response], None] | None = None) -> Connection:
    return Connection(api_url=API, token=lambda: "ghs_secret", clock=lambda: NOON, on_response=on_response)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(401, Forbidden, id="bad token"),
        pytest.param(403, Forbidden, id="lacking permission"),
        pytest.param(404, NotFound, id="not there"),
        pytest.param(409, Rejected, id="conflict"),
        pytest.param(422, Rejected, id="against the rules"),
        pytest.param(502, Unavailable, id="GitHub's failure"),
    ],
)
def test_each_bad_answer_has_its_error(
    played: responses.RequestsMock, status: int, error: type[GatewayError]
) -> None:
    played.post(f"{API}/x", status=status, json={"message": "No"})
    with pytest.raises(error, match=f"POST /x: GitHub answered {status}, 'No'") as raised:
        connect().rest("POST", "/x", {})
    assert raised.value.status == status


@pytest.mark.parametrize(
    ("status", "headers", "message", "until"),
    [
        pytest.param(
            403, {"retry-after": "120"}, "", NOON + timedelta(seconds=120), id="retry-after comes first"
        ),
        pytest.param(
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(IN_AN_HOUR.timestamp()))},
            "API rate limit exceeded",
            IN_AN_HOUR,
            id="then the reset",
        ),
        pytest.param(
            403,
            {"x-ratelimit-remaining": "4000"},
            "You have exceeded a secondary rate limit.",
            NOON + timedelta(seconds=60),
            id="then a minute",
        ),
        pytest.param(429, {}, "", NOON + timedelta(seconds=60), id="429 without a word"),
    ],
)
def test_peers_21_a_used_up_rate_limit_says_until_when(
    played: responses.RequestsMock, status: int, headers: dict[str, str], message: str, until: datetime
) -> None:
    played.get(f"{API}/x", status=status, headers=headers, json={"message": message})
    with pytest.raises(RateLimited) as raised:
        connect().rest("GET", "/x")
    assert raised.value.until == until
    assert len(played.calls) == 1


def test_graphqls_own_rate_limit_is_one_too(played: responses.RequestsMock) -> None:
    played.post(f"{API}/graphql", json={"errors": [{"type": "RATE_LIMITED", "message": "full"}]})
    with pytest.raises(RateLimited):
        connect().graphql("query { x }", {})


def test_a_cut_connection_is_unavailable(played: responses.RequestsMock) -> None:
    played.post(f"{API}/x", body=requests.ConnectionError("reset by peer"))
    with pytest.raises(Unavailable, match="Check that https://api"):
        connect().rest("POST", "/x", {})


def test_a_connection_cut_for_real_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        hang_up = threading.Thread(target=_hang_up, args=(server, 2))
        hang_up.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Unavailable, match="no answer"):
            Connection(api_url=url, token=lambda: "t").rest("GET", "/x")
        hang_up.join()


def test_peers_21_a_post_is_never_sent_twice(played: responses.RequestsMock) -> None:
    played.post(f"{API}/x", status=502)
    with pytest.raises(Unavailable):
        connect().rest("POST", "/x", {})
    assert len(played.calls) == 1


def test_what_only_reads_is_asked_once_more(played: responses.RequestsMock) -> None:
    for verb, path in (("GET", "/x"), ("POST", "/graphql")):
        played.add(verb, f"{API}{path}", status=502)
        played.add(verb, f"{API}{path}", json={"data": {"fine": True}})
    connection = connect()
    assert connection.rest("GET", "/x") == {"data": {"fine": True}}
    assert connection.graphql("query { fine }", {}).data == {"fine": True}


def test_partial_data_comes_with_its_errors(played: responses.RequestsMock) -> None:
    error = {"type": "NOT_FOUND", "path": ["organisation"], "message": "none"}
    played.post(f"{API}/graphql", json={"data": {"repository": {}, "organisation": None}, "errors": [error]})
    answer = connect().graphql("query { x }", {})
    assert answer.data == {"repository": {}, "organisation": None}
    assert answer.errors == (error,)


def test_an_answer_that_is_not_json_is_unavailable(played: responses.RequestsMock) -> None:
    played.get(f"{API}/x", body="<html>a proxy</html>")
    with pytest.raises(Unavailable, match="not JSON"):
        connect().rest("GET", "/x")


def test_peers_10_the_token_goes_to_the_configured_host_only(played: responses.RequestsMock) -> None:
    played.get(f"{API}/x", status=301, headers={"location": "https://elsewhere.example/x"})
    played.get("https://elsewhere.example/x", json={})
    with pytest.raises(Unavailable):
        connect().rest("GET", "/x")
    assert {urlsplit(call.request.url).hostname for call in played.calls} == {"api.example.test"}


def test_the_version_of_the_api_is_pinned(played: responses.RequestsMock) -> None:
    played.get(f"{API}/x", json={})
    connect().rest("GET", "/x")
    headers = played.calls[0].request.headers
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["Authorization"] == "Bearer ghs_secret"


def test_peers_10_github_enterprise_servers_have_their_graphql_elsewhere(
    played: responses.RequestsMock,
) -> None:
    played.post("https://ghes.example.test:443/api/graphql", json={"data": {}})
    url = "https://ghes.example.test/api/v3"
    assert Connection(api_url=url, token=lambda: "t").graphql("query { x }", {}).data == {}


def test_every_answer_is_told_with_what_remains(played: responses.RequestsMock) -> None:
    told: list[Response] = []
    played.get(f"{API}/x", json={}, headers={"x-ratelimit-remaining": "4999"})
    connect(told.append).rest("GET", "/x")
    assert told == [Response(verb="GET", path="/x", status=200, remaining=4999)]


def test_peers_13_lists_are_read_to_their_last_page(played: responses.RequestsMock) -> None:
    played.get(f"{API}/x", json=list(range(100)))
    played.get(f"{API}/x", json=[100])
    assert list(connect().pages("/x")) == list(range(101))


def test_each_thread_has_an_instance_of_its_own() -> None:
    connection = connect()
    together = threading.Barrier(4)

    def instance(_: int) -> tuple[Any, Any]:
        together.wait()
        return connection._github(), connection._github()

    with ThreadPoolExecutor(4) as pool:
        pairs = list(pool.map(instance, range(4)))
    assert all(first is second for first, second in pairs)
    assert len({id(first) for first, _ in pairs}) == 4


def test_a_repository_is_not_opened_before_it_is_asked() -> None:
    github = GitHub("acme/shop", lambda: "t")
    assert github._opened is None
    assert repr(github) == "GitHub('acme/shop' at https://api.github.com)"
    github.close()


def _hang_up(server: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _address = server.accept()
        connection.close()


def test_repositories_share_a_threads_connection_and_each_asks_with_its_own_token(
    played: responses.RequestsMock,
) -> None:
    lines, sent = Lines(), []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sent.append(request.headers["Authorization"])
        return 200, {}, "{}"

    played.add_callback("GET", f"{API}/x", callback=answer)
    shop = Connection(api_url=API, token=lambda: "ghs_shop", own=lines.own)
    till = Connection(api_url=API, token=lambda: "ghs_till", own=lines.own)
    for one in (shop, till, shop):
        one.rest("GET", "/x")
    lines.beside.submit(till.rest, "GET", "/x").result()
    lines.close()
    assert sent == [f"Bearer ghs_{name}" for name in ("shop", "till", "shop", "till")]
