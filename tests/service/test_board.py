"""The comment on a pull request: what runs where, what each environment waits for, the checklist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.text import box_text
from gateway.ticks import ticked
from protocol.facts import Facts, Missing, Relation, Tick
from protocol.foresight import foresee
from service.board import Place, board, unreadable
from tests.facts import NOW, OTHER, SHA, at, make_deployment, make_facts, make_pull_request
from tests.policies import example_policy, make_policy

PAGE = Path(__file__).parents[2] / "docs" / "pull-requests.md"
FRIDAY = at("2026-11-27 17:55")
TICK = {"checklist": [{"item": "Team told", "tick": ["permission:write"]}]}
UNDER_WAY = {"state": "in_progress", "succeeded": False}
FAILED = {"state": "failure", "succeeded": False}
TOLD = Tick(item="Team told", by="cy", at=NOW)
RUNNING = make_deployment("production", id=2, sha=OTHER, version="v1.4.0", creator="ada")


def place(facts: Facts | None = None, *, policy: Any = None, **changes: Any) -> Place:
    """Production, before the merge."""
    facts = facts or make_facts()
    decision = foresee([policy or make_policy()], facts, NOW)
    return replace(Place(facts=facts, decision=decision, merged=False, waits=False), **changes)


def shown(*places: Place, policy: Any = None) -> str:
    used = policy or make_policy()
    return board(places, [used], used.timezone)


def test_the_page_shows_what_the_comment_says() -> None:
    policy = example_policy()
    labelled = make_pull_request(labels=frozenset({"needs-maintenance"}), merged=False, merge_sha=None)
    deployments = (RUNNING, make_deployment("staging", version="v1.5.0"))
    facts = make_facts(pull_request=labelled, deployments=deployments, ticks=(), approvals=(), evidence={})
    places = [
        Place(
            facts=replace(facts, environment=name),
            decision=foresee([policy], replace(facts, environment=name), FRIDAY),
            merged=False,
            waits=False,
        )
        for name in ("staging", "production")
    ]
    text = board(places, [policy], policy.timezone).partition("\n")[2]
    assert text in PAGE.read_text(), text


def test_what_runs_is_named_with_its_commit_since_when_and_by_whom() -> None:
    text = shown(place(make_facts(deployments=(RUNNING,))))
    assert f"| v1.4.0 ({OTHER[:7]}), since Mon 2026-11-23 09:00 CET, by ada |" in text


@pytest.mark.parametrize(
    ("changes", "relation", "merged", "says"),
    [
        pytest.param(UNDER_WAY, Relation.AHEAD, True, "🚀 Being deployed, started by ada", id="under way"),
        pytest.param(FAILED, Relation.AHEAD, True, "❌ Deployed, started by ada, and it failed", id="failed"),
        pytest.param({}, Relation.IDENTICAL, True, "✅ Runs, started by ada", id="runs"),
        pytest.param({"sha": OTHER}, Relation.BEHIND, True, "✅ Contained in what runs", id="contained"),
        pytest.param({"sha": OTHER}, Relation.AHEAD, False, "✅ Could be deployed now", id="not yet"),
    ],
)
def test_what_became_of_the_commit_is_said_first(
    changes: dict[str, Any], relation: Relation, merged: bool, says: str
) -> None:
    facts = make_facts(
        deployments=(make_deployment("production", **changes),), relations={"production": relation}
    )
    assert f"| {says} |" in shown(place(facts, merged=merged))


def test_what_is_not_known_is_said_to_be() -> None:
    text = shown(place(make_facts(deployments=Missing("GitHub gave nothing"))))
    assert "| not known: GitHub gave nothing |" in text


def test_a_box_is_ticked_only_by_who_may() -> None:
    policy = make_policy(TICK)
    box = box_text("production", "Team told")
    reader = make_facts(ticks=(replace(TOLD, by="reader"),))
    writer = make_facts(ticks=(TOLD,))
    assert box not in ticked(shown(place(reader, policy=policy), policy=policy))
    assert box in ticked(shown(place(writer, policy=policy), policy=policy))


def test_the_same_item_in_two_environments_has_two_boxes() -> None:
    policy = make_policy(TICK, environments={"staging": TICK})
    staging = make_facts(environment="staging", ticks=(TOLD,))
    text = shown(place(staging, policy=policy), place(make_facts(ticks=()), policy=policy), policy=policy)
    assert ticked(text) == {box_text("staging", "Team told")}


def test_an_item_not_asked_of_these_changes_is_left_out() -> None:
    item = {"item": "Team told", "tick": ["anyone"], "when": {"labels": ["rare"]}}
    policy = make_policy({"checklist": [item]})
    assert "Team told" not in shown(place(policy=policy), policy=policy)


def test_an_item_whose_name_ends_like_another_says_its_own() -> None:
    items = [{"item": "Tests", "checks": ["e2e"]}, {"item": "More Tests", "checks": ["test"]}]
    policy = make_policy({"checklist": items})
    text = shown(place(policy=policy), policy=policy)
    assert "- ⏳ Tests: e2e not seen" in text
    assert "- ✅ More Tests: 1 of 1 checks passed" in text


def test_peers_20_names_and_reasons_are_escaped() -> None:
    hostile = "<b>@acme/all</b> | [x](y)"
    facts = make_facts(deployments=(replace(RUNNING, version=hostile, creator="e|vil"),))
    for text in (shown(place(facts)), unreadable(hostile)):
        assert "<b>" not in text.replace("\\<", "")
        assert "@acme/all" not in text
    assert "e\\|vil" in shown(place(facts))
    assert SHA[:7] not in shown(place(facts))
