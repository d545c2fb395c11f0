from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from protocol.facts import Approval, Changes, Missing, People
from protocol.policy import Policy
from tests.decisions import codes_of, finding_of, findings_of
from tests.facts import EARLIER, HEAD, NOW, OTHER, PEOPLE, SHA, make_approval, make_facts, make_pull_request
from tests.policies import make_policy

ENOUGH = ("allow", "approvals.enough")
TOO_FEW = ("wait", "approvals.missing")
REJECTED = ("refuse", "approvals.rejected")
NOT_ASKED = ("allow", "policy.not_asked")
UNKNOWN = ("wait", "facts.unavailable")

MANAGER = {"name": "Release manager", "from": ["team:acme/release-managers"]}
OWNER = {"name": "Database owner", "from": ["team:acme/dba"]}
WRITERS = {"name": "Anybody who writes", "from": ["permission:write"]}


def policy(*rules: Any, **options: Any) -> Policy:
    return make_policy({"approvals": rules or [MANAGER], "approval_options": options})


def approvals(*said: Approval, of: Policy | None = None, **facts: Any) -> list[tuple[str, str]]:
    return codes_of("approvals", of or policy(), make_facts(approvals=said, **facts))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(make_approval(), ENOUGH, id="of this run"),
        pytest.param(make_approval("BO"), ENOUGH, id="logins have no case"),
        pytest.param(make_approval(sha=SHA), ENOUGH, id="of the commit deployed"),
        pytest.param(make_approval(sha=HEAD), ENOUGH, id="of the head whose merge is deployed"),
        pytest.param(make_approval(sha=OTHER), TOO_FEW, id="of another commit"),
        pytest.param(make_approval("cy"), TOO_FEW, id="by somebody else"),
        pytest.param(make_approval("ada"), TOO_FEW, id="by the deployer"),
        pytest.param(make_approval("robot[bot]"), TOO_FEW, id="by a bot"),
        pytest.param(make_approval(state="withdrawn"), TOO_FEW, id="withdrawn"),
        pytest.param(make_approval(method="review"), ENOUGH, id="as a review"),
        pytest.param(make_approval(method="button"), ENOUGH, id="by the button"),
        pytest.param(make_approval(method="comment"), ENOUGH, id="in a comment"),
    ],
)
def test_an_approval_counts_or_not(said: Approval, expected: tuple[str, str]) -> None:
    assert approvals(said) == [expected]


def test_every_rule_must_be_met() -> None:
    both = policy(MANAGER, OWNER)
    assert approvals(make_approval("bo"), of=both) == [ENOUGH, TOO_FEW]
    assert approvals(make_approval("bo"), make_approval("cy"), of=both) == [ENOUGH, ENOUGH]


def test_a_person_counts_once_in_each_rule_and_may_count_in_several() -> None:
    two_writers = {**WRITERS, "count": 2}
    said = (make_approval("bo"), make_approval("bo", "comment"))
    assert approvals(*said, of=policy(MANAGER, two_writers)) == [ENOUGH, TOO_FEW]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"deployer": "bo"}, id="deployer"),
        pytest.param({"triggered_by": "Bo"}, id="whoever ran it again"),
        pytest.param({"changes": Changes(paths=(), lines=1, authors=frozenset({"Bo"}))}, id="commit author"),
        pytest.param({"pull_request": make_pull_request(author="bo")}, id="pull request's author"),
    ],
)
def test_nobody_approves_their_own_work_unless_the_policy_says_so(facts: dict[str, Any]) -> None:
    assert approvals(make_approval(), **facts) == [TOO_FEW]
    assert approvals(make_approval(), of=policy(own=True), **facts) == [ENOUGH]


def test_bots_never_approve_even_where_own_work_may_be() -> None:
    assert approvals(make_approval("robot[bot]"), of=policy(WRITERS, own=True)) == [TOO_FEW]


