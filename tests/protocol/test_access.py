from __future__ import annotations

from typing import Any

import pytest

from protocol.facts import Emergency, Missing, People, Permission
from protocol.verdict import Verdict
from tests.decisions import codes_of, findings_of
from tests.facts import NOW, PEOPLE, make_facts, make_pull_request
from tests.policies import make_policy

ALLOWED = ("allow", "access.allowed")
OWN_CODE = ("allow", "access.own_code")
NOT_A_DEPLOYER = ("refuse", "access.not_deployer")
UNKNOWN = ("wait", "facts.unavailable")
NARROWED = {"access": {"deployers": ["team:acme/platform"]}}


@pytest.mark.parametrize("login", ["ada", "Ada", "robot[bot]"])
def test_who_may_write_may_deploy(login: str) -> None:
    assert codes_of("access", make_policy(), make_facts(deployer=login)) == [ALLOWED, OWN_CODE]


@pytest.mark.parametrize("login", ["reader", "stranger", "stranger[bot]"])
def test_who_may_not_write_is_refused(login: str) -> None:
    assert codes_of("access", make_policy(), make_facts(deployer=login)) == [NOT_A_DEPLOYER, OWN_CODE]


@pytest.mark.parametrize(("login", "expected"), [("ada", ALLOWED), ("bo", NOT_A_DEPLOYER)])
def test_the_environment_narrows_who_may(login: str, expected: tuple[str, str]) -> None:
    assert codes_of("access", make_policy(NARROWED), make_facts(deployer=login))[0] == expected


def test_the_environment_cannot_widen_who_may() -> None:
    policy = make_policy({"access": {"deployers": ["anyone"]}})
    assert codes_of("access", policy, make_facts(deployer="reader"))[0] == NOT_A_DEPLOYER


def test_the_refusal_says_who_may() -> None:
    finding = findings_of("access", make_policy(NARROWED), make_facts(deployer="bo"))[0]
    assert finding.why == "bo may not deploy to production; team acme/platform may"
    assert finding.who == ("team:acme/platform",)


def test_whoever_ran_it_again_must_be_a_deployer_too() -> None:
    facts = make_facts(triggered_by="reader")
    assert codes_of("access", make_policy(), facts) == [ALLOWED, NOT_A_DEPLOYER, OWN_CODE]


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(People(permissions=Missing("no answer"), teams=PEOPLE.teams), id="permissions"),
        pytest.param(People(permissions={"ada": Permission.WRITE}), id="team"),
    ],
)
def test_who_cannot_be_looked_up_waits(people: People) -> None:
    assert codes_of("access", make_policy(NARROWED), make_facts(people=people))[0] == UNKNOWN


def test_one_list_without_the_deployer_is_enough_to_refuse() -> None:
    people = People(permissions={}, teams={})
    assert codes_of("access", make_policy(NARROWED), make_facts(people=people))[0] == NOT_A_DEPLOYER


def test_nobody_known_to_have_started_it_waits() -> None:
    assert codes_of("access", make_policy(), make_facts(deployer=""))[0] == UNKNOWN


def test_an_unmerged_pull_request_of_a_fork_is_refused() -> None:
    facts = make_facts(pull_request=make_pull_request(from_fork=True, merged=False))
    assert codes_of("access", make_policy(), facts) == [ALLOWED, ("refuse", "access.fork")]


FROM_A_FORK = {
    "no pull request has its commit any more": None,
    "a pull request of our own has it too": make_pull_request(merged=False),
}


@pytest.mark.parametrize("pull_request", FROM_A_FORK.values(), ids=FROM_A_FORK)
def test_a_run_for_a_fork_is_refused_though(pull_request: Any) -> None:
    facts = make_facts(pull_request=pull_request, from_fork=True)
    assert codes_of("access", make_policy(), facts) == [ALLOWED, ("refuse", "access.fork")]


def test_what_a_fork_brought_is_deployed_once_it_is_merged() -> None:
    facts = make_facts(pull_request=make_pull_request(from_fork=True), from_fork=True)
    assert codes_of("access", make_policy(), facts) == [ALLOWED, OWN_CODE]


@pytest.mark.parametrize("pull_request", [None, make_pull_request(from_fork=True)], ids=["pushed", "merged"])
def test_what_the_repository_holds_is_its_own_code(pull_request: Any) -> None:
    assert codes_of("access", make_policy(), make_facts(pull_request=pull_request)) == [ALLOWED, OWN_CODE]


def test_code_of_unknown_origin_waits() -> None:
    facts = make_facts(pull_request=Missing("no answer"))
    assert codes_of("access", make_policy(), facts) == [ALLOWED, UNKNOWN]


def test_in_an_emergency_those_named_for_it_may_deploy() -> None:
    policy = make_policy(NARROWED, access={"emergency": {"who": ["user:cy"]}})
    facts = make_facts(deployer="cy", emergency=Emergency(by="cy", reason="The shop is down", at=NOW))
    assert codes_of("access", policy, facts) == [ALLOWED, OWN_CODE]


def test_an_emergency_does_not_open_access_to_others() -> None:
    policy = make_policy(access={"emergency": {"who": ["user:cy"]}})
    facts = make_facts(deployer="reader", emergency=Emergency(by="cy", reason="The shop is down", at=NOW))
    assert findings_of("access", policy, facts)[0].verdict is Verdict.REFUSE


def test_an_emergency_without_a_reason_opens_no_access() -> None:
    policy = make_policy(NARROWED, access={"emergency": {"who": ["user:cy"]}})
    facts = make_facts(deployer="cy", emergency=Emergency(by="cy", reason=" ", at=NOW))
    assert findings_of("access", policy, facts)[0].verdict is Verdict.REFUSE


def test_a_rule_that_names_nobody_lets_nobody() -> None:
    policy = make_policy()
    closed = policy.model_copy(update={"access": policy.access.model_copy(update={"deployers": ()})})
    assert findings_of("access", closed)[0].why == "ada may not deploy to production; nobody may"
