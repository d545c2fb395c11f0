from __future__ import annotations

from typing import Any

import pytest

from protocol.facts import Approval, Changes, Missing, People
from tests.decisions import codes_of, finding_of
from tests.facts import EARLIER, HEAD, NOW, OTHER, SHA, make_approval, make_facts, make_pull_request
from tests.policies import make_policy

POLICY = make_policy({"checklist": [{"item": "Code review approved", "reviews": 1}]})
ENOUGH = ("allow", "review.enough")
TOO_FEW = ("wait", "review.missing")
AGAINST = ("wait", "review.changes_requested")
UNKNOWN = ("wait", "facts.unavailable")


def review(by: str = "cy", **changes: Any) -> Approval:
    return make_approval(by, "review", **changes)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param((review(),), ENOUGH, id="of the head commit"),
        pytest.param((review(sha=SHA),), ENOUGH, id="of the merge commit"),
        pytest.param((review("ada"),), ENOUGH, id="by the deployer, who did not write it"),
        pytest.param((), TOO_FEW, id="none"),
        pytest.param((review(sha=OTHER),), TOO_FEW, id="of an earlier commit"),
        pytest.param((review("grace"),), TOO_FEW, id="by the author"),
        pytest.param((review("Grace"),), TOO_FEW, id="by the author in capitals"),
        pytest.param((review("robot[bot]"),), TOO_FEW, id="by a bot"),
        pytest.param((review("reader"),), TOO_FEW, id="without write access"),
        pytest.param((make_approval("cy", "comment"),), TOO_FEW, id="an approval is no review"),
        pytest.param((review(state="withdrawn", at=NOW), review()), TOO_FEW, id="dismissed"),
        pytest.param((review(state="rejected"), review("bo")), AGAINST, id="changes requested"),
        pytest.param(
            (review(state="rejected", sha=OTHER), review("bo")), AGAINST, id="for an earlier commit"
        ),
        pytest.param((review(state="rejected"), review(at=NOW)), ENOUGH, id="approved since"),
        pytest.param(
            (review("reader", state="rejected"), review()), ENOUGH, id="changes requested by a reader"
        ),
        pytest.param(
            (review("robot[bot]", state="rejected"), review()), ENOUGH, id="changes requested by a bot"
        ),
    ],
)
def test_reviews_count_for_the_head_commit(said: tuple[Approval, ...], expected: tuple[str, str]) -> None:
    assert codes_of("review", POLICY, make_facts(approvals=said)) == [expected]


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param({"approvals": Missing("no answer")}, id="reviews"),
        pytest.param({"changes": Missing("no answer")}, id="authors"),
        pytest.param({"pull_request": Missing("no answer")}, id="pull request"),
        pytest.param({"people": People(permissions=Missing("no answer"))}, id="permissions"),
    ],
)
def test_what_cannot_be_read_waits(missing: dict[str, Any]) -> None:
    assert codes_of("review", POLICY, make_facts(**missing)) == [UNKNOWN]


def test_a_review_of_the_head_does_not_count_for_another_merge() -> None:
    facts = make_facts(pull_request=make_pull_request(merge_sha=OTHER), approvals=(review(sha=HEAD),))
    assert codes_of("review", POLICY, facts) == [TOO_FEW]


def test_an_open_pull_requests_head_is_reviewed_itself() -> None:
    pull_request = make_pull_request(merged=False, merge_sha=None, head_sha=SHA)
    facts = make_facts(pull_request=pull_request, approvals=(review(sha=SHA),))
    assert codes_of("review", POLICY, facts) == [ENOUGH]


def test_what_no_pull_request_brought_nobody_reviewed() -> None:
    facts = make_facts(pull_request=None, approvals=())
    why = "Code review approved: 0 of 1 reviews of abc1234, which no pull request brought"
    assert finding_of("review", POLICY, facts).why == why


def test_those_that_do_not_count_are_named_with_the_reason() -> None:
    facts = make_facts(approvals=(review(sha=OTHER), review("grace")))
    why = finding_of("review", POLICY, facts).why
    assert why.endswith("0 of 1 reviews of abc1234; not counted: cy (for another commit), grace (own work)")


def test_a_person_counts_once() -> None:
    policy = make_policy({"checklist": [{"item": "Two pairs of eyes", "reviews": 2}]})
    facts = make_facts(approvals=(review(), review(at=NOW), review("CY", at=EARLIER)))
    assert finding_of("review", policy, facts).why == "Two pairs of eyes: 1 of 2 reviews of abc1234"


def test_co_authors_do_not_review_their_own_work() -> None:
    changes = Changes(paths=(), lines=1, authors=frozenset({"cy"}))
    assert codes_of("review", POLICY, make_facts(changes=changes)) == [TOO_FEW]


def test_an_item_may_depend_on_the_changes() -> None:
    item = {"item": "Deep review", "reviews": 2, "when": {"paths": ["db/**"]}}
    policy = make_policy({"checklist": [item]})
    assert codes_of("review", policy) == [("allow", "policy.not_asked")]
    assert codes_of("review", policy, make_facts(changes=Missing("no answer"))) == [UNKNOWN]


def test_without_an_item_no_review_is_asked_for() -> None:
    assert codes_of("review", make_policy(), make_facts(approvals=())) == [("allow", "policy.not_asked")]
