"""How many requests a verdict takes, and which of them wait for which: GitHub allows 5,000 an hour."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from threading import Event

import pytest

from gateway.github import GitHub
from gateway.lines import Lines
from gateway.organisations import KEPT, Organisation
from gateway.tokens import InstallationTokens
from protocol.gate import Gate
from sandbox.faults import Fault
from tests.waiting import PLAIN_POLICY, POLICY, SHOP, WaitingShop, now

HOME = "acme/.github"
FIRST = {"token": 1, "question": 1, "run": 1}
AGAIN = {"question": 1, "run": 1}
TEAMS = {"question": 1}
ORGANISATION = {"token": 1, "question": 1}  # for all of an installation, once a minute


def seen_by(shop: WaitingShop) -> GitHub:
    """The shop as the service sees it, with one thread to ask beside: what is put last is done last."""
    to_read = InstallationTokens(shop.app(), permissions={"contents": "read", "metadata": "read"})
    home = github_of(shop, HOME, to_read)
    return github_of(shop, SHOP, InstallationTokens(shop.app()), Organisation(home))


def github_of(
    shop: WaitingShop, name: str, tokens: InstallationTokens, organisation: Organisation | None = None
) -> GitHub:
    return GitHub(
        name,
        tokens.source(shop.installation.id, name),
        api_url=shop.server.url,
        on_response=shop.responses.append,
        organisation=organisation,
        lines=Lines(threads=1),
    )


def organise(shop: WaitingShop, kind: str) -> None:
    """Give acme a `.github` of its own with a policy, or none."""
    if kind != "none":
        files = {".github/deploy.yml": PLAIN_POLICY}
        home = shop.world.add_repository(HOME, files=files, private=kind == "private")
        shop.installation.repositories.append(home)


def look(github: GitHub, gate: Gate, at: datetime) -> None:
    """Until what was asked beside has come as well, though nobody needed it."""
    github.facts_for(gate, at)
    done = Event()
    github.beside.submit(done.set)
    done.wait()


def asked(shop: WaitingShop) -> Counter[str]:
    """What was asked since the last time."""
    kinds = {"access_tokens": "token", "graphql": "question", "deployment_protection_rule": "verdict"}
    paths = [response.path.rpartition("/")[2] for response in shop.responses]
    shop.responses.clear()
    return Counter(kinds.get(path, "run") for path in paths)


def total(*parts: dict[str, int]) -> Counter[str]:
    return sum((Counter(part) for part in parts), Counter())


@pytest.mark.parametrize(
    ("kind", "policy", "cold", "warm"),
    [
        pytest.param("none", PLAIN_POLICY, [FIRST, {"token": 1}], [AGAIN], id="no organisation's policy"),
        pytest.param("none", POLICY, [FIRST, TEAMS, {"token": 1}], [AGAIN], id="teams"),
        pytest.param("public", POLICY, [FIRST, TEAMS, ORGANISATION], [AGAIN], id="a public policy and teams"),
        pytest.param("private", PLAIN_POLICY, [FIRST, ORGANISATION], [AGAIN], id="a private policy"),
        pytest.param("private", POLICY, [FIRST, TEAMS, ORGANISATION], [AGAIN], id="a private one and teams"),
    ],
)
def test_counted_what_a_look_takes_cold_and_warm(
    shop: WaitingShop, kind: str, policy: str, cold: list[dict[str, int]], warm: list[dict[str, int]]
) -> None:
    """With the verdict one more. What is asked for the organisation is asked once for all of its gates."""
    organise(shop, kind)
    _, gate = shop.merged(policy=policy)
    github, start = seen_by(shop), now()
    look(github, gate, start)
    assert asked(shop) == total(*cold)
    look(github, gate, start)
    assert asked(shop) == total(*warm)
    github.post_verdict(gate, approved=True, comment="Go")
    assert asked(shop) == {"verdict": 1}


@pytest.mark.parametrize(
    ("kind", "after_a_minute"),
    [
        pytest.param("private", {"question": 1}, id="private: its question, with the token of the hour"),
        pytest.param("public", {}, id="public: seen beside the repository's own"),
        pytest.param("none", {"token": 1}, id="none: whether there is one now"),
    ],
)
def test_counted_what_an_organisations_policy_takes_each_minute(
    shop: WaitingShop, kind: str, after_a_minute: dict[str, int]
) -> None:
    organise(shop, kind)
    gate = shop.push(PLAIN_POLICY)
    github, start = seen_by(shop), now()
    look(github, gate, start)
    asked(shop)
    for second in (10, 20, 30):
        look(github, gate, start + timedelta(seconds=second))
    assert asked(shop) == total(AGAIN, AGAIN, AGAIN)
    look(github, gate, start + KEPT + timedelta(seconds=1))
    assert asked(shop) == total(AGAIN, after_a_minute)


def test_a_private_organisations_policy_is_asked_beside_the_repository(shop: WaitingShop) -> None:
    """So that it adds requests and no waiting: its answer comes while the long question is under way."""
    organise(shop, "private")
    gate = shop.push(PLAIN_POLICY)
    github, start = seen_by(shop), now()
    look(github, gate, start)
    shop.world.faults.add(Fault(kind="latency", path="graphql", seconds=1))
    shop.world.exchanges.clear()
    look(github, gate, start + KEPT + timedelta(seconds=1))
    questions = [one.request_body["query"] for one in shop.world.exchanges if one.path == "/graphql"]
    assert [question.split("(")[0] for question in questions] == ["query Policies", "query Gate"]


def test_counted_a_run_that_did_not_change_costs_nothing_of_the_hour(shop: WaitingShop) -> None:
    """GitHub counts no answer that says 304. https://docs.github.com/en/rest/using-the-rest-api/best-practices"""
    gate, start = shop.push(PLAIN_POLICY), now()
    github = seen_by(shop)
    first = github.run(gate.run_id)
    shop.responses.clear()
    assert github.run(gate.run_id) == first
    assert [response.status for response in shop.responses] == [304]
    look(github, gate, start)
    github.post_verdict(gate, approved=True, comment="Go")
    shop.wait(lambda: shop.repository.runs[gate.run_id].status == "completed")
    assert github.run(gate.run_id).status == "completed"
    assert shop.responses[-1].status == 200
