"""A job asks first what its look will ask, and never asks twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.ahead import ask_ahead
from gateway.errors import Unavailable
from gateway.github import GitHub, JobDeployment
from protocol.gate import Gate
from sandbox.faults import Fault
from tests.waiting import PLAIN_POLICY, SHOP, WaitingShop, now


def asked_of(shop: WaitingShop, path: str) -> int:
    return sum(one.path.endswith(path) for one in shop.responses)


def begin(shop: WaitingShop, github: GitHub) -> Gate:
    gate = shop.push(PLAIN_POLICY)
    shop.responses.clear()
    ask_ahead(github, sha=gate.sha, run_id=gate.run_id)
    return gate


def test_what_was_asked_ahead_is_not_asked_again(shop: WaitingShop) -> None:
    github = shop.github()
    gate = begin(shop, github)
    _, facts = github.facts_for(gate, now(), place="action")
    assert facts.sha == gate.sha
    assert (asked_of(shop, "/graphql"), asked_of(shop, f"/actions/runs/{gate.run_id}")) == (1, 1)


@pytest.mark.parametrize(
    ("shown", "asked"),
    [pytest.param(True, 0, id="shown"), pytest.param(False, 1, id="not among those shown")],
)
def test_a_jobs_own_deployment_is_no_fact_about_others_and_part_of_the_same_answer(
    shop: WaitingShop, shown: bool, asked: int
) -> None:
    gate = shop.push(PLAIN_POLICY)
    sha = gate.sha if shown else shop.world.commit(SHOP, {"one.py": "1\n"}, "One", quiet=True)
    (job,) = shop.repository.runs[gate.run_id].jobs
    github = shop.github()
    mine = replace(gate, sha=sha, deployment_id=None, check_run_id=job.check_run.id)
    _, facts = github.facts_for(mine, now(), place="action")
    assert facts.deployments == ()
    made = github.deployment_of_check(job.check_run.id)
    assert made == JobDeployment(id=gate.deployment_id or 0, environment="production")
    assert asked_of(shop, f"/check-runs/{job.check_run.id}") == asked


def test_an_answer_is_taken_once_so_that_the_next_look_sees_the_present(shop: WaitingShop) -> None:
    github = shop.github()
    gate = begin(shop, github)
    for _ in range(2):
        github.facts_for(gate, now(), place="action")
    assert (asked_of(shop, "/graphql"), asked_of(shop, f"/actions/runs/{gate.run_id}")) == (2, 2)


def test_who_got_no_answer_ahead_asks_once_more(shop: WaitingShop) -> None:
    github = shop.github()
    gate = shop.push(PLAIN_POLICY)
    shop.world.faults.add(Fault(method="POST", path="/graphql", kind="cut"))
    ask_ahead(github, sha=gate.sha, run_id=gate.run_id)
    assert github.facts_for(gate, now(), place="action")[1].sha == gate.sha


def test_an_error_ahead_is_raised_where_the_question_is_asked(shop: WaitingShop) -> None:
    github = shop.github()
    gate = shop.push(PLAIN_POLICY)
    shop.world.faults.add(Fault(method="POST", path="/graphql", kind="status", status=502, times=2))
    ask_ahead(github, sha=gate.sha, run_id=gate.run_id)
    with pytest.raises(Unavailable, match="502"):
        github.facts_for(gate, now(), place="action")
