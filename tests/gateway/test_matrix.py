"""Jobs of one matrix at the gate: every environment decides for itself, all jobs of one go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.decision import decide
from protocol.gate import Gate
from protocol.verdict import Verdict
from tests.waiting import PLAIN_POLICY, SHOP, WORKFLOW, WaitingShop, now, waiting_shop

MATRIX = WORKFLOW.replace("environment: production", "environment: TARGET\n    strategy: {matrix: MATRIX}")
ASKING = "approvals: [{name: Tester, count: 1, from: ['user:bo']}]"
POLICY = f"{PLAIN_POLICY}  staging: {{deploy: manual, {ASKING}}}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WaitingShop]:
    with waiting_shop(tmp_path) as shop:
        shop.world.add_environment(SHOP, "staging", custom=(shop.played,))
        yield shop


def push(shop: WaitingShop, matrix: str, environment: str = "production") -> Gate:
    workflow = MATRIX.replace("MATRIX", matrix).replace("TARGET", environment)
    files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": workflow}
    return shop.gate_of(shop.world.commit(SHOP, files, "Change it", author=shop.world.user("ada")))


def verdict(shop: WaitingShop, gate: Gate) -> Verdict:
    policies, facts = shop.github().facts_for(gate, now())
    return decide(policies, facts, now()).verdict


def test_jobs_for_one_environment_do_not_wait_for_each_other(shop: WaitingShop) -> None:
    gate = push(shop, "{region: [eu, us]}")
    run = shop.repository.runs[gate.run_id]
    gates = [replace(gate, deployment_id=one.deployment.id) for one in run.pending if one.deployment]
    assert [verdict(shop, one) for one in gates] == [Verdict.ALLOW, Verdict.ALLOW]
    opened = [shop.github().post_verdict(one, approved=True, comment="All is well.") for one in gates]
    assert opened == [True, False]  # the first answer was for both
    shop.wait(lambda: run.conclusion == "success")


def test_each_environment_gets_its_own_verdict(shop: WaitingShop) -> None:
    gate = push(shop, "{where: [staging, production]}", "${{ matrix.where }}")
    verdicts = {one.environment: verdict(shop, one) for one in shop.github().waiting_gates()}
    assert verdicts == {"staging": Verdict.WAIT, "production": Verdict.ALLOW}
    assert shop.github().post_verdict(gate, approved=True, comment="All is well.")
    run = shop.repository.runs[gate.run_id]
    shop.wait(lambda: any(job.conclusion == "success" for job in run.jobs))
    assert [pending.environment.name for pending in run.pending] == ["staging"]
