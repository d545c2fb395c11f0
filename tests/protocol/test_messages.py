from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.document import parse_policy
from protocol.entry import Change
from protocol.errors import PolicyError
from protocol.messages import (
    PLACEHOLDERS,
    TEMPLATES,
    News,
    Telling,
    check_template,
    message,
    news_of,
    noted_channels,
    notes,
)
from protocol.plan import plan_of
from tests.entries import make_entry

NEWS = News(environment="production", version="1.1.0", run_url="https://github.test/run/5")


@pytest.mark.parametrize("telling", list(TEMPLATES))
def test_every_message_we_have_can_be_filled_in(telling: Telling) -> None:
    assert check_template(TEMPLATES[telling])
    assert "{" not in str(message(TEMPLATES[telling], NEWS))


def test_a_line_about_what_is_not_known_is_left_out() -> None:
    written = message(TEMPLATES["before"], NEWS)
    assert written.title == "Deploying 1.1.0 to production"
    assert written.body == "Watch it: https://github.test/run/5"


def test_the_end_of_a_rollback_tells_first_what_runs_now() -> None:
    entry = make_entry(status="rollback", previous_version="1.2.2", issues=("smoke: shut",))
    written = message(TEMPLATES["failed"], news_of(entry))
    assert written.body.splitlines()[:2] == ["Runs there now: 1.2.2", "What went wrong: smoke: shut"]
    assert (
        "Runs there now" not in message(TEMPLATES["failed"], news_of(replace(entry, status="stopped"))).body
    )


def test_the_end_tells_changes_metrics_and_the_log() -> None:
    entry = make_entry(
        changes="Faster search (#7)",
        metrics=(Change(name="Error rate", before="1%", after="2%"),),
        seconds=75.0,
    )
    written = message(TEMPLATES["after"], news_of(entry, log_url="https://github.test/log"))
    assert "Faster search (#7)" in written.body
    assert "Error rate: 1% -> 2%" in written.body
    assert "Deployment time: 1m15s" in written.body
    assert "Log: https://github.test/log" in written.body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("@here look", "@\u2060here look", id="mention"),
        pytest.param("<!channel> look", "<\u2060!channel> look", id="slack"),
        pytest.param("one\u202etwo\x1b[31m", "one two [31m", id="turned around"),
    ],
)
def test_peers_20_others_words_call_nobody_and_hide_nothing(text: str, shown: str) -> None:
    assert message("{changes}", News(environment="e", version="1", changes=text)).title == shown


def test_others_words_are_no_templates() -> None:
    assert message("{changes}", News(environment="e", version="1", changes="{run_url}")).title == "{run_url}"


def test_a_policy_brings_words_of_its_own() -> None:
    policy = parse_policy(
        """
version: 1
notify: {before: [team], messages: {before: "All: {version} leaves", after: "Done"}}
environments:
  staging:
  production: {notify: {before: [ops], messages: {before: "Ops: {version} leaves"}}}
""",
        "deploy.yml",
    )
    assert plan_of(policy, "staging").notify.messages.before == "All: {version} leaves"
    production = plan_of(policy, "production").notify
    assert (production.before, production.messages.before, production.messages.after) == (
        ("ops",),
        "Ops: {version} leaves",
        "Done",
    )


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        pytest.param("{verison}", "unknown placeholder 'verison', did you mean 'version'?", id="misspelt"),
        pytest.param("{version.__class__}", "unknown placeholder 'version.__class__'", id="attribute"),
        pytest.param("  ", "a message has a first line", id="empty"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_a_fault_of_the_policy(template: str, wrong: str) -> None:
    text = f'version: 1\nnotify: {{messages: {{after: "{template}"}}}}\nenvironments: {{production: }}\n'
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "deploy.yml")
    assert wrong in str(caught.value)


def test_notes_are_read_back_and_each_is_short_enough() -> None:
    channels = [f"channel-{number}" for number in range(40)]
    written = notes("before", channels)
    assert max(map(len, written)) <= 140
    assert noted_channels(written, "before") == {f"channel_{number}" for number in range(40)}
    assert noted_channels(written, "during") == frozenset()
    assert noted_channels(notes("after but not", ["on-call"]), "after but not") == {"on_call"}


def test_other_descriptions_are_no_notes() -> None:
    assert noted_channels(["Success - 1.1.0 in 3m", "Told before", ""], "before") == frozenset()


def test_placeholders_are_the_words_of_the_news() -> None:
    assert {"version", "environment", "log_url"} <= set(PLACEHOLDERS)
