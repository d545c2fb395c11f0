"""Our check runs, and what the sandbox holds of them afterwards."""

from __future__ import annotations

from gateway.check_runs import Annotation, CheckAction, OwnCheck, show_check
from tests.waiting import WaitingShop


def test_a_check_run_is_made_once_and_then_changed(shop: WaitingShop) -> None:
    gate, github = shop.push(), shop.github()
    button = CheckAction(label="Approve", description="Approve this deployment", identifier="approve")
    waits = OwnCheck(sha=gate.sha, name="deploy", title="Waits", summary="One approval.")
    goes = OwnCheck(
        sha=gate.sha,
        name="deploy",
        title="May go",
        summary="Approved.",
        conclusion="success",
        actions=[button],
    )
    made = show_check(github, waits)
    assert show_check(github, goes, check_id=made) == made
    check = shop.repository.check_runs[made]
    assert (check.status, check.conclusion, check.title) == ("completed", "success", "May go")
    assert check.external_id.startswith("deploy-protocol:")


def test_annotations_go_in_batches_of_fifty(shop: WaitingShop) -> None:
    sha = shop.push().sha
    remarks = [Annotation(path=".github/deploy.yml", line=at + 1, message="Wrong") for at in range(120)]
    check = OwnCheck(sha=sha, name="policy", title="Wrong", summary="-", annotations=remarks)
    made = show_check(shop.github(), check)
    assert len(shop.repository.check_runs[made].annotations) == 120
    assert shop.repository.check_runs[made].title == "Wrong"


def test_what_is_too_long_for_github_is_cut(shop: WaitingShop) -> None:
    button = CheckAction(label="A" * 30, description="B" * 50, identifier="approve")
    check = OwnCheck(
        sha=shop.push().sha,
        name="deploy",
        title="T" * 300,
        summary="S" * 70_000,
        conclusion="neutral",
        actions=[button] * 5,
    )
    shown = shop.repository.check_runs[show_check(shop.github(), check)]
    assert len(shown.title or "") == 255
    assert len(shown.summary or "") == 65_535
    assert len(shown.actions) == 3
