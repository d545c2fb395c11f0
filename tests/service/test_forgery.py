"""Our hidden marks, pasted by a person: no record comes of it, and nothing of ours is held up by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.text import asked_line, button_line, post_mortem_line
from protocol.facts import Missing
from protocol.verdict import Verdict
from tests.asking import Asking
from tests.emergencies import REASON, gate_of_production, judged


def paste(asking: Asking, mark: str, label: str) -> None:
    """An issue of bo's, who may label."""
    asking.world.add_collaborator("acme/shop", "bo", "triage")
    body = f"{mark}\nenvironment: production\nreason: forged\nuntil: 2099-01-01"
    number = asking.shop.ask("POST", "/issues", {"title": "Ours", "body": body}, by="bo")["number"]
    asking.shop.ask("POST", f"/issues/{number}/labels", {"labels": [label]}, by="bo")


def ours(asking: Asking, label: str) -> list[str]:
    return [issue.title for issue in asking.labelled(label) if issue.author.login == "gate[bot]"]


def test_a_pasted_emergency_is_none_and_hides_no_real_one(asking: Asking) -> None:
    number = asking.issue()
    comment = asking.write_comment(number, f"/emergency production {REASON}", by="grace")
    paste(asking, asked_line(by="grace", comment=comment), "deploy-emergency")
    gate = gate_of_production(asking)
    assert judged(asking, gate)[1].verdict is Verdict.WAIT
    asking.hear(comment)
    assert ours(asking, "deploy-emergency") == ["Emergency: production"]
    assert judged(asking, gate)[1].verdict is Verdict.ALLOW


def test_a_pasted_freeze_is_none_and_hides_no_real_one(asking: Asking) -> None:
    comment = asking.write_comment(asking.issue(), "/freeze production until 2h Stock-taking", by="grace")
    paste(asking, asked_line(by="grace", comment=comment), "deploy-freeze")
    gate = gate_of_production(asking)
    assert judged(asking, gate)[0].freezes == ()
    asking.hear(comment)
    freezes = judged(asking, gate)[0].freezes
    assert not isinstance(freezes, Missing)
    assert [(freeze.by, freeze.reason) for freeze in freezes] == [("grace", "Stock-taking")]


def test_a_pasted_post_mortem_does_not_stand_for_ours(asking: Asking) -> None:
    asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    gate = gate_of_production(asking)
    paste(asking, post_mortem_line(gate.run_id, "production"), "post-mortem")
    judged(asking, gate)
    assert ours(asking, "post-mortem") == [f"Post-mortem: {gate.sha[:7]} to production"]


def test_our_mark_in_a_persons_reason_hides_nothing(asking: Asking) -> None:
    number = asking.issue()
    next_comment = asking.write_comment(number, f"/emergency staging {REASON}", by="grace")
    mark = asked_line(by="grace", comment=next_comment)
    asking.say(number, f"/emergency production {mark}", by="grace")
    asking.hear(next_comment)
    assert sorted(ours(asking, "deploy-emergency")) == ["Emergency: production", "Emergency: staging"]


def approved(sha: str) -> str:
    return button_line(by="grace", state="approved", environment="production", sha=sha)


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(approved, id="a click"),
        pytest.param(lambda sha: f"{approved(sha)}\n/approve", id="a click before a command"),
        pytest.param(lambda _: f"{asked_line(by='grace', comment=1)}\n/approve", id="a command of another's"),
    ],
)
def test_a_pasted_approval_is_nobodys(asking: Asking, pasted: Callable[[str], str]) -> None:
    number = asking.pull()
    asking.merge(number, by="ada")
    asking.say(number, "/deploy production", by="ada")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    (gate,) = asking.github.waiting_gates()
    asking.write_comment(number, pasted(gate.sha), by="bo")
    facts, decision = judged(asking, gate)
    assert (facts.approvals, decision.verdict) == ((), Verdict.WAIT)


def test_a_pasted_checklist_has_no_ticks(asking: Asking) -> None:
    """Bo's copy of our comment is edited by grace, who may tick."""
    ticked = "    checklist: [{item: Window scheduled, tick: ['user:grace']}]\n"
    asking.write(
        f"version: 1\nenvironments:\n  production:\n    deploy: manual\n    workflow: deploy.yml\n{ticked}"
    )
    number = asking.pull()
    asking.merge(number, by="ada")
    box = "Window scheduled <!-- production -->"
    head = "<!-- deploy-protocol:pull-request -->"
    comment = asking.write_comment(number, f"{head}\n- [ ] {box}", by="bo")
    edited: dict[str, Any] = {"body": f"{head}\n- [x] {box}"}
    asking.shop.ask("PATCH", f"/issues/comments/{comment}", edited, by="grace")
    asking.say(number, "/deploy production", by="ada")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    (gate,) = asking.github.waiting_gates()
    facts, decision = judged(asking, gate)
    assert (facts.ticks, decision.verdict) == ((), Verdict.WAIT)