def test_whose_work_it_is_must_be_known() -> None:
    assert approvals(make_approval(), changes=Missing("no answer")) == [UNKNOWN]
    assert approvals(make_approval(), of=policy(own=True), changes=Missing("no answer")) == [ENOUGH]


def test_an_approval_expires() -> None:
    day = policy(expire="24h")
    assert approvals(make_approval(at=NOW - timedelta(hours=23)), of=day) == [ENOUGH]
    assert approvals(make_approval(at=NOW - timedelta(hours=24)), of=day) == [TOO_FEW]


def test_it_is_looked_at_again_when_too_few_will_be_left() -> None:
    hours = [timedelta(hours=number) for number in (1, 2, 3)]
    said = tuple(make_approval(by, at=NOW - ago) for by, ago in zip(("bo", "cy", "eve"), hours, strict=True))
    two_writers = policy({**WRITERS, "count": 2}, expire="24h")
    finding = finding_of("approvals", two_writers, make_facts(approvals=said))
    assert finding.recheck_at == NOW + timedelta(hours=22)


def test_too_few_are_looked_at_again_when_one_of_them_expires() -> None:
    two_writers = policy({**WRITERS, "count": 2}, expire="24h")
    finding = finding_of("approvals", two_writers, make_facts(approvals=(make_approval(at=NOW),)))
    assert finding.recheck_at == NOW + timedelta(hours=24)


def test_an_expired_approval_is_not_missed_where_another_stands() -> None:
    said = (make_approval(at=NOW - timedelta(days=2)), make_approval(method="comment"))
    assert approvals(*said, of=policy(expire="24h")) == [ENOUGH]


def test_only_the_policys_methods_are_heard() -> None:
    reviews = policy(methods=["review"])
    assert approvals(make_approval(), of=reviews) == [TOO_FEW]
    assert approvals(make_approval(state="rejected"), make_approval("bo", "review"), of=reviews) == [ENOUGH]


def test_a_rejection_refuses_and_names_who_can_withdraw_it() -> None:
    said = make_approval(state="rejected", reason="Not before the sale")
    finding = findings_of("approvals", policy(), make_facts(approvals=(said,)))[0]
    assert (finding.verdict.word, finding.code, finding.who) == (*REJECTED, ("user:bo",))
    assert finding.why == "Rejected by bo; only they, or an emergency, can lift that: Not before the sale"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param((), [REJECTED, ENOUGH], id="stands"),
        pytest.param((make_approval(state="withdrawn", at=NOW),), [ENOUGH], id="withdrawn"),
        pytest.param((make_approval(at=NOW),), [ENOUGH], id="approved since"),
        pytest.param(
            (make_approval("eve", state="withdrawn", at=NOW),), [REJECTED, ENOUGH], id="withdrawn by another"
        ),
        pytest.param((make_approval(at=EARLIER),), [REJECTED, ENOUGH], id="approved at the same moment"),
    ],
)
def test_a_rejection_stands_until_the_same_person_withdraws_it(
    later: tuple[Approval, ...], expected: list[tuple[str, str]]
) -> None:
    no = make_approval(state="rejected", sha=OTHER, method="comment")
    yes = make_approval("cy")
    assert approvals(no, yes, *later, of=policy(WRITERS)) == expected


@pytest.mark.parametrize("by", ["cy", "reader", "robot[bot]"])
def test_a_rejection_by_somebody_who_may_not_approve_is_not_heard(by: str) -> None:
    assert approvals(make_approval(), make_approval(by, state="rejected")) == [ENOUGH]


def test_an_approval_before_a_withdrawal_does_not_come_back() -> None:
    said = (make_approval(at=EARLIER), make_approval("bo", "comment", state="withdrawn", at=NOW))
    assert approvals(*said) == [TOO_FEW]


def test_a_rejection_by_somebody_of_an_unknown_team_waits() -> None:
    people = People(permissions=PEOPLE.permissions)
    found = approvals(make_approval(state="rejected"), people=people)
    assert found == [UNKNOWN, TOO_FEW]


