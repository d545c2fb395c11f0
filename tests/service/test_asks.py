"""Which events ask something of us; whatever else they hold, they never fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.asks import Ask, Comment, Merge, read_ask
from service.clicks import Click
from service.events import is_used
from service.hotfixes import Success
from service.lost_jobs import EndedRun

FRAME = {"repository": {"full_name": "acme/shop"}, "installation": {"id": 7}}
SAID = {"id": 5, "body": "/deploy staging", "user": {"login": "ada", "type": "User"}}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["action", "comment", "body", "id", "user", "type", "merged", "number", "pull_request"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("event", "payload", "what"),
    [
        pytest.param(
            "issue_comment", {"action": "created", "comment": SAID}, Comment(comment_id=5), id="command"
        ),
        pytest.param(
            "check_run",
            {
                "action": "requested_action",
                "check_run": {"id": 9},
                "requested_action": {"identifier": "approve:production"},
                "sender": {"login": "Ada"},
            },
            Click(check_run_id=9, identifier="approve:production", by="ada"),
            id="click",
        ),
        pytest.param(
            "pull_request",
            {"action": "closed", "pull_request": {"number": 3, "merged": True}},
            Merge(number=3),
            id="merge",
        ),
        pytest.param(
            "deployment_status",
            {
                "action": "created",
                "deployment_status": {"state": "success"},
                "deployment": {"id": 4},
                "workflow_run": {"id": 8},
            },
            Success(deployment_id=4, run_id=8),
            id="success",
        ),
        pytest.param(
            "workflow_run",
            {"action": "completed", "workflow_run": {"id": 8, "conclusion": "failure"}},
            EndedRun(run_id=8),
            id="a run that ended badly",
        ),
        pytest.param(
            "workflow_run",
            {
                "action": "completed",
                "workflow_run": {"id": 8, "conclusion": "success", "run_attempt": 2},
            },
            EndedRun(run_id=8),
            id="a run that ended well at its second attempt",
        ),
    ],
)
def test_an_event_asks(event: str, payload: dict[str, Any], what: object) -> None:
    ask = read_ask(event, FRAME | payload)
    assert ask == Ask(installation_id=7, repository="acme/shop", what=what)  # type: ignore[arg-type]
    assert is_used(event, payload["action"])
    assert read_ask(event, payload) is None


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("issue_comment", {"action": "edited", "comment": SAID}, id="peers 17: edited"),
        pytest.param("issue_comment", {"action": "deleted", "comment": SAID}, id="deleted"),
        pytest.param(
            "issue_comment", {"action": "created", "comment": SAID | {"body": "Hello"}}, id="no command"
        ),
        pytest.param(
            "issue_comment",
            {"action": "created", "comment": SAID | {"user": {"login": "gate[bot]", "type": "Bot"}}},
            id="peers 13: a bot",
        ),
        pytest.param(
            "pull_request", {"action": "closed", "pull_request": {"number": 3, "merged": False}}, id="closed"
        ),
        pytest.param(
            "deployment_status",
            {"action": "created", "deployment_status": {"state": "failure"}, "deployment": {"id": 4}},
            id="failure",
        ),
        pytest.param(
            "workflow_run",
            {"action": "completed", "workflow_run": {"id": 8, "conclusion": "success", "run_attempt": 1}},
            id="a run that went well",
        ),
        pytest.param("push", {"comment": SAID}, id="another event"),
    ],
)
def test_other_events_ask_nothing(event: str, payload: dict[str, Any]) -> None:
    assert read_ask(event, FRAME | payload) is None


@given(st.sampled_from(["issue_comment", "check_run", "pull_request"]), anything, anything)
def test_peers_9_no_payload_fails(event: str, first: object, second: object) -> None:
    for action in ("created", "requested_action", "closed"):
        payload = {"action": action, "comment": first, "pull_request": second, "check_run": first}
        for found in (read_ask(event, FRAME | payload), read_ask(event, first)):
            assert found is None or found.repository
