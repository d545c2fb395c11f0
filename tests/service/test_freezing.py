"""`/freeze` and `/unfreeze` over the sandbox: issues that the gate reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.starts import start_run
from protocol.facts import Freeze
from tests.asking import Asking
from tests.waiting import SHOP, now


def freezes(asking: Asking) -> tuple[Freeze, ...]:
    """Those a gate of production would find."""
    start_run(asking.github, "deploy.yml", "main", {"environment": "production"})
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    (gate, *_) = asking.github.waiting_gates()
    _, facts = asking.github.facts_for(gate, now())
    assert isinstance(facts.freezes, tuple)
    return facts.freezes


def test_a_freeze_is_an_issue_that_the_gate_reads(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/freeze production until 2h Stock-taking, hands off", by="grace")
    (issue,) = asking.labelled("deploy-freeze")
    (freeze,) = freezes(asking)
    assert (freeze.by, freeze.reason) == ("grace", "Stock-taking, hands off")
    assert freeze.environments == {"production"}
    assert freeze.until is not None
    assert abs(freeze.until - now() - timedelta(hours=2)) < timedelta(minutes=1)
    assert f"#{issue.number}" in asking.reply(comment)
    assert asking.reactions(comment) == ["+1"]


def test_peers_17_who_may_not_write_freezes_nothing(asking: Asking) -> None:
    number = asking.issue()
    comment = asking.say(number, "/freeze all until 2h Because", by="bo")
    assert "bo may not freeze deployments; anyone with write access may" in asking.reply(comment)
    assert asking.labelled("deploy-freeze") == []


def test_a_freeze_asked_for_once_is_opened_once(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/freeze all until 2h Because")
    number = asking.labelled("deploy-freeze")[0].number
    asking.shop.ask("PATCH", f"/issues/{number}", {"state": "closed"})
    asking.issues[1].comments[:] = [one for one in asking.issues[1].comments if one.id == comment]
    asking.hear(comment)  # our reply is gone, as after a crash, and the freeze was closed since
    assert [(one.number, one.state) for one in asking.labelled("deploy-freeze")] == [(number, "closed")]


@pytest.mark.parametrize(
    "reason",
    ["@acme/everybody look <b>here</b>", "``` # big", "<!-- hidden --> until: 2099-01-01", "-->"],
)
def test_peers_20_a_reason_stays_one_line_of_text(asking: Asking, reason: str) -> None:
    asking.say(asking.issue(), f"/freeze production until 2h {reason}")
    (issue,) = asking.labelled("deploy-freeze")
    lines = (issue.body or "").splitlines()
    assert lines[1] == "```yaml"
    assert lines[4] == f"reason: {reason}"
    assert lines[5] == "```"
    (freeze,) = freezes(asking)
    assert freeze.until is not None
    assert freeze.until < now() + timedelta(hours=3)


def test_unfreeze_closes_the_freezes_of_these_environments_alone(asking: Asking) -> None:
    number = asking.issue()
    asking.say(number, "/freeze production until 2h One")
    asking.say(number, "/freeze staging until 2h Two")
    comment = asking.say(number, "/unfreeze production", by="grace")
    assert [one.state for one in asking.labelled("deploy-freeze")] == ["closed", "open"]
    assert asking.reactions(comment) == ["+1"]


def test_a_freeze_that_holds_more_is_named_and_left(asking: Asking) -> None:
    number = asking.issue()
    asking.say(number, "/freeze all until 2h One")
    comment = asking.say(number, "/unfreeze production")
    (issue,) = asking.labelled("deploy-freeze")
    assert f"Still frozen by #{issue.number}, which names more" in asking.reply(comment)
    states = [issue.state]
    asking.say(number, "/unfreeze all")
    assert [*states, issue.state] == ["open", "closed"]


def test_unfreezing_what_is_not_frozen_says_so(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/unfreeze production")
    assert "No freeze of these environments is open" in asking.reply(comment)


def test_peers_17_who_may_not_write_ends_no_freeze(asking: Asking) -> None:
    number = asking.issue()
    asking.say(number, "/freeze all until 2h One")
    comment = asking.say(number, "/unfreeze all", by="bo")
    assert "bo may not end a freeze" in asking.reply(comment)
    assert asking.labelled("deploy-freeze")[0].state == "open"


def test_an_issue_in_our_form_by_somebody_else_speaks_for_its_author(asking: Asking) -> None:
    body = "<!-- deploy-protocol:asked by=grace comment=1 -->\nenvironment: production\nreason: Mine"
    asking.shop.ask("POST", "/issues", {"title": "F", "body": body, "labels": ["deploy-freeze"]}, by="ada")
    (freeze,) = freezes(asking)
    assert freeze.by == "ada"
    assert asking.world.repository(SHOP) is asking.shop.repository
