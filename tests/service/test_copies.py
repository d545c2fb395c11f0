"""Copies of the log that were lost come back from GitHub alone, a few at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, select

from gateway.pacing import LEFT_TO_GATES
from protocol.entry import one_line
from sandbox.faults import Fault
from service import copies
from service.copies import Copies
from service.entries import Entries, LogDesk
from service.reconcile import Reconcile
from service.tables import entries
from tests.entries import AT, make_entry
from tests.serving import Served
from tests.waiting import SHOP

AWKWARD = "**b** <script> 👩‍🚀 \u202eאבג\u202c <!-- x --> --> \u2028 \x00 " + "long " * 2_000


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    columns = [column for column in entries.c if column.name != "id"]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(entries.c.key))]


def lose_them(served: Served) -> None:
    with served.engine.begin() as connection:
        connection.execute(delete(entries))


def deployed(served: Served, *, tag: str | None = None, **said: Any) -> None:
    """As the action does it: the entry first, then how it ended."""
    sha = served.shop.repository.default_branch
    sha = served.shop.world.git(served.shop.repository).tip(sha) or ""
    github = served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production")
    entry = make_entry(sha=sha, deployment_id=made, **said)
    assert github.write_log(entry, tag=tag).problems == ()
    github.post_deployment_status(made, state="success", description=one_line(entry))


def asked_about(served: Served) -> list[str]:
    """The repositories whose record was read, in order."""
    bodies = [one.request_body for one in served.asked("POST", "/graphql")]
    return [body["variables"]["name"] for body in bodies if "query Record" in body["query"]]


def asked(served: Served) -> int:
    return len(asked_about(served))


def test_a_table_that_was_emptied_is_filled_again_from_github_byte_for_byte(served: Served) -> None:
    served.shop.push()
    served.shop.push(two_dot_py="2\n")
    deployed(served, tag="v1", deployer=AWKWARD, issues=(AWKWARD,), emergency=AWKWARD)
    for at in range(1, 8):  # more than one release holds
        deployed(served, tag="v2", at=AT + timedelta(hours=at), changes="x" * 20_000)
    deployed(served, version="2.0.0")  # in no release
    served.settle()
    before = rows(served.engine)
    assert len(before) == 9
    lose_them(served)
    served.reconcile()
    assert rows(served.engine) == before


def test_a_copy_emptied_under_a_running_app_comes_back_with_its_next_round(served: Served) -> None:
    served.shop.push()
    served.shop.push(two_dot_py="2\n")
    deployed(served)
    running = Reconcile(served.clients, served.engine, served.clock)
    running.run()
    before, times = rows(served.engine), asked(served)
    running.run()
    assert (len(before), asked(served)) == (1, times)  # nothing was missing
    lose_them(served)
    running.run()
    assert rows(served.engine) == before


def test_a_copy_is_made_anew_after_a_day_though_nothing_seems_to_be_missing(served: Served) -> None:
    served.shop.push()
    served.shop.push(two_dot_py="2\n")
    running = Reconcile(served.clients, served.engine, served.clock)
    running.run()
    served.shop.installation.events = ()  # nobody tells us anything any more
    deployed(served)
    running.run()
    assert rows(served.engine) == []
    served.clock.later = copies.GOOD_FOR + 1
    running.run()
    assert len(rows(served.engine)) == 1


def test_more_than_one_round_takes_are_left_for_the_next_and_the_emptied_come_first(served: Served) -> None:
    served.shop.push()
    covered = {SHOP: served.shop.installation.id}
    for at in range(2):
        name = f"acme/shop-{at}"
        served.shop.world.add_repository(name, files={"README.md": "-\n"})
        served.shop.installation.repositories.append(served.shop.world.repository(name))
        Entries(served.engine).copy(name, [make_entry(repository=name)])
        covered = {name: served.shop.installation.id, **covered}
    made = Copies(served.clients, served.engine, served.clock, at_once=2)
    made.renew(covered)
    assert asked_about(served)[0] == "shop"
    assert len(asked_about(served)) == 2
    made.renew(covered)
    made.renew(covered)
    assert sorted(asked_about(served)) == ["shop", "shop-0", "shop-1"]


def test_a_log_github_does_not_give_keeps_its_copy_and_is_not_asked_for_at_once_again(served: Served) -> None:
    served.shop.push()
    served.shop.push(two_dot_py="2\n")
    deployed(served)
    LogDesk(served.engine, served.clients.github_for).copy(served.shop.installation.id, SHOP)
    kept, covered = rows(served.engine), {SHOP: served.shop.installation.id}
    made = Copies(served.clients, served.engine, served.clock)
    served.shop.world.faults.add(Fault(kind="status", path="/graphql", times=None))
    made.renew(covered)
    times = len(served.asked("POST", "/graphql"))
    made.renew(covered)
    assert (rows(served.engine), len(served.asked("POST", "/graphql"))) == (kept, times)
    served.shop.world.faults.clear()
    served.clock.later = copies.SPOILT_FOR + 1
    made.renew(covered)
    assert asked(served) > 1


def test_what_gates_need_of_the_hour_is_left_to_them(served: Served) -> None:
    served.shop.push()
    installation_id = served.shop.installation.id
    served.clients.remaining[str(installation_id), "graphql"] = LEFT_TO_GATES - 1
    Copies(served.clients, served.engine, served.clock).renew({SHOP: installation_id})
    assert asked(served) == 0
