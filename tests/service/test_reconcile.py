"""GitHub is the record: what the database lost, or never got, is found again."""

from __future__ import annotations

from sqlalchemy import delete, select

from sandbox.faults import Fault
from service.reconcile import APART, Reconcile
from service.tables import deliveries, gates, pulls
from tests.serving import Served
from tests.waiting import PLAIN_POLICY, POLICY, SHOP


def forget_everything(served: Served) -> None:
    with served.engine.begin() as connection:
        connection.execute(delete(gates))
        connection.execute(delete(deliveries))
        connection.execute(delete(pulls))


def look_at_all(served: Served) -> None:
    """What is due by now, and what is due later by a clock that is ahead."""
    served.settle()
    served.clock.later += 60
    served.settle()


def approve(served: Served) -> None:
    """By the policy's release manager, with a comment the sandbox keeps."""
    policy = POLICY.replace("count: 1", "count: 1, when: {paths: [none]}")
    served.shop.world.commit(SHOP, {".github/deploy.yml": policy}, "Ask nobody", quiet=True)


def test_peers_5_an_emptied_database_finds_every_waiting_gate_again(served: Served) -> None:
    gate = served.shop.push(POLICY)
    served.settle()
    forget_everything(served)
    approve(served)
    served.reconcile()
    served.settle()
    assert served.verdicts() == ["approved"]
    assert (served.gate().run_id, served.gate().deployment_id) == (gate.run_id, gate.deployment_id)


def test_peers_5_a_gate_whose_webhook_was_dropped_is_adopted(served: Served) -> None:
    served.shop.world.faults.add(Fault(kind="webhook_drop", path="deployment_protection_rule"))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert served.verdicts() == []
    served.reconcile()
    served.settle()
    assert served.verdicts() == ["approved"]


def test_peers_5_a_failed_delivery_is_asked_for_again_once(served: Served) -> None:
    served.shop.push(POLICY)
    served.settle()
    door, served.shop.played.webhook_url = served.shop.played.webhook_url, "http://127.0.0.1:9/webhook"
    served.shop.ask("POST", "/issues", {"title": "Lost"})
    served.shop.server.courier.settle()
    served.reconcile()  # which fails as well
    served.shop.server.courier.settle()
    served.shop.played.webhook_url = door
    served.reconcile()
    served.shop.server.courier.settle()
    lost = [one for one in served.shop.world.deliveries if one.event == "issues"]
    assert [one.redelivery for one in lost] == [False, True]


def test_a_redelivered_event_is_handled_as_the_first_would_have_been(served: Served) -> None:
    door, served.shop.played.webhook_url = served.shop.played.webhook_url, "http://127.0.0.1:9/webhook"
    served.shop.push(PLAIN_POLICY)
    served.shop.server.courier.settle()
    served.shop.played.webhook_url = door
    served.reconcile()
    served.settle()
    assert served.verdicts() == ["approved"]
    assert "deployment_protection_rule" in {one.event for one in served.deliveries()}


def test_a_gate_we_answered_that_waits_for_a_reviewer_is_not_adopted_again(served: Served) -> None:
    grace = served.shop.world.user("grace")
    served.shop.world.add_environment(SHOP, "production", reviewers=(grace,), custom=(served.shop.played,))
    served.shop.push(PLAIN_POLICY)
    served.settle()
    assert (served.verdicts(), served.gate().state) == (["approved"], "allowed")
    served.reconcile()
    served.settle()
    assert (served.verdicts(), served.gate().state) == (["approved"], "allowed")


def test_a_gate_that_does_not_ask_us_is_left_alone(served: Served) -> None:
    grace = served.shop.world.user("grace")
    served.shop.world.add_environment(SHOP, "production", reviewers=(grace,))
    served.shop.push(PLAIN_POLICY)
    served.reconcile()
    served.settle()
    assert served.checks() == []


