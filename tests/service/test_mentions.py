"""Which pull requests an event concerns; whatever the payload is, reading it never fails."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events import EVENTS
from service.mentions import Mentions, is_our_own, read_mentions

HOME: dict[str, Any] = {
    "repository": {"full_name": "acme/shop", "default_branch": "main"},
    "installation": {"id": 7},
}
SHA = "a" * 40
FREEZE = {"labels": [{"name": "deploy-freeze"}]}


def mentions(event: str, **payload: Any) -> Mentions | None:
    return read_mentions(event, {**HOME, **payload})


def concerns(**what: Any) -> Mentions:
    return Mentions(installation_id=7, repository="acme/shop", **what)


@pytest.mark.parametrize(
    ("event", "payload", "concerned"),
    [
        pytest.param("pull_request", {"pull_request": {"number": 5}}, {"numbers": {5}}, id="itself"),
        pytest.param(
            "pull_request_review", {"pull_request": {"number": 5}}, {"numbers": {5}}, id="its review"
        ),
        pytest.param(
            "issue_comment",
            {"issue": {"number": 5, "pull_request": {"url": "u"}}},
            {"numbers": {5}},
            id="a comment on it",
        ),
        pytest.param("issue_comment", {"issue": {"number": 5}}, {}, id="a comment on an issue"),
        pytest.param(
            "check_run",
            {"check_run": {"head_sha": SHA, "pull_requests": [{"number": 5}, {}, 7]}},
            {"numbers": {5}, "commits": {SHA}},
            id="its checks",
        ),
        pytest.param("status", {"sha": SHA}, {"commits": {SHA}}, id="a status of its commit"),
        pytest.param(
            "deployment_status", {"deployment": {"sha": SHA}}, {"commits": {SHA}}, id="its commit is deployed"
        ),
        pytest.param("issues", {"issue": FREEZE}, {"all_open": True}, id="a freeze"),
        pytest.param(
            "issues", {"label": {"name": "deploy-freeze"}}, {"all_open": True}, id="a freeze no more"
        ),
        pytest.param("issues", {"issue": {"labels": []}}, {}, id="any other issue"),
        pytest.param(
            "push",
            {"ref": "refs/heads/main", "commits": [{"modified": [".github/deploy.yml"]}]},
            {"all_open": True},
            id="another policy",
        ),
        pytest.param(
            "push",
            {"ref": "refs/heads/sell", "commits": [{"modified": [".github/deploy.yml"]}]},
            {},
            id="another policy on a branch",
        ),
    ],
)
def test_an_event_concerns(event: str, payload: dict[str, Any], concerned: dict[str, Any]) -> None:
    assert mentions(event, **payload) == concerns(**concerned)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param(
            "check_run",
            {"action": "completed", "check_run": {"external_id": "deploy-protocol:pull:5:x"}},
            id="our own check run",
        ),
        pytest.param(
            "issue_comment", {"action": "edited", "sender": {"type": "Bot"}}, id="our comment written anew"
        ),
    ],
)
def test_what_we_wrote_ourselves_is_not_told_to_us_again(event: str, payload: dict[str, Any]) -> None:
    assert mentions(event, **payload) is None


def test_our_record_of_whom_a_run_is_for_is_heard() -> None:
    assert not is_our_own("check_run", {"check_run": {"external_id": "deploy-protocol:start:7:ada:deploy:"}})


@pytest.mark.parametrize(("app_id", "ours"), [(7, True), (8, False), (0, False)])
def test_the_suite_of_our_own_checks_is_known_by_our_app(app_id: int, ours: bool) -> None:
    assert is_our_own("check_suite", {"check_suite": {"app": {"id": 7}}}, app_id) is ours


def test_a_button_on_our_own_check_run_is_heard() -> None:
    check = {"external_id": "deploy-protocol:pull:5:x", "head_sha": SHA, "pull_requests": [{"number": 5}]}
    heard = mentions("check_run", action="requested_action", check_run=check)
    assert heard == concerns(numbers=frozenset({5}), commits=frozenset({SHA}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
READ = (
    "repository",
    "installation",
    "sender",
    "issue",
    "label",
    "pull_request",
    "check_run",
    "commits",
    "ref",
)


@given(event=st.sampled_from(sorted(EVENTS)), payload=st.dictionaries(st.sampled_from(READ), JSON))
def test_wrong_types_at_every_field_we_read_are_ignored(event: str, payload: dict[str, Any]) -> None:
    assert isinstance(read_mentions(event, payload), Mentions | None)
    found = read_mentions(event, {**payload, **HOME})
    assert (found is None) is is_our_own(event, {**payload, **HOME})
    assert all(isinstance(number, int) for number in (found.numbers if found else ()))
    assert all(isinstance(sha, str) for sha in (found.commits if found else ()))
