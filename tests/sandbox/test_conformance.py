"""The sandbox is GitHub's in shape, and a shape that is not is noticed."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.recording import DIRECTORY
from sandbox.routes import every_route
from tests.conformance import NOT_REST, PUBLISHED_AS, Conformance, Exchange
from tests.operations import operation
from tests.recordings import Recordings
from tests.runner import SHOP, Shop, shop_in
from tests.tour import Tour

pytest_plugins = ("pytester",)

OURS = "/_sandbox/"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_in(tmp_path_factory.mktemp("tour")) as shop:
        yield shop


def test_every_route_is_one_that_github_publishes() -> None:
    asked = [(route.method, route.template) for route in every_route() if not route.template.startswith(OURS)]
    unknown = {template for method, template in asked if operation(method, template) is None}
    assert unknown == NOT_REST | set(PUBLISHED_AS)


def test_a_tour_past_every_route_conforms(tmp_path: Path) -> None:
    with shop_in(tmp_path) as shop:
        Tour(shop).everywhere()  # what is not GitHub's fails this test, as it fails every other
    seen = {(one.method, one.template) for one in shop.world.exchanges}
    published = [route for route in every_route() if operation(route.method, route.template) is not None]
    missed = [f"{one.method} {one.template}" for one in published if (one.method, one.template) not in seen]
    assert missed == []


# A wrong shape is noticed

CREATE = "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses"


@pytest.fixture(scope="module")
def status(shop: Shop) -> Exchange:
    """A deployment status as it was asked for and answered."""
    tour = Tour(shop)
    tour.deployments()
    one = next(one for one in shop.world.exchanges if (one.method, one.template) == ("POST", CREATE))
    return Exchange(
        method="POST",
        template=CREATE,
        status=one.status,
        request=one.request_body,
        response=one.response_body,
    )


@pytest.fixture(scope="module")
def delivery(shop: Shop, status: Exchange) -> Exchange:
    """A delivery as it was sent."""
    shop.server.courier.settle()
    one = next(one for one in shop.world.deliveries if one.event == "deployment_status")
    return Exchange(event=one.event, request=one.payload)


def changed(value: Any, path: str, new: Any = ...) -> Any:
    """A copy with one field set, or without it."""
    copied = copy.deepcopy(value)
    *way, last = path.split(".")
    place = copied
    for step in way:
        place = place[step]
    if new is ...:
        del place[last]
    else:
        place[last] = new
    return copied


def complaints(exchange: Exchange) -> list[str]:
    return Conformance().complaints(exchange)


def test_what_the_sandbox_says_is_nothing_to_complain_of(status: Exchange, delivery: Exchange) -> None:
    assert complaints(status) == complaints(delivery) == []


ANSWERS = {
    "a missing field": ("creator.login", ..., "creator.login: Field required"),
    "a wrong type": ("id", "7", "id: Input should be a valid integer"),
    "an unknown word": ("state", "waiting", "state: Input should be 'error', 'failure'"),
    "no time": ("created_at", "yesterday", "created_at: Input should be a valid datetime"),
    "a field GitHub does not have": ("verdict", "allow", "verdict: GitHub has no such field"),
    "a deep one": ("creator.nickname", "a", "creator.nickname: GitHub has no such field"),
}


@pytest.mark.parametrize(("path", "new", "said"), ANSWERS.values(), ids=ANSWERS)
def test_a_wrong_answer_is_noticed(status: Exchange, path: str, new: Any, said: str) -> None:
    found = complaints(replace(status, response=changed(status.response, path, new)))
    assert any(f"POST {CREATE} → 201: {said}" in sentence for sentence in found), found


REQUESTS = {
    "a missing field": ("state", ..., "state: Field required"),
    "a wrong type": ("description", 7, "description"),
    "an unknown word": ("state", "waiting", "state"),
    "a field GitHub does not take": ("note", "late", "note: GitHub has no such field"),
}


@pytest.mark.parametrize(("path", "new", "said"), REQUESTS.values(), ids=REQUESTS)
def test_a_wrong_request_is_noticed(status: Exchange, path: str, new: Any, said: str) -> None:
    found = complaints(replace(status, request=changed(status.request, path, new)))
    assert any(f"POST {CREATE}, request: {said}" in sentence for sentence in found), found


def test_an_unknown_query_parameter_is_noticed() -> None:
    asked = Exchange(method="GET", template="/repos/{owner}/{repo}/pulls", query={"label": "x"}, response=[])
    (sentence,) = complaints(asked)
    assert "query parameter 'label' is not GitHub's" in sentence


def test_an_operation_github_does_not_have_is_noticed() -> None:
    asked = Exchange(method="GET", template="/repos/{owner}/{repo}/verdicts", response=[])
    assert complaints(asked) == ["GET /repos/{owner}/{repo}/verdicts: GitHub publishes no such operation"]


def test_a_body_where_github_sends_none_is_noticed() -> None:
    template = "/repos/{owner}/{repo}/git/refs/{ref}"
    asked = Exchange(method="DELETE", template=template, status=200, response={"gone": True})
    (sentence,) = complaints(asked)
    assert "GitHub answers without a body" in sentence


def test_a_wrong_delivery_is_noticed(delivery: Exchange) -> None:
    (without,) = complaints(replace(delivery, request=changed(delivery.request, "deployment.sha")))
    assert without == "webhook deployment_status.created: deployment.sha: Field required"
    (renamed,) = complaints(replace(delivery, event="deployment_verdict"))
    assert renamed == "webhook deployment_verdict.created: GitHub sends no such event"


def test_a_graphql_field_github_does_not_have_is_noticed() -> None:
    asked = Exchange(template="/graphql", request={"query": "{ viewer { verdict } }"})
    (sentence,) = complaints(asked)
    assert "Cannot query field 'verdict' on type 'User'" in sentence


# Recordings


def test_every_sandbox_of_a_test_leaves_its_record(shop: Shop, pytestconfig: pytest.Config) -> None:
    shop.ask("GET", "")
    directory = Path(os.environ[DIRECTORY])
    records = [file.read_text("utf-8").splitlines() for file in directory.glob("*.jsonl")]
    paths = [json.loads(line).get("path") for lines in records for line in lines]
    assert f"/repos/{SHOP}" in paths


def test_a_record_is_judged_once_and_as_it_grows(tmp_path: Path, status: Exchange) -> None:
    recordings = Recordings(tmp_path)
    file = tmp_path / "one.jsonl"
    wrong = {"method": "GET", "template": "/verdicts", "status": 200}
    file.write_text(json.dumps(wrong) + "\n")
    assert len(recordings.complaints()) == 1
    assert recordings.complaints() == []
    with file.open("a") as lines:
        lines.write(json.dumps(wrong) + "\n" + json.dumps(wrong)[:9])
    assert len(recordings.complaints()) == 1


def test_a_test_fails_that_made_a_wrong_exchange(
    pytester: pytest.Pytester, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    pytester.makeconftest("from tests.conftest import *")
    pytester.makepyfile(
        """
        import json, os, pathlib

        def test_wrong():
            line = {"method": "GET", "template": "/verdicts", "status": 200}
            file = pathlib.Path(os.environ["SANDBOX_RECORD"], "one.jsonl")
            file.write_text(json.dumps(line) + chr(10))

        def test_right():
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*GET /verdicts: GitHub publishes no such operation*"])


def test_the_run_fails_for_a_wrong_exchange_after_its_last_test(
    pytester: pytest.Pytester, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    pytester.makeconftest("from tests.conftest import *")
    pytester.makepyfile(
        """
        import json, os, pathlib, pytest

        @pytest.fixture
        def server():
            yield
            line = {"method": "GET", "template": "/verdicts", "status": 200}
            file = pathlib.Path(os.environ["SANDBOX_RECORD"], "one.jsonl")
            file.write_text(json.dumps(line) + chr(10))

        def test_last(server):
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stderr.fnmatch_lines(["GET /verdicts: GitHub publishes no such operation"])
