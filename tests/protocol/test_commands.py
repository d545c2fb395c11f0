"""The first line of a comment as a command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.commands import VERBS, Command, CommandError, commands_table, parse_command
from tests.facts import at

BERLIN = ZoneInfo("Europe/Berlin")
NOW = at("2026-11-23 11:00")  # a Monday
NO_VERSION = " is not a version: write a tag's name or a commit, such as v1.4.2."
NAMES = ("staging", "production", "Production EU")
words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)


def parse(comment: str, names: tuple[str, ...] = NAMES, now: datetime = NOW) -> Command | None:
    return parse_command(comment, environments=names, now=now, zone=BERLIN)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("/deploy staging", {"word": "deploy", "environments": ("staging",)}),
        ("/deploy staging production", {"word": "deploy", "environments": ("staging", "production")}),
        ("/deploy staging, production", {"word": "deploy", "environments": ("staging", "production")}),
        ("/deploy staging,production", {"word": "deploy", "environments": ("staging", "production")}),
        ("/deploy staging staging", {"word": "deploy", "environments": ("staging",)}),
        ("/Deploy PRODUCTION v1.2", {"word": "deploy", "environments": ("production",), "version": "v1.2"}),
        ("/deploy production eu", {"word": "deploy", "environments": ("Production EU",)}),
        ("/deploy staging  \r\n/deploy production", {"word": "deploy", "environments": ("staging",)}),
        ("/rollback production", {"word": "rollback", "environments": ("production",)}),
        ("/approve", {"word": "approve"}),
        ("/approve production", {"word": "approve", "environments": ("production",)}),
        ("/reject too risky", {"word": "reject", "reason": "too risky"}),
        (
            "/reject production too risky",
            {"word": "reject", "environments": ("production",), "reason": "too risky"},
        ),
        ("/withdraw", {"word": "withdraw"}),
        ("/unfreeze all", {"word": "unfreeze", "environments": ("all",)}),
        (
            "/emergency production The shop is down!",
            {"word": "emergency", "environments": ("production",), "reason": "The shop is down!"},
        ),
        ("/status", {"word": "status"}),
        ("/help me please", {"word": "help"}),
    ],
)
def test_a_command_is_read(comment: str, expected: dict[str, Any]) -> None:
    assert parse(comment) == Command(**expected)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("", id="nothing"),
        pytest.param("Please /deploy staging", id="inside a sentence"),
        pytest.param("Thanks.\n/deploy staging", id="second line"),
        pytest.param("\n/deploy staging", id="after an empty line"),
        pytest.param("> /deploy staging", id="quote"),
        pytest.param("```\n/deploy staging\n```", id="fence"),
        pytest.param("    /deploy staging", id="indented code"),
        pytest.param("`/deploy staging`", id="code"),
        pytest.param("- /deploy staging", id="list"),
        pytest.param("<!-- /deploy staging -->", id="hidden"),
        pytest.param("/ deploy staging", id="space after the slash"),
        pytest.param("//deploy staging", id="two slashes"),
        pytest.param("/deploy/staging", id="path"),
        pytest.param("/usr/bin/deploy", id="longer path"),
        pytest.param("/lgtm", id="another bot's"),
        pytest.param("/retest", id="another bot's, a little like ours"),
        pytest.param("/merge", id="another bot's, inside one of ours"),
    ],
)
def test_peers_17_only_a_first_line_that_begins_with_the_slash_is_a_command(comment: str) -> None:
    assert parse(comment) is None


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("/deplyo staging", "There is no command /deplyo, did you mean /deploy?"),
        ("/deploy", "Say which environment: Production EU, production or staging."),
        ("/deploy stag", "Unknown environment 'stag', did you mean 'staging'?"),
        ("/deploy mars", "Unknown environment 'mars': write Production EU, production or staging."),
        ("/deploy staging prodution", "Unknown environment 'prodution', did you mean 'production'?"),
        (
            "/deploy staging v1 v2",
            "One version may follow the environments, and 'v1 v2' is more than one word.",
        ),
        ("/deploy staging $(id)", "'$(id)'" + NO_VERSION),
        ("/deploy staging ../x", "'../x'" + NO_VERSION),
        ("/deploy staging v1..2", "'v1..2'" + NO_VERSION),
        (
            "/approve production not yet",
            "Unknown environment 'not': write Production EU, production or staging.",
        ),
        ("/status mars", "Unknown environment 'mars': write Production EU, production or staging."),
        ("/unfreeze", "Say which environment: Production EU, production, staging or all."),
        ("/freeze until 2h x", "Say which environment: Production EU, production, staging or all."),
        ("/freeze staging", "Say until when: `until 2h`, `until Mon 08:00`, then the reason."),
        (
            "/freeze mars until 2h x",
            "Unknown environment 'mars': write Production EU, production or staging.",
        ),
        (
            "/freeze staging until lunch x",
            "'lunch x' is not a time: write one such as 2h, 18:00, Mon 08:00 or 2026-12-24 18:00.",
        ),
        (
            "/freeze staging until",
            "The time is missing: write one such as 2h, 18:00, Mon 08:00 or 2026-12-24 18:00.",
        ),
        (
            "/freeze staging until 2026-01-01 10:00 x",
            (
                "'2026-01-01 10:00' has passed already: "
                "write one such as 2h, 18:00, Mon 08:00 or 2026-12-24 18:00."
            ),
        ),
        ("/freeze staging until 2h", "Write the reason after the time: people will ask."),
        (
            "/emergency production",
            "Write the reason after the environment: an emergency is recorded with it.",
        ),
        ("/reject " + "x" * 1000, "The line is too long: write at most 1000 characters."),
    ],
)
def test_a_slip_is_answered_with_its_cure(comment: str, sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        parse(comment)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("time", "until"),
    [
        ("2h", at("2026-11-23 13:00")),
        ("1h30m", at("2026-11-23 12:30")),
        ("18:00", at("2026-11-23 18:00")),
        ("8:00", at("2026-11-24 08:00")),
        ("11:00", at("2026-11-24 11:00")),
        ("Mon 08:00", at("2026-11-30 08:00")),
        ("mon 12:00", at("2026-11-23 12:00")),
        ("Tuesday 08:00", at("2026-11-24 08:00")),
        ("2026-12-24 18:00", at("2026-12-24 18:00")),
        ("2026-12-24T18:00", at("2026-12-24 18:00")),
        ("2026-12-24T18:00+00:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
    ],
)
def test_a_freeze_says_until_when_in_the_policys_zone(time: str, until: datetime) -> None:
    command = parse(f"/freeze production until {time} stock-taking, all day")
    assert command is not None
    assert command.until == until
    assert command.reason == "stock-taking, all day"


def test_a_freeze_until_an_hour_that_comes_twice_ends_with_the_second() -> None:
    command = parse("/freeze all until 02:30 clocks", now=at("2026-10-24 12:00"))
    assert command is not None
    assert command.until is not None
    assert command.until.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_what_cannot_be_seen_does_not_enter_a_reason() -> None:
    command = parse("/reject too\u202e risky\x07")
    assert command == Command(word="reject", reason="too risky")


@given(words)
def test_any_comment_is_a_command_an_error_or_nothing(comment: str) -> None:
    try:
        said: object = parse(comment)
    except CommandError as error:
        said = error
    assert said is None or comment.startswith("/")


@given(st.sampled_from([verb.word for verb in VERBS]), words)
def test_whatever_follows_a_command_is_one_line_of_data(word: str, rest: str) -> None:
    try:
        command = parse(f"/{word} production {rest}")
    except CommandError:
        return
    if command is not None:
        assert set(command.environments) <= {*NAMES, "all"}
        assert command.reason.isprintable()
        assert " " not in command.version


@given(st.integers(0, 23), st.integers(0, 59), st.integers(1_500_000_000, 2_500_000_000))
def test_a_clock_time_is_the_next_one(hour: int, minute: int, second: int) -> None:
    now = datetime.fromtimestamp(second, UTC)
    command = parse(f"/freeze all until {hour:02}:{minute:02} x", now=now)
    assert command is not None
    assert command.until is not None
    assert 0 < command.until.timestamp() - now.timestamp() <= 25 * 3600 + 1


def test_every_command_shows_itself_in_its_form() -> None:
    assert all(verb.form.split()[0] == f"/{verb.word}" for verb in VERBS)


def test_the_table_of_commands_has_three_columns() -> None:
    lines = commands_table().splitlines()
    assert len(lines) == len(VERBS) + 2
    assert all(line.count(" | ") == 2 for line in lines if line.startswith("| `"))
