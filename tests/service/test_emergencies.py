"""`/emergency`, hotfixes, and the post-mortem each leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from protocol.verdict import Verdict
from tests.asking import POLICY, Asking
from tests.emergencies import REASON, gate_of_production, judged
from tests.serving import serving
from tests.waiting import SHOP


def test_peers_19_an_emergency_is_declared_by_named_people_with_a_reason(asking: Asking) -> None:
    comment = asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    (issue,) = asking.labelled("deploy-emergency")
    facts, decision = judged(asking, gate_of_production(asking))
    assert facts.emergency is not None
    assert (facts.emergency.by, facts.emergency.reason) == ("grace", REASON)
    assert decision.verdict is Verdict.ALLOW
    assert asking.reactions(comment) == ["rocket"]
    assert f"#{issue.number}" in asking.reply(comment)
    assert "https://acme.example/on-call" in asking.reply(comment)


def test_peers_19_nobody_else_declares_one(asking: Asking) -> None:
    comment = asking.say(asking.issue(), f"/emergency production {REASON}", by="ada")
    assert "ada may not declare an emergency; grace may" in asking.reply(comment)
    assert (asking.labelled("deploy-emergency"), asking.reactions(comment)) == ([], ["-1"])


def test_peers_19_a_policy_that_names_nobody_knows_no_emergency(asking: Asking) -> None:
    asking.write(POLICY.replace("access:", "log:").replace("emergency: {", "releases: tags #"))
    comment = asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    assert "The policy names nobody for emergencies" in asking.reply(comment)


def test_an_emergency_is_for_the_environments_it_names(asking: Asking) -> None:
    asking.say(asking.issue(), f"/emergency staging {REASON}", by="grace")
    facts, decision = judged(asking, gate_of_production(asking))
    assert facts.emergency is None
    assert decision.verdict is Verdict.WAIT


def test_an_emergency_that_nobody_closed_is_over_after_a_day(asking: Asking) -> None:
    comment = asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    (issue,) = asking.labelled("deploy-emergency")
    assert "Until " in asking.reply(comment)
    assert "It ends by itself " in (issue.body or "")
    issue.created_at -= timedelta(hours=25)
    _, decision = judged(asking, gate_of_production(asking))
    assert decision.verdict is Verdict.WAIT
    assert "emergency.expired" in {finding.code for finding in decision.findings}
    assert asking.labelled("post-mortem") == []


def test_an_emergency_is_opened_once_for_each_comment(asking: Asking) -> None:
    comment = asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    asking.issues[1].comments[:] = [one for one in asking.issues[1].comments if one.id == comment]
    asking.hear(comment)
    assert len(asking.labelled("deploy-emergency")) == 1


def test_an_emergency_that_was_edited_counts_for_nothing(asking: Asking) -> None:
    asking.say(asking.issue(), f"/emergency production {REASON}", by="grace")
    (issue,) = asking.labelled("deploy-emergency")
    asking.shop.ask("PATCH", f"/issues/{issue.number}", {"body": f"{issue.body}\nMore."})
    facts, _ = judged(asking, gate_of_production(asking))
    assert facts.emergency is None


@pytest.mark.parametrize(("labeller", "verdict"), [("bo", Verdict.WAIT), ("grace", Verdict.ALLOW)])
def test_peers_19_an_issue_becomes_an_emergency_only_by_the_label_of_a_named_person(
    asking: Asking, labeller: str, verdict: Verdict
) -> None:
    """With the right to triage anybody's issue can be labelled, and grace's reads like an emergency."""
    asking.world.add_collaborator(SHOP, "bo", "triage")
    body = f"environment: production\nreason: {REASON}"
    number = asking.shop.ask("POST", "/issues", {"title": "A drill?", "body": body}, by="grace")["number"]
    asking.shop.ask("POST", f"/issues/{number}/labels", {"labels": ["deploy-emergency"]}, by=labeller)
    _, decision = judged(asking, gate_of_production(asking))
    assert decision.verdict is verdict
    said = "bo may not declare an emergency by the label on grace's issue; grace may"
    assert (said in {finding.why for finding in decision.findings}) is (labeller == "bo")


def test_a_freeze_of_our_own_is_made_no_emergency_by_a_label(asking: Asking) -> None:
    asking.world.add_collaborator(SHOP, "bo", "triage")
    asking.say(asking.issue(), "/freeze production until 2h Stock-taking", by="grace")
    (issue,) = asking.labelled("deploy-freeze")
    asking.shop.ask("POST", f"/issues/{issue.number}/labels", {"labels": ["deploy-emergency"]}, by="bo")
    _, decision = judged(asking, gate_of_production(asking))
    assert decision.verdict is Verdict.WAIT


def test_an_emergency_written_in_our_form_by_another_is_theirs(asking: Asking) -> None:
    body = f"<!-- deploy-protocol:asked by=grace comment=1 -->\nenvironment: production\nreason: {REASON}"
    asking.shop.ask("POST", "/issues", {"title": "E", "body": body, "labels": ["deploy-emergency"]})
    facts, decision = judged(asking, gate_of_production(asking))
    assert facts.emergency is not None
    assert facts.emergency.by == "ada"
    assert decision.verdict is Verdict.WAIT


def test_peers_19_a_deployment_let_through_in_an_emergency_opens_one_post_mortem(asking: Asking) -> None:
    asking.say(asking.issue(), f"/emergency production {REASON} @all", by="grace")
    gate = gate_of_production(asking)
    judged(asking, gate)
    judged(asking, gate)
    (issue,) = asking.labelled("post-mortem")
    assert "Emergency by grace: The shop is down @\u2060all" in (issue.body or "")
    assert "### Why it was not caught" in (issue.body or "")


def test_a_deployment_that_waits_opens_none(asking: Asking) -> None:
    judged(asking, gate_of_production(asking))
    assert asking.labelled("post-mortem") == []


def test_a_hotfix_let_through_opens_its_post_mortem_and_tells_the_pull_request(asking: Asking) -> None:
    asking.write(POLICY.replace("    approvals:\n", "    freezes: []\n").replace("      - {name: Rel", "#"))
    number = asking.pull("hotfix/basket")
    asking.say(number, "/deploy production")
    gate = gate_of_production(asking, "hotfix/basket")
    _, decision = judged(asking, gate)
    assert decision.verdict is Verdict.WAIT  # approvals are never ignored
    asking.shop.ask("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}, by="grace")
    _, decision = judged(asking, gate)
    assert decision.verdict is Verdict.ALLOW
    (issue,) = asking.labelled("post-mortem")
    assert "Hotfix hotfix/basket" in (issue.body or "")
    told = [one.body for one in asking.issues[number].comments if "Post-mortem" in one.body]
    assert len(told) == 1
    assert f"#{issue.number}" in told[0]


def test_peers_19_from_the_comment_to_the_verdict(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        asking = Asking(served.shop)
        number = asking.issue()
        asking.write_comment(number, "/deploy production")
        served.settle()
        assert served.verdicts() == []
        asking.write_comment(number, f"/emergency production {REASON}", by="grace")
        served.settle()
        assert served.verdicts() == ["approved"]
        assert len(asking.labelled("post-mortem")) == 1
