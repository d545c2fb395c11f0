"""What a payload asks of us: a gate, a second look, or nothing; never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events import EVENTS, LookAgain, RequestedGate, TeamsChanged, is_used, read_event

REQUESTED: dict[str, Any] = {
    "action": "requested",
    "environment": "production",
    "event": "push",
    "deployment_callback_url": "https://api.github.com/repos/acme/shop/actions/runs/42/deployment_protection_rule",
    "deployment": {"id": 9, "sha": "b" * 40, "ref": "main", "created_at": "2026-11-23T10:00:00Z"},
    "sha": "a" * 40,
    "ref": "refs/heads/main",
    "repository": {"full_name": "acme/shop"},
    "installation": {"id": 5},
}


def read(**changes: Any) -> RequestedGate | LookAgain | TeamsChanged | None:
    return read_event("deployment_protection_rule", {**REQUESTED, **changes})


def test_the_run_is_taken_from_the_callback_address() -> None:
    gate = read()
    assert isinstance(gate, RequestedGate)
    assert (gate.run_id, gate.deployment_id, gate.sha, gate.ref) == (42, 9, "a" * 40, "refs/heads/main")


def test_the_deployments_commit_serves_where_the_top_level_one_is_missing() -> None:
    gate = read(sha=None, ref=None)
    assert isinstance(gate, RequestedGate)
    assert (gate.sha, gate.ref) == ("b" * 40, "main")


def test_a_gate_without_a_deployment_is_still_a_gate() -> None:
    gate = read(deployment=None)
    assert isinstance(gate, RequestedGate)
    assert gate.deployment_id == 0


@pytest.mark.parametrize("field", ["environment", "deployment_callback_url", "repository", "installation"])
def test_a_gate_that_cannot_be_named_is_ignored(field: str) -> None:
    assert read(**{field: None}) is None


def test_any_other_event_is_a_reason_to_look_again() -> None:
    assert read_event("issues", {"repository": {"full_name": "acme/shop"}}) == LookAgain(
        repository="acme/shop"
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*REQUESTED, "id"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(event=st.sampled_from(sorted(EVENTS)), payload=anything, field=st.sampled_from(sorted(REQUESTED)))
def test_nothing_in_a_payload_can_raise(event: str, payload: Any, field: str) -> None:
    for value in (payload, {**REQUESTED, field: payload}):
        assert isinstance(read_event(event, value), RequestedGate | LookAgain | TeamsChanged | None)


def test_a_change_of_a_team_is_told_of_its_organisation() -> None:
    payload = {"organization": {"login": "acme"}, "installation": {"id": 5}}
    changed = TeamsChanged(installation_id=5, organisation="acme")
    assert read_event("membership", payload) == changed
    assert read_event("membership", {"organization": {"login": "acme"}}) is None


OCCASIONS = {
    "a review is submitted": ("pull_request_review", "submitted"),
    "a review is edited": ("pull_request_review", "edited"),
    "a review is dismissed": ("pull_request_review", "dismissed"),
    "a required reviewer approves the environment": ("deployment_review", "approved"),
    "a required reviewer refuses the environment": ("deployment_review", "rejected"),
    "a check begins": ("check_run", "created"),
    "a check ends": ("check_run", "completed"),
    "a check is asked for again": ("check_run", "rerequested"),
    "a button is pressed": ("check_run", "requested_action"),
    "a suite of checks ends": ("check_suite", "completed"),
    "a commit status": ("status", ""),
    "a workflow run ends": ("workflow_run", "completed"),
    "a deployment goes on": ("deployment_status", "created"),
    "a comment is written": ("issue_comment", "created"),
    "a comment is edited": ("issue_comment", "edited"),
    "a comment is deleted": ("issue_comment", "deleted"),
    "an issue is opened": ("issues", "opened"),
    "an issue gets a label": ("issues", "labeled"),
    "an issue loses a label": ("issues", "unlabeled"),
    "an issue is edited": ("issues", "edited"),
    "an issue is closed": ("issues", "closed"),
    "an issue is opened again": ("issues", "reopened"),
    "an issue is deleted": ("issues", "deleted"),
    "an issue goes to another repository": ("issues", "transferred"),
    "a push": ("push", ""),
    "a pull request gets a label": ("pull_request", "labeled"),
    "a pull request loses a label": ("pull_request", "unlabeled"),
    "a pull request is edited": ("pull_request", "edited"),
    "a pull request has a new head": ("pull_request", "synchronize"),
    "a pull request is merged": ("pull_request", "closed"),
}


@pytest.mark.parametrize(("event", "action"), OCCASIONS.values(), ids=OCCASIONS)
def test_what_happens_on_github_is_taken_in_and_is_a_reason_to_look_again(event: str, action: str) -> None:
    assert is_used(event, action)
    payload = {"action": action, "repository": {"full_name": "acme/shop"}}
    assert read_event(event, payload) == LookAgain(repository="acme/shop")


def test_every_event_we_subscribe_to_has_its_occasion() -> None:
    others = {"deployment_protection_rule", "membership"}
    assert {event for event, _ in OCCASIONS.values()} | others == set(EVENTS)
