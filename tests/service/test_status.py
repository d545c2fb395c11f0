"""`/status`: what runs where, and what waits for what."""

from __future__ import annotations

from protocol.entry import one_line
from tests.asking import Asking
from tests.entries import make_entry


def test_status_says_what_runs_where_and_that_nothing_waits(asking: Asking) -> None:
    sha = asking.world.git(asking.shop.repository).ref("refs/heads/main") or ""
    made = asking.github.create_deployment(
        sha=sha, ref="", environment="staging", payload={"version": "v1 @all"}
    )
    asking.github.post_deployment_status(made, state="success")
    comment = asking.say(asking.issue(), "/status")
    assert f"| **staging** | v1 @\u2060all ({sha[:7]})" in asking.reply(comment)
    assert "| **production** | nothing yet |" in asking.reply(comment)
    assert "Nothing waits." in asking.reply(comment)


def test_status_names_who_gave_the_command_and_not_the_app_that_started_the_run(asking: Asking) -> None:
    sha = asking.world.git(asking.shop.repository).ref("refs/heads/main") or ""
    made = asking.github.create_deployment(sha=sha, ref="", environment="staging")
    line = one_line(make_entry(deployer="ada", sha=sha))
    asking.github.post_deployment_status(made, state="success", description=line)
    assert asking.shop.repository.deployments[made].creator.login == "gate[bot]"
    said = asking.reply(asking.say(asking.issue(), "/status staging"))
    assert ", by ada |" in said
    assert "gate" not in said


def test_status_shows_every_finding_of_what_waits(asking: Asking) -> None:
    number = asking.issue()
    asking.say(number, "/deploy production")
    asking.shop.wait(lambda: any(run.pending for run in asking.runs))
    comment = asking.say(number, "/status production")
    assert "`approvals.missing`" in asking.reply(comment)
    assert "team acme/release-managers" in asking.reply(comment)
    assert "staging" not in asking.reply(comment)


def test_peers_17_a_stranger_is_not_shown_what_takes_many_requests(asking: Asking) -> None:
    comment = asking.say(asking.issue(), "/status", by="bo")
    assert "bo may not ask for the status; anyone with write access may" in asking.reply(comment)
    assert asking.reactions(comment) == ["-1"]
