from __future__ import annotations

import io
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from action.console import Console

SECRET = 'tür "7"? a/b+c~d>'


def console(*, github: bool = True) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(github=github, stream=stream), stream


def test_peers_20_secrets_never_reach_the_log() -> None:
    log, stream = console()
    log.mask_secrets(
        {"DEPLOY_TOKEN": "s3cr3t-value", "HOME": "/github/home", "NOTIFY_SLACK": "slack://abc/def"}
    )
    log.say("using s3cr3t-value from /github/home")
    with log.fence():
        log.output("slack://abc/def says s3cr3t-value")
    log.annotate("error", "s3cr3t-value", "s3cr3t-value")
    shown = [line for line in stream.getvalue().splitlines() if not line.startswith("::add-mask::")]
    assert "s3cr3t-value" not in "\n".join(shown)
    assert "abc/def" not in "\n".join(shown)
    assert "using *** from /github/home" in shown


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        *[
            pytest.param(name, True, id=name)
            for name in (
                "DEPLOY_TOKEN",
                "SSH_KEY",
                "RAILS_MASTER_KEY",
                "SECRET_KEY_BASE",
                "AWS_SECRET_ACCESS_KEY",
                "STRIPE_APIKEY",
                "DB_PASS",
                "SENTRY_DSN",
                "SLACK_WEBHOOK_URL",
                "NOTIFY_TEAM",
            )
        ],
        *[pytest.param(name, False, id=name) for name in ("CACHE_KEY", "BYPASS", "TOKENS_LEFT", "HOME")],
    ],
)
def test_a_secret_is_known_by_its_name(name: str, is_secret: bool) -> None:
    log, _ = console()
    log.mask_secrets({name: "hunter2hunter2"})
    assert log.masked("hunter2hunter2") == ("***" if is_secret else "hunter2hunter2")


def test_every_line_of_a_long_secret_is_masked() -> None:
    log, stream = console()
    log.mask_secrets({"SSH_PRIVATE_KEY": "first-line\nsecond-line\n"})
    log.say("second-line")
    assert stream.getvalue() == "::add-mask::first-line\n::add-mask::second-line\n***\n"


@pytest.mark.parametrize(
    "disguised",
    [
        pytest.param(b64encode(SECRET.encode()).decode(), id="Base64"),
        pytest.param(b64encode(f"ada:{SECRET}".encode()).decode(), id="a login of HTTP"),
        pytest.param(b64encode(f"grace:{SECRET}\n".encode()).decode(), id="another login"),
        pytest.param(urlsafe_b64encode(f"x{SECRET}".encode()).decode(), id="Base64 for addresses"),
        pytest.param(quote(SECRET), id="in an address"),
        pytest.param(json.dumps(SECRET), id="in JSON"),
    ],
)
def test_peers_20_a_secret_in_another_form_is_still_one(disguised: str) -> None:
    log, stream = console()
    log.mask_secrets({"DEPLOY_TOKEN": SECRET})
    log.say(f"Authorization: {disguised}.")
    said = stream.getvalue().splitlines()[-1]
    assert disguised not in said
    assert "***" in said


def test_peers_20_what_a_command_calls_a_secret_is_masked_from_then_on() -> None:
    log, stream = console()
    with log.fence():
        log.output("::add-mask::made%25up-by-it")
        log.output("made%up-by-it")
    first, command, after, last, told = stream.getvalue().splitlines()
    assert (command, after) == ("::add-mask::***", "***")
    assert last == first.replace("stop-commands::", "") + "::"
    assert told == "::add-mask::made%25up-by-it"
    assert log.masked("made%up-by-it") == "***"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_letter_that_the_log_cannot_write_does_not_silence_it(encoding: str) -> None:
    written = io.BytesIO()
    log = Console(github=False, stream=io.TextIOWrapper(written, encoding=encoding))
    log.say("deployed ✓")
    log.output("half a letter: \udcff")
    log.say("and on")
    said = written.getvalue().decode(encoding).splitlines()
    assert said == [r"deployed \u2713", "half a letter: ", "and on"]


@pytest.mark.parametrize(
    "line",
    ["::set-output name=verdict::allow", "  ::error::x", "##[group]x"],
    ids=["output", "indented", "old"],
)
def test_peers_20_others_words_are_never_workflow_commands(line: str) -> None:
    log, stream = console()
    log.say(f"title\n{line}")
    said = stream.getvalue().splitlines()[1]
    assert not said.lstrip().startswith("::")
    assert "##[" not in said


def test_peers_20_what_commands_print_stands_inside_a_fence_with_a_word_nobody_can_guess() -> None:
    log, stream = console()
    with log.fence():
        log.output("::set-output name=verdict::allow")
    first, inside, last = stream.getvalue().splitlines()
    word = first.removeprefix("::stop-commands::")
    assert len(word) == 32
    assert (inside, last) == ("::set-output name=verdict::allow", f"::{word}::")


def test_an_annotation_cannot_be_broken_by_its_text() -> None:
    log, stream = console()
    log.annotate("warning", "a:b,c", "50%\n::error::x", file="a,b.sql", line=3)
    assert stream.getvalue() == "::warning file=a%2Cb.sql,line=3,title=a%3Ab%2Cc::50%25%0A::error::x\n"


def test_a_terminal_gets_plain_lines() -> None:
    log, stream = console(github=False)
    with log.group("deploy"), log.fence():
        log.output("done")
    log.annotate("error", "deploy", "no")
    assert stream.getvalue() == "==> deploy\ndone\nerror: deploy: no\n"


def test_a_log_nobody_reads_any_more_stops_nothing() -> None:
    log, stream = console()
    stream.close()
    done = []
    for step in ("backup", "deploy"):
        with log.group(step), log.fence():
            log.say("still here")
            done.append(step)
    assert done == ["backup", "deploy"]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;owned\x07title", "title", id="the window's title"),
        pytest.param("\x1b]52;c;cm0gLXJm\x1b\\copied", "copied", id="the clipboard"),
        pytest.param("\x1b[2J\x1b[Hclean", "clean", id="erasing"),
        pytest.param("\x9b2Jc1\x9d0;x\x9c", "c1", id="codes of one character"),
        pytest.param("\x1bcreset", "reset", id="a reset"),
        pytest.param("10%\r50%\r100%\r", "100%", id="a progress bar"),
        pytest.param("a\tb", "a       b", id="a tab"),
        pytest.param("good\u202edab", "gooddab", id="right to left"),
        pytest.param("s3cr3\x1b[1mt-value", "***", id="a secret in two halves"),
        pytest.param("größer → ✓", "größer → ✓", id="words"),
    ],
)
def test_peers_20_what_others_print_steers_no_readers_terminal(printed: str, shown: str) -> None:
    log, stream = console(github=False)
    log.mask("s3cr3t-value")
    log.output(printed)
    assert stream.getvalue() == f"{shown}\n"


def test_githubs_log_keeps_its_colours() -> None:
    log, stream = console()
    log.output("\x1b[31mred\x1b[0m")
    assert stream.getvalue() == "\x1b[31mred\x1b[0m\n"
