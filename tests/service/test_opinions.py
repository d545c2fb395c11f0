"""`/approve`, `/reject` and `/withdraw`: the answer agrees with what the gate counts."""

from __future__ import annotations

from datetime import timedelta

from protocol.decision import decide
from protocol.verdict import Verdict
from tests.asking import POLICY, Asking
from tests.waiting import now


def waiting(asking: Asking) -> int:
    """A pull request by ada, merged by ada, whose deployment to production waits."""
    number = asking.pull()
    asking.merge(number, by="ada")
    asking.say(number, "/deploy production", by="ada")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    return number


def verdict(asking: Asking) -> Verdict:
    (gate,) = asking.github.waiting_gates()
    policies, facts = asking.github.facts_for(gate, now())
    return decide(policies, facts, now()).verdict


def test_an_approval_is_confirmed_and_counts(asking: Asking) -> None:
    comment = asking.say(waiting(asking), "/approve production", by="grace")
    assert "grace has approved" in asking.reply(comment)
    assert asking.reactions(comment) == ["+1"]
    assert verdict(asking) is Verdict.ALLOW


def test_one_comment_approves_several_environments(asking: Asking) -> None:
    comment = asking.say(waiting(asking), "/approve staging production", by="grace")
    assert "for production" in asking.reply(comment)
    assert verdict(asking) is Verdict.ALLOW


def test_a_rejection_is_confirmed_and_holds_until_it_is_withdrawn(asking: Asking) -> None:
    number = waiting(asking)
    asking.say(number, "/approve production", by="grace")
    comment = asking.say(number, "/reject production Too risky", by="grace")
    assert asking.reactions(comment) == ["-1"]
    assert "Jobs that wait to deploy it are refused, and end." in asking.reply(comment)
    assert verdict(asking) is Verdict.REFUSE
    asking.comment(comment).created_at -= timedelta(seconds=5)  # GitHub tells seconds only
    asking.comment(comment).updated_at = asking.comment(comment).created_at
    withdrawn = asking.say(number, "/withdraw production", by="grace")
    assert "have ended: run those again" in asking.reply(withdrawn)
    assert verdict(asking) is Verdict.WAIT


def test_peers_13_who_is_no_approver_is_told_who_is(asking: Asking) -> None:
    comment = asking.say(waiting(asking), "/approve production", by="bo")
    assert "bo may not approve for production; team acme/release-managers may" in asking.reply(comment)
    assert asking.reactions(comment) == ["-1"]
    assert verdict(asking) is Verdict.WAIT


def test_peers_13_the_author_is_told_that_it_is_their_own(asking: Asking) -> None:
    asking.world.add_team("acme", "everybody", members=("ada", "grace"))
    asking.write(POLICY.replace("release-managers", "everybody"))
    comment = asking.say(waiting(asking), "/approve production", by="ada")
    assert "ada may not approve for production: it is their own" in asking.reply(comment)
    assert verdict(asking) is Verdict.WAIT


def test_before_a_run_waits_a_comment_approves_nothing_and_says_so(asking: Asking) -> None:
    comment = asking.say(asking.pull(), "/approve production", by="grace")
    assert "waits yet" in asking.reply(comment)
    assert asking.reactions(comment) == ["confused"]


def test_where_comments_do_not_count_it_says_what_does(asking: Asking) -> None:
    options = "    approval_options: {methods: [review]}\n    approvals:"
    asking.write(POLICY.replace("    approvals:", options))
    comment = asking.say(waiting(asking), "/approve production", by="grace")
    assert "production takes approvals by review, not by a comment" in asking.reply(comment)


def test_an_issue_is_no_place_to_approve(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/approve production", by="grace")
    assert "write it on the pull request" in asking.reply(comment)
