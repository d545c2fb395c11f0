"""Which checks are evidence, and what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.checks import checks_of, deployments_beside, our_logins, own_deployments, required_names
from gateway.reading import Unreadable
from protocol.facts import CheckState
from tests.nodes import GATE, check_run, listed, status


def states(*contexts: dict[str, Any]) -> dict[str, CheckState]:
    return {one.name: one.state for one in checks_of({"contexts": listed(*contexts)}, GATE, frozenset())}


@pytest.mark.parametrize(
    ("context", "state"),
    [
        pytest.param(check_run("x"), CheckState.PASSED, id="success"),
        pytest.param(check_run("x", conclusion="SKIPPED"), CheckState.PASSED, id="skipped"),
        pytest.param(check_run("x", conclusion="NEUTRAL"), CheckState.PASSED, id="neutral"),
        pytest.param(check_run("x", status="IN_PROGRESS", conclusion=None), CheckState.PENDING, id="running"),
        pytest.param(check_run("x", conclusion="CANCELLED"), CheckState.FAILED, id="cancelled"),
        pytest.param(check_run("x", conclusion="STALE"), CheckState.FAILED, id="stale"),
        pytest.param(check_run("x", conclusion="SOMETHING_NEW"), CheckState.FAILED, id="unheard of"),
        pytest.param(status("x", "EXPECTED"), CheckState.PENDING, id="expected status"),
        pytest.param(status("x", "ERROR"), CheckState.FAILED, id="status in error"),
    ],
)
def test_a_conclusion_is_read(context: dict[str, Any], state: CheckState) -> None:
    assert states(context) == {"x": state}


def test_a_commit_without_any_check_has_none() -> None:
    assert checks_of(None, GATE, frozenset()) == ()


def test_a_job_that_ran_again_stands_for_itself_once() -> None:
    old = check_run(databaseId=1, conclusion="FAILURE")
    assert states(check_run(databaseId=2), old) == {"test": CheckState.PASSED}


def test_the_same_name_in_two_runs_are_two_checks() -> None:
    other = check_run(checkSuite={"app": {"slug": "github-actions"}, "workflowRun": {"databaseId": 6}})
    assert len(checks_of({"contexts": listed(check_run(), other)}, GATE, frozenset())) == 2


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(check_run(externalId="deploy-protocol:gate"), id="our own"),
        pytest.param(check_run(deployment={"databaseId": 70}), id="a deploying job"),
        pytest.param(check_run(pendingDeploymentRequest={"environment": {"name": "x"}}), id="a waiting job"),
    ],
)
def test_what_is_no_evidence_is_left_out(context: dict[str, Any]) -> None:
    assert states(context) == {}


def test_the_action_leaves_its_own_job_out() -> None:
    gate = replace(GATE, check_run_id=1)
    assert checks_of({"contexts": listed(check_run(databaseId=1))}, gate, frozenset()) == ()


def test_a_part_of_the_checks_is_not_all() -> None:
    with pytest.raises(Unreadable):
        checks_of({"contexts": listed(check_run(), more=True)}, GATE, frozenset())


def test_required_checks_are_named() -> None:
    contexts = listed({**check_run(), "isRequired": True}, {**status(), "isRequired": False})
    assert required_names({"contexts": contexts}) == {"test"}


def test_our_app_is_known_by_its_check_runs_and_is_never_the_actions_own() -> None:
    ours = check_run(
        externalId="deploy-protocol:gate", checkSuite={"app": {"slug": "Gate"}, "workflowRun": None}
    )
    forged = check_run(externalId="deploy-protocol:gate")
    assert our_logins({"contexts": listed(ours, forged, status())}) == {"gate[bot]"}


def test_a_jobs_deployment_is_found_by_its_check_run() -> None:
    made = {"databaseId": 70, "environment": "production"}
    contexts = listed(check_run(databaseId=9, deployment=made), check_run(databaseId=8))
    [found] = own_deployments({"contexts": contexts}, 9) or ()
    assert (found.id, found.environment) == (70, "production")
    assert own_deployments({"contexts": contexts}, 8) == ()
    assert own_deployments({"contexts": contexts}, 7) is None


def test_the_jobs_beside_are_of_the_same_run_and_environment() -> None:
    def job(deployment: int, *, environment: str = "Production", run: int = GATE.run_id) -> dict[str, Any]:
        suite = {"app": {"slug": "github-actions"}, "workflowRun": {"databaseId": run}}
        return check_run(checkSuite=suite, deployment={"databaseId": deployment, "environment": environment})

    other_app = check_run(checkSuite={"app": {"slug": "ci"}, "workflowRun": None})
    contexts = listed(
        job(1), job(2, environment="staging"), job(3, run=GATE.run_id + 1), check_run(), other_app
    )
    assert deployments_beside({"contexts": contexts}, GATE) == {1}
    assert deployments_beside(None, GATE) == frozenset()
