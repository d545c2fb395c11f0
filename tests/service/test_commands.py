"""Comments, and what the App answers: one reaction and one reply, whatever happens on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.claims import Busy
from gateway.errors import GatewayError
from protocol.commands import VERBS, commands_table
from sandbox.faults import Fault
from service.commands import HANDLERS, answer_comment
from tests.asking import Asking
from tests.waiting import SHOP, now


def test_every_command_has_its_handler() -> None:
    assert HANDLERS.keys() == {verb.word for verb in VERBS}


def test_help_shows_every_command(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/help")
    assert asking.reply(comment) == commands_table()
    assert asking.reactions(comment) == ["+1"]


def test_help_shows_every_command_also_while_the_policy_is_broken(asking: Asking) -> None:
    asking.write("version: 7\n")
    reply = asking.reply(asking.say(asking.issue(), "/help"))
    assert reply.startswith("The policy cannot be used")
    assert reply.endswith(commands_table())


def test_a_slip_is_answered_with_its_cure_and_a_confused_face(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/deploy prodution")
    assert "Unknown environment 'prodution', did you mean 'production'?" in asking.reply(comment)
    assert asking.reactions(comment) == ["confused"]


@pytest.mark.parametrize("body", ["Hello", "> /deploy staging", "Well:\n/deploy staging", "/lgtm"])
def test_peers_17_what_is_no_command_is_left_alone(asking: Asking, body: str) -> None:
    comment = asking.say(asking.issue(), body)
    assert asking.replies(comment) == []
    assert asking.reactions(comment) == []


def test_peers_17_an_edited_comment_is_refused_kindly(asking: Asking) -> None:
    number = asking.issue()
    comment = asking.write_comment(number, "Hello")
    asking.shop.ask("PATCH", f"/issues/comments/{comment}", {"body": "/deploy staging"})
    asking.comment(comment).updated_at += timedelta(seconds=5)
    asking.hear(comment)
    assert "Write the command in a new one" in asking.reply(comment)
    assert asking.started() == []


def test_peers_17_a_closed_pull_request_is_refused_kindly(asking: Asking) -> None:
    number = asking.pull()
    asking.shop.ask("PATCH", f"/issues/{number}", {"state": "closed"})
    comment = asking.say(number, "/deploy staging")
    assert "This is closed" in asking.reply(comment)
    assert (asking.started(), asking.reactions(comment)) == ([], ["-1"])


def test_peers_13_a_bots_comment_is_no_command(asking: Asking) -> None:
    number = asking.issue()
    asking.github.say(number, "/deploy staging")
    (comment,) = asking.issues[number].comments
    asking.hear(comment.id)
    assert (asking.started(), asking.replies(comment.id)) == ([], [])


def test_a_deleted_comment_is_nothing(asking: Asking) -> None:
    comment = asking.write_comment(asking.issue(), "/help")
    asking.shop.ask("DELETE", f"/issues/comments/{comment}")
    asking.hear(comment)
    assert [one.body for issue in asking.issues.values() for one in issue.comments] == []


def test_a_repository_without_a_policy_is_left_alone(asking: Asking) -> None:
    asking.world.commit(SHOP, {".github/deploy.yml": None}, "No policy", quiet=True)
    comment = asking.say(asking.issue(), "/approve")
    assert asking.replies(comment) == []


def test_a_policy_that_cannot_be_used_does_nothing_and_says_so(asking: Asking) -> None:
    asking.write("version: 7\n")
    comment = asking.say(asking.issue(), "/deploy staging")
    assert "The policy cannot be used" in asking.reply(comment)
    assert asking.started() == []


def test_a_delivery_that_comes_again_changes_nothing(asking: Asking) -> None:
    comment = asking.say(asking.merged(), "/deploy staging")
    before = asking.reply(comment)
    asking.hear(comment)
    assert asking.reply(comment) == before
    assert (len(asking.started()), asking.reactions(comment)) == (1, ["rocket"])


def test_of_many_workers_at_once_one_answers(asking: Asking) -> None:
    comment = asking.write_comment(asking.merged(), "/deploy staging")

    def hear(_: int) -> bool:
        try:
            answer_comment(asking.shop.github(), comment, now)
        except Busy:
            return False
        return True

    with ThreadPoolExecutor(8) as workers:
        answered = list(workers.map(hear, range(8)))
    assert any(answered)
    assert len(asking.started()) == 1
    assert (len(asking.replies(comment)), asking.reactions(comment)) == (1, ["rocket"])


def test_a_worker_that_died_at_it_is_taken_over_after_a_while(asking: Asking) -> None:
    comment = asking.write_comment(asking.issue(), "/help")
    asking.github.connection.create(f"/repos/{SHOP}/issues/comments/{comment}/reactions", {"content": "eyes"})
    with pytest.raises(Busy, match="another worker is at it"):
        asking.hear(comment)
    asking.comment(comment).reactions[0].created_at -= timedelta(minutes=3)
    asking.hear(comment)
    assert asking.replies(comment) == [commands_table()]
    assert asking.reactions(comment) == ["+1"]


@pytest.mark.parametrize("path", ["dispatches", "check-runs", "issues/[0-9]+/comments"])
@pytest.mark.parametrize("lost", [False, True], ids=["not done", "done, and the answer lost"])
def test_whatever_fails_on_the_way_a_second_try_starts_nothing_twice(
    asking: Asking, path: str, *, lost: bool
) -> None:
    comment = asking.write_comment(asking.merged(), "/deploy staging")
    asking.world.faults.add(Fault(kind="status", method="POST", path=f"{path}$", after_effect=lost))
    with pytest.raises(GatewayError):
        asking.hear(comment)
    asking.hear(comment)
    assert (len(asking.started()), len(asking.records())) == (1, 1)
    assert (len(asking.replies(comment)), asking.reactions(comment)) == (1, ["rocket"])


@pytest.mark.parametrize("lost", [False, True], ids=["not done", "done, and the answer lost"])
def test_a_claim_that_fails_is_made_again_when_nobody_can_hold_it(asking: Asking, *, lost: bool) -> None:
    comment = asking.write_comment(asking.issue(), "/help")
    asking.world.faults.add(Fault(kind="status", method="POST", path="reactions$", after_effect=lost))
    with pytest.raises(GatewayError):
        asking.hear(comment)
    for eyes in asking.comment(comment).reactions:
        eyes.created_at -= timedelta(minutes=3)
    asking.hear(comment)
    assert asking.reactions(comment) == ["+1"]


def test_peers_20_what_people_write_formats_and_mentions_nothing_in_the_reply(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/deploy staging @acme/everybody <img src=x> #1")
    assert "@\u2060acme/everybody \\<img src=x\\> \\#1" in asking.reply(comment)


def test_what_the_app_may_not_do_is_said(asking: Asking) -> None:
    comment = asking.write_comment(asking.issue(), "/freeze all until 2h Because")
    asking.world.faults.add(Fault(kind="status", status=403, method="POST", path="/issues$"))
    asking.hear(comment)
    assert "GitHub does not let the App do it" in asking.reply(comment)
    assert asking.reactions(comment) == ["confused"]


def test_a_reply_that_somebody_else_pretends_to_have_written_is_not_ours(asking: Asking) -> None:
    number = asking.issue()
    comment = asking.write_comment(number, "/help", by="ada")
    marker = f"<!-- deploy-protocol:reply to={comment} -->\n<!-- done rocket -->\n"
    asking.write_comment(number, marker + "All deployed!", by="bo")
    asking.hear(comment)
    assert commands_table() in asking.replies(comment)
