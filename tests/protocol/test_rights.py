"""Who may ask for what in a comment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.facts import Missing
from protocol.rights import right_to_declare, right_to_judge, right_to_start, right_to_write
from tests.facts import PEOPLE
from tests.policies import example_policy, make_bare_policy, make_policy

EXAMPLE = (example_policy(),)


@pytest.mark.parametrize(
    ("login", "refusal"),
    [
        ("ada", ""),
        ("eve", ""),
        ("bo", "bo may not deploy to production; team acme/platform may"),
        ("reader", "reader may not deploy to production; anyone with write access may"),
        ("robot[bot]", "robot[bot] may not deploy to production; anyone with write access may"),
    ],
)
def test_peers_17_who_is_in_every_list_of_deployers_may_start(login: str, refusal: str) -> None:
    assert right_to_start(EXAMPLE, "production", login, PEOPLE).refusal == refusal


def test_who_is_named_for_emergencies_may_start_and_the_gate_asks_for_one() -> None:
    policy = make_policy(access={"deployers": ["user:ada"], "emergency": {"who": ["user:reader"]}})
    assert right_to_start([policy], "production", "reader", PEOPLE)
    assert not right_to_start([policy], "production", "grace", PEOPLE)


def test_an_organisations_list_holds_as_well() -> None:
    shared = make_bare_policy({"production": {}}, access={"deployers": ["user:bo"]})
    assert not right_to_start([shared, make_policy()], "production", "ada", PEOPLE)
    assert right_to_start([shared, make_policy()], "production", "bo", PEOPLE)


@pytest.mark.parametrize(
    ("login", "refusal"),
    [
        ("bo", ""),
        ("cy", ""),
        ("grace", "grace may not approve for production; team acme/release-managers or team acme/dba may"),
        (
            "robot[bot]",
            "robot[bot] may not approve for production; team acme/release-managers or team acme/dba may",
        ),
    ],
)
def test_peers_13_who_is_named_by_any_approval_may_judge_and_no_bot(login: str, refusal: str) -> None:
    assert right_to_judge(EXAMPLE, "production", login, PEOPLE).refusal == refusal


def test_where_nobody_is_asked_there_is_nothing_to_approve() -> None:
    assert right_to_judge(EXAMPLE, "staging", "bo", PEOPLE).refusal == "staging asks for no approvals"


@pytest.mark.parametrize(("login", "may"), [("eve", True), ("ada", False), ("robot[bot]", False)])
def test_peers_19_who_is_named_may_declare_an_emergency(login: str, *, may: bool) -> None:
    assert bool(right_to_declare(EXAMPLE, login, PEOPLE)) is may


def test_peers_19_a_policy_that_names_nobody_lets_nobody() -> None:
    assert "names nobody" in right_to_declare([make_policy()], "eve", PEOPLE).refusal
    assert not right_to_declare([], "eve", PEOPLE)


def test_peers_7_what_is_unknown_is_not_granted() -> None:
    unknown = replace(PEOPLE, permissions=Missing("GitHub did not answer"))
    right = right_to_write("ada", unknown, what="freeze deployments")
    assert right.refusal == "Whether ada may freeze deployments cannot be told yet: GitHub did not answer"
