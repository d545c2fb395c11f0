"""The buttons of a check run, and what a click on one means."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from protocol.facts import Known, PullRequest
from protocol.verdict import Decision, Finding, Verdict
from service.showing import LONGEST_IDENTIFIER, check_name, read_button, said_at_gate, said_in_verdict
from tests.facts import make_facts
from tests.policies import make_policy

UTC = ZoneInfo("UTC")


def decision(code: str, verdict: Verdict = Verdict.WAIT) -> Decision:
    return Decision((Finding(code=code, rule=code.partition(".")[0], verdict=verdict, why="So it is"),))


def buttons(code: str, environment: str = "production", **production: object) -> list[str]:
    said = said_at_gate(decision(code), environment, [make_policy(production)], UTC)
    return [button.identifier for button in said.buttons]


def test_who_may_approve_is_given_a_button_where_an_approval_is_missing() -> None:
    assert buttons("approvals.missing") == ["approve:production", "look:production", "freeze:production"]
    assert buttons("windows.closed") == ["look:production", "freeze:production"]


def test_no_button_approves_where_the_policy_takes_none() -> None:
    options = {"methods": ["review"]}
    assert "approve:production" not in buttons("approvals.missing", approval_options=options)


def how_to_approve(pull: Known[PullRequest | None], **production: object) -> tuple[str, bool]:
    """The first line above the findings, and whether there is a button for it."""
    policies = [make_policy(production)]
    said = said_at_gate(decision("approvals.missing"), "production", policies, UTC, pull)
    return said.summary.splitlines()[0], said.buttons[0].label == "Approve"


def test_who_may_approve_reads_how_that_is_done() -> None:
    pull = make_facts().pull_request
    how = "To approve: press **Approve** here, review #7, write `/approve production` on #7 or "
    how += "press **Review deployments** in the run, where the environment asks for reviewers."
    assert how_to_approve(pull) == (how, True)
    options = {"methods": ["review", "comment"]}
    how = "To approve: review #7 or write `/approve production` on #7."
    assert how_to_approve(pull, approval_options=options) == (how, False)


def test_what_no_pull_request_brought_has_no_button_that_would_do_nothing() -> None:
    why = "No pull request brought this commit, and approvals are given on one"
    in_run = "press **Review deployments** in the run, where the environment asks for reviewers"
    assert how_to_approve(None) == (f"{why}: {in_run}.", False)
    options = {"methods": ["button", "comment"]}
    assert how_to_approve(None, approval_options=options) == (f"{why}: bring it in by one.", False)


@pytest.mark.parametrize("environment", ["production", "a-very-long-environment", "with:colon"])
def test_a_click_names_its_environment_whatever_its_length(environment: str) -> None:
    for identifier in buttons("approvals.missing", environment):
        assert len(identifier) <= LONGEST_IDENTIFIER
        assert read_button(identifier, check_name(environment))[1] == environment


@pytest.mark.parametrize(
    ("verdict", "conclusion", "has_buttons"),
    [
        pytest.param(Verdict.ALLOW, "success", False, id="allowed"),
        pytest.param(Verdict.WAIT, "neutral", True, id="waiting"),
        pytest.param(Verdict.REFUSE, "failure", False, id="refused"),
    ],
)
def test_a_gate_that_waits_blocks_no_merge_and_has_buttons(
    verdict: Verdict, conclusion: str, has_buttons: bool
) -> None:
    said = said_at_gate(decision("checks.x", verdict), "production", [], UTC)
    assert (said.conclusion, bool(said.buttons)) == (conclusion, has_buttons)


def test_a_verdict_says_in_a_line_what_it_is_and_of_a_refusal_each_reason() -> None:
    assert said_in_verdict(decision("policy.not_asked", Verdict.ALLOW), UTC) == "Allowed"
    refused = decision("access.not_deployer", Verdict.REFUSE)
    assert said_in_verdict(refused, UTC).splitlines()[1:] == ["- So it is"]
