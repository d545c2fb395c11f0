"""`deploy: on-merge`: each merge starts the workflow, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.claims import Busy
from gateway.errors import GatewayError
from sandbox.faults import Fault
from service.merges import start_after_merge
from tests.asking import POLICY, WORKFLOW, Asking
from tests.serving import serving
from tests.waiting import now

ON_MERGE = POLICY.replace("staging: {deploy: manual", "staging: {deploy: on-merge")
WITH_PUSH = WORKFLOW.replace("on:\n", "on:\n  push: {branches: [main]}\n")


@pytest.fixture
def merging(asking: Asking) -> Asking:
    asking.write(ON_MERGE)
    return asking


def said(asking: Asking, number: int) -> list[str]:
    marker = "<!-- deploy-protocol:on-merge -->"
    return [one.body for one in asking.issues[number].comments if one.body.startswith(marker)]


def test_a_merge_starts_the_workflow_for_whoever_merged(merging: Asking) -> None:
    number = merging.pull()
    sha = merging.merge(number, by="grace")
    merging.hear_of_merge(number)
    assert [inputs["environment"] for _, inputs in merging.started()] == ["staging"]
    merging.shop.wait(lambda: any(run.pending for run in merging.runs))
    (gate,) = merging.github.waiting_gates()
    _, facts = merging.github.facts_for(gate, now())
    assert (gate.sha, facts.deployer) == (sha, "grace")
    (comment,) = said(merging, number)
    assert "**staging**" in comment


def test_peers_3_a_merge_told_twice_starts_once(merging: Asking) -> None:
    number = merging.merged()
    merging.hear_of_merge(number)
    merging.hear_of_merge(number)
    assert (len(merging.started()), len(said(merging, number))) == (1, 1)


def test_of_many_workers_at_once_one_starts_it(merging: Asking) -> None:
    number = merging.merged()

    def hear(_: int) -> bool:
        try:
            start_after_merge(merging.shop.github(), number, now)
        except Busy:
            return False
        return True

    with ThreadPoolExecutor(8) as workers:
        assert any(workers.map(hear, range(8)))
    assert (len(merging.started()), len(said(merging, number))) == (1, 1)


@pytest.mark.parametrize("path", ["dispatches", "check-runs", "comments", "reactions"])
@pytest.mark.parametrize("lost", [False, True], ids=["not done", "done, and the answer lost"])
def test_peers_4_a_start_that_failed_half_way_is_finished_and_not_doubled(
    merging: Asking, path: str, *, lost: bool
) -> None:
    number = merging.merged()
    merging.world.faults.add(Fault(kind="status", method="POST", path=f"{path}$", after_effect=lost))
    with pytest.raises(GatewayError):
        merging.hear_of_merge(number)
    for eyes in merging.issues[number].reactions:
        eyes.created_at -= timedelta(minutes=3)
    merging.hear_of_merge(number)
    assert (len(merging.started()), len(merging.records()), len(said(merging, number))) == (1, 1, 1)


def test_a_workflow_that_the_push_started_is_not_started_again(asking: Asking) -> None:
    asking.write(ON_MERGE, WITH_PUSH)
    number = asking.pull()
    asking.merge(number)
    asking.shop.wait(lambda: any(run.event == "push" for run in asking.runs))
    asking.hear_of_merge(number)
    assert asking.started() == []
    (comment,) = said(asking, number)
    assert "its workflow already runs for this merge" in comment


def test_two_merges_at_once_share_the_run_of_the_newer(merging: Asking) -> None:
    first, second = merging.pull("one"), merging.pull("two")
    merging.merge(first)
    merging.merge(second)
    merging.hear_of_merge(first)
    merging.hear_of_merge(second)
    assert len(merging.started()) == 1


def test_a_merge_elsewhere_and_one_that_was_only_closed_start_nothing(merging: Asking) -> None:
    number = merging.pull()
    merging.shop.ask("PATCH", f"/pulls/{number}", {"state": "closed"})
    merging.hear_of_merge(number)
    main = merging.world.git(merging.shop.repository).ref("refs/heads/main")
    merging.shop.ask("POST", "/git/refs", {"ref": "refs/heads/release", "sha": main})
    other = merging.pull("two")
    merging.shop.ask("PATCH", f"/pulls/{other}", {"base": "release"})
    merging.merge(other)
    merging.hear_of_merge(other)
    assert merging.started() == []


def test_what_cannot_be_started_is_said_on_the_pull_request(merging: Asking) -> None:
    merging.write(ON_MERGE, "on: issues\njobs: {}\n")
    number = merging.merged()
    merging.hear_of_merge(number)
    (comment,) = said(merging, number)
    assert "add `workflow_dispatch:` under `on:`" in comment


def test_a_policy_without_on_merge_says_nothing(asking: Asking) -> None:
    number = asking.merged()
    asking.hear_of_merge(number)
    assert (asking.started(), said(asking, number)) == ([], [])


def test_from_the_merge_to_the_verdict_though_github_sends_twice(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        asking = Asking(served.shop, ON_MERGE)
        number = asking.pull()
        served.settle()
        asking.world.faults.add(Fault(kind="webhook_duplicate", path="pull_request", times=None))
        asking.merge(number)
        served.settle()
        asking.world.faults.clear()
        asking.shop.wait(lambda: bool(asking.started()))
        served.settle()
        assert len(asking.started()) == 1
        assert served.verdicts() == ["approved"]