def test_tokens_from_before_an_installation_was_suspended_are_not_used_after_it(served: Served) -> None:
    installation, tokens = served.shop.installation, served.clients.looking
    reconcile = Reconcile(served.clients, served.engine, served.clock)
    assert reconcile.run()
    before = tokens.token(installation.id, "")
    installation.suspended_at = served.shop.world.now()
    assert reconcile.run()
    installation.suspended_at = None
    assert reconcile.run()
    assert tokens.token(installation.id, "") != before


def test_a_repository_that_cannot_be_read_does_not_hide_the_others(served: Served) -> None:
    served.shop.world.add_repository("acme/broken", files={"README.md": "-\n"})
    served.shop.installation.repositories.insert(0, served.shop.world.repository("acme/broken"))
    served.shop.world.faults.add(Fault(kind="webhook_drop", path="deployment_protection_rule"))
    served.shop.push(PLAIN_POLICY)
    served.shop.world.faults.add(Fault(kind="status", status=500, path="acme/broken", times=None))
    served.reconcile()
    served.settle()
    assert served.verdicts() == ["approved"]


def open_pull(served: Served, branch: str) -> int:
    author = served.shop.world.user("ada")
    served.shop.world.commit(SHOP, {f"{branch}.py": "1\n"}, "Sell", branch=branch, author=author)
    return int(served.shop.ask("POST", "/pulls", {"title": "Sell", "head": branch, "base": "main"})["number"])


def test_peers_5_a_lost_database_shows_open_pull_requests_again(served: Served) -> None:
    served.shop.world.commit(SHOP, {".github/deploy.yml": POLICY}, "Policy", quiet=True)
    number = open_pull(served, "sell")
    look_at_all(served)
    (check,) = served.checks()
    forget_everything(served)
    check.title = "Of another day"
    served.reconcile()
    look_at_all(served)
    assert [one.title for one in served.checks()][1:] == ["Will wait: approval by team acme/release-managers"]
    assert len(served.shop.repository.issues[number].comments) == 1


def test_a_pull_request_whose_new_head_nobody_told_us_of_is_looked_at(served: Served) -> None:
    served.shop.world.commit(SHOP, {".github/deploy.yml": POLICY}, "Policy", quiet=True)
    open_pull(served, "sell")
    look_at_all(served)
    head = served.shop.world.commit(SHOP, {"sell.py": "2\n"}, "Sell", branch="sell", quiet=True)
    served.reconcile()
    look_at_all(served)
    assert [one.head_sha for one in served.checks()][1:] == [head]


def test_a_merged_pull_request_that_waits_at_a_gate_is_told_again(served: Served) -> None:
    number, _ = served.shop.merged(policy=POLICY)
    served.settle()
    forget_everything(served)
    served.reconcile()
    look_at_all(served)
    (comment,) = served.shop.repository.issues[number].comments
    assert "⏳ Waiting: approval by team acme/release-managers" in comment.body


def test_pull_requests_that_are_shown_already_cost_nothing(served: Served) -> None:
    served.shop.world.commit(SHOP, {".github/deploy.yml": POLICY}, "Policy", quiet=True)
    for branch in ("sell", "buy"):
        open_pull(served, branch)
    look_at_all(served)
    look_at_all(served)  # at what we wrote ourselves
    before = len(served.asked("GET", "/pulls/"))
    served.reconcile()
    look_at_all(served)
    assert len(served.asked("GET", "/pulls/")) == before


def test_many_pull_requests_are_looked_at_one_after_the_other(served: Served) -> None:
    served.shop.world.commit(SHOP, {".github/deploy.yml": POLICY}, "Policy", quiet=True)
    served.shop.installation.events = ()
    for branch in ("sell", "buy", "lend"):
        open_pull(served, branch)
    served.clock.stop()
    served.reconcile()
    with served.engine.connect() as connection:
        moments = sorted(connection.execute(select(pulls.c.recheck_at)).scalars())
    assert [round(later - moments[0]) for later in moments] == [0, APART, 2 * APART]
