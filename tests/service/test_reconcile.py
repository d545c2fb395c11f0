"""GitHub is the record: what the database lost, or never got, is found again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from sandbox.faults import Fault
from service.tables import deliveries, gates
from tests.serving import Served, serving
from tests.waiting import PLAIN_POLICY, POLICY, SHOP


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def forget_everything(served: Served) -> None:
    with served.engine.begin() as connection:
        connection.execute(delete(gates))
        connection.execute(delete(deliveries))


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


def test_a_repository_that_cannot_be_read_does_not_hide_the_others(served: Served) -> None:
    served.shop.world.add_repository("acme/broken", files={"README.md": "-\n"})
    served.shop.installation.repositories.insert(0, served.shop.world.repository("acme/broken"))
    served.shop.world.faults.add(Fault(kind="webhook_drop", path="deployment_protection_rule"))
    served.shop.push(PLAIN_POLICY)
    served.shop.world.faults.add(Fault(kind="status", status=500, path="acme/broken", times=None))
    served.reconcile()
    served.settle()
    assert served.verdicts() == ["approved"]
