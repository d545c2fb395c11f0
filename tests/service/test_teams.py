"""Who is in a team is remembered for minutes, and asked anew when GitHub tells that it changed."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from gateway.memory import PEOPLE
from service.inbox import Delivery, Inbox
from service.queue import DELIVERY
from service.workers import Workers
from tests.serving import Served
from tests.waiting import POLICY, SHOP, now


def approve_by_bo(served: Served) -> None:
    """Bo approves with a comment, before being a release manager."""
    number, _ = served.shop.merged(policy=POLICY)
    served.shop.world.add_collaborator(SHOP, "bo")
    served.settle()
    served.shop.ask("POST", f"/issues/{number}/comments", {"body": "/approve"}, by="bo")
    served.settle()
    assert served.verdicts() == []


def join(served: Served) -> None:
    """Bo becomes a release manager, as GitHub tells it."""
    served.shop.world.add_team("acme", "release-managers", members=("grace", "bo"))
    payload = {
        "action": "added",
        "scope": "team",
        "organization": {"login": "acme"},
        "installation": {"id": served.shop.installation.id},
    }
    guid = str(uuid4())
    told = Delivery(guid=guid, event="membership", action="added", body=json.dumps(payload).encode())
    Inbox(served.engine).commit(told, served.clock())
    served.queue.put(DELIVERY, guid)
    served.settle()


def test_who_joins_a_team_counts_at_once(served: Served) -> None:
    approve_by_bo(served)
    join(served)
    assert served.verdicts() == ["approved"]


def test_who_joins_a_team_counts_in_minutes_where_other_workers_remember(served: Served) -> None:
    served.clock.stop()
    approve_by_bo(served)
    other = Workers(served.engine)
    other.name = "elsewhere:1"
    other.give_sign(served.clock())
    join(served)
    assert served.gate().recheck_at == pytest.approx(served.clock() + PEOPLE.total_seconds(), abs=30)
    served.clock.later += PEOPLE.total_seconds() + 1
    served.settle()
    assert served.verdicts() == ["approved"]


def test_a_team_is_asked_for_once_for_all_repositories(served: Served) -> None:
    served.shop.merged(policy=POLICY)
    served.settle()
    installation = served.shop.installation.id
    ours = served.clients.github_for(installation, SHOP).memory.teams
    assert served.clients.github_for(installation, "acme/other").memory.teams is ours
    assert ours.at("acme/release-managers", now()) == frozenset({"grace"})
