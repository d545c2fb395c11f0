"""Our one comment: found by its mark and by who wrote it, since anybody can write the mark."""

from __future__ import annotations

import pytest

from gateway.errors import Unavailable
from gateway.own_comments import own_comment, write_own_comment
from sandbox.faults import Fault
from tests.waiting import WaitingShop

MARK = "<!-- deploy-protocol:post-mortem run=7 environment=production -->"


def issue(shop: WaitingShop) -> int:
    return int(shop.ask("POST", "/issues", {"title": "Talk"})["number"])


def bodies(shop: WaitingShop, number: int) -> list[str]:
    return [comment.body for comment in shop.repository.issues[number].comments]


def test_our_comment_is_changed_and_never_doubled(shop: WaitingShop) -> None:
    number, _ = shop.merged()
    github = shop.github()
    first = write_own_comment(github, number, "Waits.", MARK)
    again = write_own_comment(github, number, "May go.", MARK)
    assert first == again
    assert bodies(shop, number) == [f"{MARK}\nMay go."]


def test_a_comment_whose_text_is_the_same_is_not_written_again(shop: WaitingShop) -> None:
    number, github = issue(shop), shop.github()
    write_own_comment(github, number, "Waits.", MARK)
    shop.responses.clear()
    write_own_comment(github, number, "Waits.", MARK)
    assert [response.path for response in shop.responses] == ["/graphql"]


def test_what_another_wrote_with_our_mark_is_left_as_it_is_and_ours_stands_beside(shop: WaitingShop) -> None:
    number, github = issue(shop), shop.github()
    theirs = f"{MARK}\nPost-mortem: not needed."
    shop.ask("POST", f"/issues/{number}/comments", {"body": theirs}, by="bo")
    write_own_comment(github, number, "Post-mortem: #7.", MARK)
    write_own_comment(github, number, "Post-mortem: #8.", MARK)
    assert bodies(shop, number) == [theirs, f"{MARK}\nPost-mortem: #8."]


def test_ours_is_found_behind_a_hundred_others(shop: WaitingShop) -> None:
    number, github = issue(shop), shop.github()
    for _ in range(101):
        shop.ask("POST", f"/issues/{number}/comments", {"body": MARK}, by="bo")
    write_own_comment(github, number, "Waits.", MARK)
    found = own_comment(github, number, MARK)
    assert found is not None
    assert found.body == f"{MARK}\nWaits."


def test_a_thread_that_cannot_be_read_is_not_taken_for_an_empty_one(shop: WaitingShop) -> None:
    with pytest.raises(Unavailable, match="could not be read"):
        write_own_comment(shop.github(without=("issues", "pull_requests")), issue(shop), "Waits.", MARK)
    shop.world.faults.add(Fault(kind="status", status=500, path="graphql", times=None))
    with pytest.raises(Unavailable):
        write_own_comment(shop.github(), issue(shop), "Waits.", MARK)
