from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.metrics import Past, Source, measure, number_in, source_of
from protocol.policy import MetricsSource
from tests.metrics import Answer, Asked, prometheus, prometheus_says, station

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = Past(since=NOON - timedelta(minutes=15), until=NOON, every=timedelta(seconds=15))


def source_at(url: str, kind: str = "prometheus", token: str = "") -> Source:
    found = source_of(MetricsSource.model_validate({kind: url}), token)
    assert found is not None
    return found


def always(body: Any, **answer: Any) -> Callable[[Asked], Answer]:
    return lambda _: Answer(body=body, **answer)


ONE = {"metric": {}, "value": [1.0, "0.25"]}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(prometheus("vector", [ONE]), 0.25, id="one series"),
        pytest.param(prometheus("scalar", [1.0, "3"]), 3, id="a scalar"),
        pytest.param(prometheus("vector", []), None, id="no series is no traffic"),
        pytest.param(prometheus("vector", [{"value": [1.0, "NaN"]}]), None, id="0/0 is no traffic"),
        pytest.param(prometheus("vector", [{"value": [1.0, "+Inf"]}]), None, id="infinity is no value"),
    ],
)
def test_prometheus_gives_a_value_or_none(body: Any, value: float | None) -> None:
    with station(always(body)) as there:
        look = measure(source_at(there.url + "/", token="t0ken"), "up == 1", NOON)
    assert (look.value, look.error) == (value, "")
    [asked] = there.asked
    assert (asked.path, asked.parameters["query"]) == ("/api/v1/query", "up == 1")
    assert asked.headers["Authorization"] == "Bearer t0ken"


def test_prometheus_gives_the_past_in_one_request() -> None:
    with station(prometheus_says(None, before=0.5)) as there:
        past = source_at(there.url).history("up", HOUR)
    assert past is not None
    assert [one.value for one in past] == [0.5] * 60
    assert past[1].at - past[0].at == timedelta(seconds=15)
    [asked] = there.asked
    assert asked.parameters["step"] == "15.0"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(
            Answer(status=400, body={"status": "error", "error": "parse error at char 3"}),
            "127.0.0.1:PORT answered 400: parse error at char 3.",
            id="a bad query",
        ),
        pytest.param(
            Answer(status=401),
            "127.0.0.1:PORT answered 401; check the variable that `monitor.source.token` names.",
            id="a bad token",
        ),
        pytest.param(
            Answer(status=302, headers={"Location": "http://elsewhere.test/"}),
            "127.0.0.1:PORT answered 302; redirects are not followed: write the address it points to.",
            id="a redirect would carry the token elsewhere",
        ),
        pytest.param(Answer(body="<html>"), "127.0.0.1:PORT did not answer in JSON.", id="a page"),
        pytest.param(
            Answer(body="[" * 100_000), "127.0.0.1:PORT did not answer in JSON.", id="no end of lists"
        ),
        pytest.param(
            Answer(status=500, body="[" * 100_000),
            "127.0.0.1:PORT answered 500.",
            id="no end of lists as reason",
        ),
        pytest.param(
            Answer(body=" " * (1 << 20) + "{}"),
            "127.0.0.1:PORT answered with more than a mebibyte.",
            id="a page without end",
        ),
        pytest.param(
            Answer(body=[]),
            "127.0.0.1:PORT did not answer as Prometheus does; check its address.",
            id="another kind of JSON",
        ),
        pytest.param(
            Answer(body={"status": "success", "data": {"resultType": "vector"}}),
            "127.0.0.1:PORT answered in a form that cannot be read.",
            id="half an answer",
        ),
        pytest.param(
            Answer(body=prometheus("vector", [ONE, ONE])),
            "the query gives 2 series; make it one, such as with sum().",
            id="several series",
        ),
        pytest.param(
            Answer(body=prometheus("matrix", [])),
            "the query gives a matrix; write one that gives a number.",
            id="a range",
        ),
    ],
)
def test_what_goes_wrong_is_the_samples_error(answer: Answer, error: str) -> None:
    with station(lambda _: answer) as there:
        look = measure(source_at(there.url), "up", NOON)
    assert look.value is None
    assert look.error.replace(there.url.removeprefix("http://"), "127.0.0.1:PORT") == error


