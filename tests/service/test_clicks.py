"""Buttons on check runs: GitHub keeps no trace of a click, so the App writes one down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import requests

from gateway.check_runs import OwnCheck, show_check
from protocol.decision import decide
from protocol.gate import Gate
from protocol.verdict import Verdict
from service.showing import check_name
from tests.asking import POLICY, Asking
from tests.serving import serving
from tests.waiting import PATIENCE, now


def waiting(asking: Asking) -> tuple[int, Gate, int]:
    """A merged pull request, the gate it waits at, and that gate's check run."""
    number = asking.pull()
    asking.merge(number, by="ada")
    asking.say(number, "/deploy production", by="ada")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    (gate,) = asking.github.waiting_gates()
    return number, gate, show(asking, gate.sha, "production")


def show(asking: Asking, sha: str, environment: str) -> int:
    check = OwnCheck(
        sha=sha,
        name=check_name(environment),
        title="Waiting",
        summary="-",
        conclusion="neutral",
        external_id="gate:1",
    )
    return show_check(asking.github, check)


def verdict(asking: Asking, gate: Gate) -> Verdict:
    policies, facts = asking.github.facts_for(gate, now())
    return decide(policies, facts, now()).verdict


def recorded(asking: Asking, number: int) -> list[str]:
    comments = (one.body for one in asking.issues[number].comments)
    return [body for body in comments if body.startswith("<!-- deploy-protocol:button ")]


def test_a_click_is_written_down_on_the_pull_request_and_counts(asking: Asking) -> None:
    number, gate, check = waiting(asking)
    asking.press(check, "approve:production", by="grace")
    (comment,) = recorded(asking, number)
    assert f"grace approved {gate.sha[:7]} for production" in comment
    assert verdict(asking, gate) is Verdict.ALLOW


def test_a_click_that_comes_twice_is_written_down_once(asking: Asking) -> None:
    number, _, check = waiting(asking)
    for _ in range(2):
        asking.press(check, "approve:production", by="grace")
    assert len(recorded(asking, number)) == 1


def test_who_presses_again_after_taking_it_back_approves_again(asking: Asking) -> None:
    number, gate, check = waiting(asking)
    asking.press(check, "approve:production", by="grace", delivery="first")
    asking.world.move_clock(timedelta(minutes=1))
    asking.say(number, "/withdraw production", by="grace")
    assert verdict(asking, gate) is Verdict.WAIT
    asking.world.move_clock(timedelta(minutes=1))
    asking.press(check, "approve:production", by="grace", delivery="second")
    assert verdict(asking, gate) is Verdict.ALLOW


def test_a_short_identifier_is_for_the_check_runs_own_environment(asking: Asking) -> None:
    number, _, check = waiting(asking)
    asking.press(check, "approve", by="grace")
    assert len(recorded(asking, number)) == 1


def test_peers_13_a_click_counts_only_by_who_may(asking: Asking) -> None:
    number, gate, check = waiting(asking)
    for _ in range(2):
        asking.press(check, "approve:production", by="bo")
    assert recorded(asking, number) == []
    said = [one.body for one in asking.issues[number].comments if "bo may not" in one.body]
    assert len(said) == 1
    assert verdict(asking, gate) is Verdict.WAIT


def test_peers_13_ones_own_click_is_written_down_and_does_not_count(asking: Asking) -> None:
    asking.world.add_team("acme", "everybody", members=("ada", "grace"))
    asking.write(POLICY.replace("release-managers", "everybody"))
    _, gate, check = waiting(asking)
    asking.press(check, "approve:production", by="ada")
    assert verdict(asking, gate) is Verdict.WAIT


def test_a_click_that_somebody_only_wrote_down_does_not_count(asking: Asking) -> None:
    number, gate, check = waiting(asking)
    asking.press(check, "approve:production", by="grace")
    (ours,) = recorded(asking, number)
    asking.issues[number].comments[:] = []
    asking.write_comment(number, ours, by="ada")
    assert verdict(asking, gate) is Verdict.WAIT


def test_the_freeze_button_freezes_for_a_day(asking: Asking) -> None:
    _, gate, check = waiting(asking)
    for _ in range(2):
        asking.press(check, "freeze:production", by="grace")
    (issue,) = asking.labelled("deploy-freeze")
    assert "environment: production" in (issue.body or "")
    _, facts = asking.github.facts_for(gate, now())
    assert isinstance(facts.freezes, tuple)
    assert [freeze.by for freeze in facts.freezes] == ["grace"]


def test_the_freeze_button_freezes_again_after_a_freeze_was_lifted(asking: Asking) -> None:
    _, _, check = waiting(asking)
    asking.press(check, "freeze:production", by="grace")
    asking.say(asking.issue(), "/unfreeze production", by="grace")
    asking.press(check, "freeze:production", by="grace")
    assert [issue.state for issue in asking.labelled("deploy-freeze")] == ["closed", "open"]


def test_the_freeze_button_freezes_again_after_its_day_is_over(asking: Asking) -> None:
    _, _, check = waiting(asking)
    for days in (0, 2):
        asking.press(check, "freeze:production", by="grace", clock=lambda: now() + timedelta(days=days))  # noqa: B023
    assert len(asking.labelled("deploy-freeze")) == 2


def test_peers_17_the_freeze_button_is_for_who_may_write(asking: Asking) -> None:
    number, _, check = waiting(asking)
    asking.press(check, "freeze:production", by="bo")
    assert asking.labelled("deploy-freeze") == []
    assert any("bo may not freeze deployments" in one.body for one in asking.issues[number].comments)


def test_buttons_we_do_not_know_and_environments_we_do_not_have_are_nothing(asking: Asking) -> None:
    number, gate, check = waiting(asking)
    before = len(asking.issues[number].comments)
    asking.press(check, "look:production", by="grace")
    asking.press(check, "launch:production", by="grace")
    asking.press(show(asking, gate.sha, "moon"), "approve", by="grace")
    assert len(asking.issues[number].comments) == before


def test_a_commit_without_a_pull_request_has_nowhere_to_write_it(asking: Asking) -> None:
    asking.say(asking.issue(), "/deploy production", by="ada")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    (gate,) = asking.github.waiting_gates()
    asking.press(show(asking, gate.sha, "production"), "approve", by="grace")
    assert verdict(asking, gate) is Verdict.WAIT


def test_from_the_click_to_the_verdict(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        asking = Asking(served.shop)
        number = asking.pull()
        asking.merge(number, by="ada")
        asking.write_comment(number, "/deploy production")
        served.settle()
        served.settle()
        check = next(run for run in served.checks() if run.actions)
        click = {"login": "grace", "identifier": "approve:production"}
        url = f"{served.shop.server.url}/_sandbox/check-runs/{check.id}/click"
        assert requests.post(url, json=click, timeout=PATIENCE).ok
        served.settle()
        assert served.verdicts() == ["approved"]