def test_a_team_that_cannot_be_read_waits() -> None:
    people = People(permissions=PEOPLE.permissions, teams={"acme/release-managers": Missing("no answer")})
    assert approvals(make_approval(), people=people) == [UNKNOWN]


def test_an_unknown_team_does_not_matter_where_enough_others_approved() -> None:
    either = {"name": "Either", "from": ["team:acme/lost", "user:bo"]}
    assert approvals(make_approval("bo"), make_approval("cy"), of=policy(either)) == [ENOUGH]


def test_approvals_that_cannot_be_read_wait() -> None:
    facts = make_facts(approvals=Missing("no answer"))
    assert codes_of("approvals", policy(), facts) == [UNKNOWN]


def test_a_rule_applies_under_its_condition() -> None:
    conditional = policy({**OWNER, "when": {"paths": ["migrations/**"]}})
    touched = Changes(paths=("migrations/1.sql",), lines=1)
    assert approvals(of=conditional) == [NOT_ASKED]
    assert approvals(of=conditional, changes=touched) == [TOO_FEW]
    assert approvals(make_approval("cy"), of=conditional, changes=touched) == [ENOUGH]


def test_a_rule_whose_condition_is_unknown_applies_and_waits() -> None:
    conditional = policy({**OWNER, "when": {"paths": ["migrations/**"]}}, own=True)
    assert approvals(make_approval("cy"), of=conditional, changes=Missing("no answer")) == [UNKNOWN, ENOUGH]
    assert approvals(of=conditional, changes=Missing("no answer")) == [UNKNOWN, TOO_FEW]


def test_without_rules_no_approval_is_asked_for() -> None:
    assert codes_of("approvals", make_policy()) == [NOT_ASKED]


def test_a_hotfix_is_always_approved_by_somebody_who_may_write() -> None:
    without_rules = make_policy(hotfix={"approvals": 1})
    assert approvals(of=without_rules, branch="hotfix/x") == [TOO_FEW]
    assert approvals(make_approval("cy"), of=without_rules, branch="hotfix/x") == [ENOUGH]
    assert approvals(make_approval("ada"), of=without_rules, branch="hotfix/x") == [TOO_FEW]


def test_a_hotfix_keeps_the_environments_own_rules() -> None:
    both = make_policy({"approvals": [MANAGER, OWNER]}, hotfix={"approvals": 2})
    assert approvals(make_approval("bo"), of=both, branch="hotfix/x") == [ENOUGH, TOO_FEW, TOO_FEW]
    assert approvals(make_approval("bo"), make_approval("cy"), of=both, branch="hotfix/x") == [ENOUGH] * 3


def test_the_sentence_says_what_is_missing_who_can_give_it_and_what_does_not_count() -> None:
    said = (make_approval("ada"), make_approval("bo", at=NOW - timedelta(days=2)))
    rule = {**MANAGER, "count": 2, "from": ["team:acme/release-managers", "user:eve"]}
    finding = finding_of("approvals", policy(rule, expire="24h"), make_facts(approvals=said))
    assert finding.why == (
        "Release manager: 0 of 2 approvals, team acme/release-managers or eve can approve; "
        "not counted: ada (own work), bo (expired Sun 2026-11-22 11:00 CET)"
    )
    assert finding.who == ("team:acme/release-managers", "user:eve")


def test_the_sentence_says_who_approved() -> None:
    two = policy({**WRITERS, "count": 2})
    facts = make_facts(approvals=(make_approval("cy"), make_approval("bo")))
    assert finding_of("approvals", two, facts).why == "Anybody who writes: approved by bo and cy (2 of 2)"


def test_an_approval_that_may_count_is_looked_at_again_when_it_expires() -> None:
    people = People(permissions=PEOPLE.permissions)
    facts = make_facts(approvals=(make_approval(at=NOW),), people=people)
    assert finding_of("approvals", policy(expire="5h"), facts).recheck_at == NOW + timedelta(hours=5)