def test_nobody_there_is_the_samples_error() -> None:
    with station(always("")) as there:
        gone = there.url
    assert "did not answer: [Errno 111]" in measure(source_at(gone), "up", NOON).error


def test_a_secret_in_an_address_is_in_no_error() -> None:
    look = measure(source_at("http://ada:s3cr3t@127.0.0.1:9/?key=s3cr3t"), "up", NOON)
    assert look.error
    assert "s3cr3t" not in look.error


SERIES = {"status": "ok", "series": [{"pointlist": [[1000.0, 1.0], [2000.0, 2.5], [3000.0, None]]}]}


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        pytest.param("api:app", {"DD-API-KEY": "api", "DD-APPLICATION-KEY": "app"}, id="two keys"),
        pytest.param("one", {"Authorization": "Bearer one"}, id="one token"),
    ],
)
def test_datadog_gives_its_last_point_that_has_a_value(token: str, headers: dict[str, str]) -> None:
    with station(always(SERIES)) as there:
        source = source_at(there.url, "datadog", token)
        assert source.value("avg:errors{*}", NOON) == 2.5
        past = source.history("avg:errors{*}", HOUR)
    assert past is not None
    assert [one.value for one in past] == [1.0, 2.5]
    assert there.asked[0].path == "/api/v1/query"
    sent = {name.lower(): value for name, value in there.asked[0].headers.items()}
    assert {name: sent[name.lower()] for name in headers} == headers
    assert int(there.asked[1].parameters["to"]) - int(there.asked[1].parameters["from"]) == 900


@pytest.mark.parametrize(
    ("body", "value", "error"),
    [
        pytest.param({"status": "ok", "series": []}, None, "", id="no traffic"),
        pytest.param({"error": "bad query"}, None, "did not answer the query: bad query", id="refused"),
        pytest.param({"status": "ok"}, None, "in a form that cannot be read", id="half an answer"),
    ],
)
def test_datadog_without_points(body: Any, value: None, error: str) -> None:
    with station(always(body)) as there:
        look = measure(source_at(there.url, "datadog"), "q", NOON)
    assert look.value is value
    assert error in look.error


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        pytest.param("errors.rate", 0.25, "", id="a number"),
        pytest.param("queues[0].depth", 7, "", id="a number in text, in a list"),
        pytest.param("errors.none", None, "", id="null is no value"),
        pytest.param("errors.total", None, "nothing at errors.total", id="nothing there"),
        pytest.param("errors", None, "is not a number", id="no number"),
        pytest.param("ok", None, "'True' is not a number", id="a truth"),
        pytest.param("huge", None, "is not a number", id="a number that none can hold"),
        pytest.param("queues[²].depth", None, "nothing at queues", id="a digit that is no number"),
    ],
)
def test_a_page_of_json_gives_what_stands_at_a_path(path: str, value: float | None, error: str) -> None:
    body = {"errors": {"rate": 0.25, "none": None}, "queues": [{"depth": "7"}], "ok": True, "huge": 10**400}
    with station(always(body)) as there:
        source = source_at(there.url, "json")
        look = measure(source, path, NOON)
        assert source.history(path, HOUR) is None
    assert look.value == value
    assert error in look.error


def test_a_command_is_no_source_of_the_gateways() -> None:
    assert source_of(MetricsSource.model_validate({"run": "./metrics"}), "") is None


def test_a_number_somebody_wrote() -> None:
    assert (number_in(" 1.5\n"), number_in("\n"), number_in("NaN")) == (1.5, None, None)
