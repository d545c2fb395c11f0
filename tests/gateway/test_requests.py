"""How many requests a verdict takes, and which of them wait for which: GitHub allows 5,000 an hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from gateway.github import GitHub
from gateway.memory import PEOPLE
from protocol.gate import Gate
from sandbox.faults import Fault
from tests.waiting import PATIENCE, PLAIN_POLICY, POLICY, WaitingShop, now

MOST_COLD, MOST_WARM = 5, 3
FIRST = {"token": 1, "question": 1, "run": 1}
AGAIN = {"question": 1, "run": 1}
VERDICT = {"verdict": 1}
TEAMS = {"question": 1}
REVIEWED = """\
version: 1
environments:
  production: {deploy: manual, checklist: [{item: Reviewed, reviews: 1}]}
"""
COMPARED = {"comparison": 1}  # only REST tells which files changed


def looked(shop: WaitingShop, github: GitHub, gate: Gate, at: datetime) -> Counter[str]:
    """What a look asked for."""
    shop.responses.clear()
    github.facts_for(gate, at)
    return asked(shop)


def asked(shop: WaitingShop) -> Counter[str]:
    return Counter(kind_of(response.path) for response in shop.responses)


def kind_of(path: str) -> str:
    kinds = {"access_tokens": "token", "graphql": "question", "deployment_protection_rule": "verdict"}
    if "/compare/" in path or "/commits/" in path:
        return "comparison"
    return kinds.get(path.rpartition("/")[2], "run")


def total(*parts: Mapping[str, int]) -> Counter[str]:
    return sum((Counter(part) for part in parts), Counter())


HOMES: Mapping[str, Mapping[str, bool] | None] = {
    "without an organisation's repository": None,
    "with a public one": {"private": False},
    "with a public one the App is not installed on": {"private": False, "ours": False},
    "with a private one": {"private": True},
    "with a private one the App is not installed on": {"private": True, "ours": False},
}


@pytest.mark.parametrize("home", HOMES.values(), ids=HOMES)
def test_counted_a_verdict_takes_at_most_five_requests_cold_and_three_warm(
    shop: WaitingShop, home: Mapping[str, bool] | None
) -> None:
    if home is not None:
        shop.add_home(POLICY, **home)
    _, gate = shop.merged(policy=POLICY)
    github, start = shop.looking(), now()
    assert looked(shop, github, gate, start) == total(FIRST, TEAMS)
    assert looked(shop, github, gate, start) == total(AGAIN)
    github.post_verdict(gate, approved=True, comment="Go")
    assert asked(shop) == total(AGAIN, VERDICT)
    assert total(FIRST, TEAMS, VERDICT).total() <= MOST_COLD
    assert total(AGAIN, VERDICT).total() <= MOST_WARM


def test_counted_before_it_is_known_what_an_installation_covers_its_policy_may_be_asked_for_in_vain(
    shop: WaitingShop,
) -> None:
    gate, start = shop.push(PLAIN_POLICY), now()
    github = shop.looking(reconciled=False)
    assert looked(shop, github, gate, start) == total(FIRST, {"token": 1})
    assert looked(shop, github, gate, start) == total(AGAIN)


def deployed(shop: WaitingShop, policy: str) -> None:
    """Production runs a first version."""
    gate = shop.push(policy)
    shop.github().post_verdict(gate, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[gate.run_id].status == "completed")


@pytest.mark.parametrize(
    ("policy", "cold"),
    [
        pytest.param(PLAIN_POLICY, [FIRST], id="no rule looks at what changes"),
        pytest.param(REVIEWED, [FIRST, COMPARED], id="one does"),
        pytest.param(POLICY, [FIRST, COMPARED, TEAMS], id="one does, and names teams"),
    ],
)
def test_counted_several_changes_since_the_last_deployment_are_compared_once_and_only_for_a_rule(
    shop: WaitingShop, policy: str, cold: list[dict[str, int]]
) -> None:
    """With teams one more than five, as long as nothing is remembered of either: see docs/operating.md."""
    shop.add_home(policy)
    deployed(shop, policy)
    shop.push(policy, one_dot_py="1\n")
    _, gate = shop.merged(policy=policy)
    github, start = shop.looking(), now()
    assert looked(shop, github, gate, start) == total(*cold)
    assert looked(shop, github, gate, start) == total(AGAIN)


def test_counted_teams_are_asked_for_again_after_five_minutes(shop: WaitingShop) -> None:
    _, gate = shop.merged(policy=POLICY)
    github, start = shop.looking(), now()
    looked(shop, github, gate, start)
    assert looked(shop, github, gate, start + PEOPLE - timedelta(seconds=1)) == total(AGAIN)
    assert looked(shop, github, gate, start + PEOPLE) == total(AGAIN, TEAMS)


def test_counted_an_installation_that_gives_less_is_asked_twice_more_for_a_token(shop: WaitingShop) -> None:
    """What it gives can only be asked, and a token for more than that is refused as a whole."""
    _, gate = shop.merged()
    del shop.installation.permissions["members"]
    github, start = shop.looking(), now()
    given = {"token": 1, "run": 1}
    assert looked(shop, github, gate, start) == total(FIRST, given)
    assert looked(shop, github, gate, start) == total(AGAIN)


def test_the_run_is_asked_beside_the_question(shop: WaitingShop) -> None:
    """While the long question is under way; what waits is the verdict alone."""
    gate = shop.push(PLAIN_POLICY)
    github = shop.looking()
    github.facts_for(gate, now())
    github.memory.runs.forget()
    shop.world.exchanges.clear()
    shop.world.faults.add(Fault(kind="latency", path="graphql", seconds=PATIENCE))
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(github.facts_for, gate, now())
        shop.wait(lambda: any("/actions/runs/" in one.path for one in shop.world.exchanges))
        assert not looking.done()
        shop.world.faults.clear()
        looking.result()


def test_counted_a_run_that_did_not_change_costs_nothing_of_the_hour(shop: WaitingShop) -> None:
    """GitHub counts no answer that says 304. https://docs.github.com/en/rest/using-the-rest-api/best-practices"""
    gate, start = shop.push(PLAIN_POLICY), now()
    github = shop.looking()
    first = github.run(gate.run_id)
    shop.responses.clear()
    assert github.run(gate.run_id) == first
    assert [response.status for response in shop.responses] == [304]
    github.facts_for(gate, start)
    github.post_verdict(gate, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[gate.run_id].status == "completed")
    assert github.run(gate.run_id).status == "completed"
    assert shop.responses[-1].status == 200
