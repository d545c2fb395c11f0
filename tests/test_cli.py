"""The command line's promises: its answers, its exit codes, its help."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import requests
from click.testing import CliRunner, Result

from action.inputs import Inputs, Phase
from deploy_protocol import LIBRARIES, main

EXAMPLE = "docs/deploy.example.yml"
FACTS = "docs/facts.example.json"
PRODUCTION = ["--environment", "production", "--policy", EXAMPLE]
FRIDAY_EVENING = ["--at", "2026-11-27 17:55"]
WEDNESDAY = ["--at", "2026-11-25 11:00"]


def deploy_protocol(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def answer(*arguments: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(deploy_protocol(*arguments, "--json").stdout)
    return shown


def policy_file(folder: Path, text: str) -> str:
    file = folder / "deploy.yml"
    file.write_text(text)
    return str(file)


def facts_file(folder: Path, changed: Mapping[str, Any]) -> str:
    file = folder / "facts.json"
    file.write_text(json.dumps(json.loads(Path(FACTS).read_text()) | changed))
    return str(file)


def test_check_accepts_the_annotated_example_and_runs_its_tests() -> None:
    result = deploy_protocol("check", EXAMPLE)
    assert result.exit_code == 0
    assert result.stdout.endswith("docs/deploy.example.yml: fit for use, 3 environments, 1 test passed\n")


def test_check_says_all_that_is_wrong_on_standard_error(tmp_path: Path) -> None:
    file = policy_file(tmp_path, "version: 2\nenvironments:\n  live: {widnows: {}}\n")
    result = deploy_protocol("check", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{file}:1:10: '2' is not known here: write 1\n"
        f"{file}:3:10: unknown key 'widnows', did you mean 'windows'?\n"
        "2 problems found; until the policy is mended, nothing is deployed.\n"
    )


def test_check_does_not_count_the_line_that_says_there_may_be_more_problems(tmp_path: Path) -> None:
    wrong = "".join(f"unknown{number}: 1\n" for number in range(120))
    said = deploy_protocol("check", policy_file(tmp_path, f"version: 1\n{wrong}")).stderr.splitlines()
    assert len(said) == 102
    assert said[-2].endswith("100 problems or more are named, and there may be more: mend these first")
    assert said[-1] == "at least 100 problems found; until the policy is mended, nothing is deployed."


def test_check_fails_when_the_policy_s_own_test_does(tmp_path: Path) -> None:
    case = "tests: [{at: 2026-11-27 15:00, environment: live, expect: wait}]"
    file = policy_file(tmp_path, f"version: 1\nenvironments: {{live: {{}}}}\n{case}\n")
    result = deploy_protocol("check", file)
    assert result.exit_code == 1
    assert result.stderr.startswith("FAILED  live at Fri 2026-11-27 15:00 UTC")
    assert result.stderr.endswith(f"{file}: 1 of 1 test failed\n")


UNREADABLE = {
    "no such file": ["check", "nowhere.yml"],
    "a folder": ["check", "docs"],
    "no such policy": ["windows", "--environment", "production", "--policy", "nowhere.yml"],
    "unknown environment": ["windows", "--environment", "prod", "--policy", EXAMPLE],
    "nonsense for a moment": ["windows", *PRODUCTION, "--at", "tomorrow"],
    "nothing for a moment": ["windows", *PRODUCTION, "--at", ""],
    "a moment before all clocks": ["windows", *PRODUCTION, "--at", "0001-01-01 00:00"],
    "a moment that no clock shows": ["windows", *PRODUCTION, "--at", "2027-03-28 02:30"],
    "no such facts": ["decide", *PRODUCTION, "--facts", "nowhere.json"],
    "facts that are no JSON": ["decide", *PRODUCTION, "--facts", EXAMPLE],
    "facts about another environment": [
        "decide",
        "--environment",
        "staging",
        "--policy",
        EXAMPLE,
        "--facts",
        FACTS,
    ],
    "unknown option": ["plan", "--enviroment", "production"],
    "unknown verb": ["deploy"],
    "no environment": ["plan", "--policy", EXAMPLE],
}


@pytest.mark.parametrize("arguments", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_named_on_standard_error(arguments: list[str]) -> None:
    result = deploy_protocol(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


CURES = {
    "no policy yet": (
        ["check"],
        (
            ".github/deploy.yml: cannot be read (No such file or directory). "
            "Name the policy, or begin one with `deploy-protocol init`."
        ),
    ),
    "no such file": (
        ["check", "nowhere.yml"],
        "nowhere.yml: cannot be read (No such file or directory). Name a file that is there.",
    ),
    "a folder": (["check", "docs"], "docs: cannot be read (Is a directory). Name a file in it."),
    "nothing": (["check", ""], "'': cannot be read (Is a directory). Name a file in it."),
    "standard input twice": (
        ["decide", "--environment", "production", "--policy", "-", "--facts", "-"],
        "-: standard input can be read once only. Name a file for the others.",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), CURES.values(), ids=CURES)
def test_what_cannot_be_read_comes_with_the_cure(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    result = deploy_protocol(*arguments)
    assert (result.exit_code, result.stderr) == (2, f"{said}\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_named_and_is_no_answer(unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "deploy_protocol", "windows", *PRODUCTION, *WEDNESDAY],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (process.returncode, process.stderr) == (
        2,
        "Nothing more can be written (No space left on device). Make room, or write it elsewhere.\n",
    )


def test_an_unknown_environment_is_told_the_nearest() -> None:
    result = deploy_protocol("plan", "--environment", "prod", "--policy", EXAMPLE)
    assert result.stderr == "--environment: unknown environment 'prod', did you mean 'production'?\n"


def test_windows_says_when_it_opens_with_the_weekday_in_the_policy_s_zone() -> None:
    result = deploy_protocol("windows", *PRODUCTION, *FRIDAY_EVENING)
    assert result.exit_code == 3
    assert result.stdout == (
        "production is closed: Fri 12:00-24:00\n"
        "  now     Fri 2026-11-27 17:55 CET\n"
        "  opens   Mon 2026-11-30 10:00 CET (in 2d16h5m)\n"
    )


def test_windows_says_when_it_closes() -> None:
    result = deploy_protocol("windows", *PRODUCTION, *WEDNESDAY)
    assert result.exit_code == 0
    assert "closes  Wed 2026-11-25 16:00 CET (in 5h)" in result.stdout


def test_the_time_until_an_opening_is_real_time_when_clocks_change_before_it(tmp_path: Path) -> None:
    windows = "windows: {open: ['04:00-05:00']}"
    file = policy_file(
        tmp_path, f"version: 1\ntimezone: Europe/Berlin\nenvironments: {{live: {{{windows}}}}}\n"
    )
    spring = deploy_protocol("windows", "--environment", "live", "--policy", file, "--at", "2027-03-28 01:00")
    assert "opens   Sun 2027-03-28 04:00 CEST (in 2h)" in spring.stdout


def test_windows_counts_the_policy_s_freezes() -> None:
    result = deploy_protocol("windows", *PRODUCTION, "--at", "2026-12-28 11:00")
    assert result.stdout.startswith("production is frozen until Mon 2027-01-04 08:00 CET: Year-end freeze\n")
    assert "opens   Mon 2027-01-04 10:00 CET" in result.stdout


def test_windows_that_never_close_say_so() -> None:
    result = deploy_protocol("windows", "--environment", "staging", "--policy", EXAMPLE, *WEDNESDAY)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "  closes  never")


def test_windows_answers_in_json_with_offsets() -> None:
    assert answer("windows", *PRODUCTION, *FRIDAY_EVENING) == {
        "environment": "production",
        "at": "2026-11-27T17:55:00+01:00",
        "open": False,
        "reason": "closed: Fri 12:00-24:00",
        "opens_at": "2026-11-30T10:00:00+01:00",
        "closes_at": None,
    }


def test_a_moment_with_an_offset_is_that_moment() -> None:
    shown = answer("windows", *PRODUCTION, "--at", "2026-11-27T16:55:00Z")
    assert shown["at"] == "2026-11-27T17:55:00+01:00"


def test_without_a_moment_it_is_now() -> None:
    assert deploy_protocol("windows", *PRODUCTION).exit_code in (0, 3)


def test_an_environment_is_found_whatever_its_case() -> None:
    assert (
        answer("windows", "--environment", "PRODUCTION", "--policy", EXAMPLE)["environment"] == "production"
    )


def test_decide_waits_with_every_reason() -> None:
    result = deploy_protocol("decide", *PRODUCTION, "--facts", FACTS, *WEDNESDAY)
    assert result.exit_code == 3
    assert result.stdout.startswith("Waiting: All tests passing: lint still running\n")
    assert "allow   windows.open: " in result.stdout


def test_decide_allows_when_nothing_is_missing(tmp_path: Path) -> None:
    facts = facts_file(tmp_path, {"checks": [{"name": "lint", "state": "passed"}]})
    result = deploy_protocol("decide", *PRODUCTION, "--facts", facts, *WEDNESDAY)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Allowed")


def test_decide_refuses_a_stranger(tmp_path: Path) -> None:
    facts = facts_file(tmp_path, {"deployer": "mallory"})
    assert deploy_protocol("decide", *PRODUCTION, "--facts", facts, *WEDNESDAY).exit_code == 4


def test_decide_waits_for_an_invalid_policy_to_be_mended(tmp_path: Path) -> None:
    file = policy_file(tmp_path, "version: 2\nenvironments: {production: {}}\n")
    asked = ["decide", "--environment", "production", "--policy", file, "--facts", FACTS]
    shown = answer(*asked)
    assert (shown["verdict"], shown["findings"][0]["code"]) == ("wait", "policy.invalid")
    result = deploy_protocol(*asked)
    assert result.stdout.endswith("Looked at again whenever something changes.\n")
    assert result.stderr == f"{file}:1:10: '2' is not known here: write 1\n"


def test_decide_asks_the_organisation_s_policy_as_well(tmp_path: Path) -> None:
    closed = "version: 1\nenvironments: {production: {windows: {open: [Sun 10:00-11:00]}}}\n"
    both = ["--policy", policy_file(tmp_path, closed), "--policy", EXAMPLE]
    shown = answer("decide", "--environment", "production", *both, "--facts", FACTS, *WEDNESDAY)
    assert "windows.closed" in [finding["code"] for finding in shown["findings"]]


def test_decide_answers_in_json() -> None:
    shown = answer("decide", *PRODUCTION, "--facts", FACTS, *WEDNESDAY)
    assert (shown["verdict"], shown["recheck_at"]) == ("wait", "2026-11-25T16:00:00+01:00")
    assert set(shown) == {"verdict", "findings", "recheck_at"}
    assert set(shown["findings"][0]) == {"code", "rule", "verdict", "why", "recheck_at", "who"}


def test_plan_shows_the_steps_in_order() -> None:
    steps = answer("plan", *PRODUCTION)["steps"]
    names = [step["name"] for step in steps]
    assert names.index("backup") < names.index("migrate") < names.index("deploy") < names.index("smoke")
    assert "  2. verify" in deploy_protocol("plan", *PRODUCTION).stdout


def test_plan_begins_with_what_the_checklist_runs_and_who_is_told() -> None:
    _, first, second, *_ = deploy_protocol("plan", *PRODUCTION).stdout.splitlines()
    assert first.startswith("  first Monitoring alerts configured ops/check-alerts")
    assert second.split() == ["first", "tell", "the", "team", "tell", "slack"]


@pytest.mark.parametrize("what", ["policy", "facts", "result"])
def test_schema_prints_a_json_schema(what: str) -> None:
    assert "properties" in json.dumps(json.loads(deploy_protocol("schema", what).stdout))


def test_run_mirrors_the_action_s_inputs() -> None:
    assert {option.name for option in main.commands["run"].params} == {field.name for field in fields(Inputs)}


def test_run_s_help_names_every_phase() -> None:
    *most, last = get_args(Phase)
    assert f"{', '.join(most)} or {last}." in deploy_protocol("run", "--help").stdout


@pytest.mark.parametrize("group", [[], ["hotfix"], ["deliveries"]], ids=["all", "hotfix", "deliveries"])
def test_what_each_verb_does_is_told_in_one_whole_line(group: list[str]) -> None:
    assert "..." not in deploy_protocol(*group, "--help").stdout.partition("Commands:")[2]


def example_of(verb: click.Command) -> list[str]:
    assert verb.epilog is not None, f"`{verb.name} --help` has no example"
    _, _, command = verb.epilog.partition("Example:")
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "deploy-protocol"
    return arguments


@pytest.mark.parametrize("name", main.commands)
def test_the_example_in_each_help_is_understood(name: str) -> None:
    verb = main.commands[name]
    given, *arguments = example_of(verb)
    assert given == name
    verb.make_context(name, arguments)


@pytest.mark.parametrize("name", ["check", "windows", "decide", "plan", "schema"])
def test_the_example_in_each_pure_verb_s_help_answers(name: str) -> None:
    result = deploy_protocol(*example_of(main.commands[name]))
    assert (result.exit_code in (0, 3), result.stderr) == (True, "")
    assert result.stdout


PROCESSES = {
    "check": (["check", EXAMPLE], 0),
    "closed": (["windows", *PRODUCTION, *FRIDAY_EVENING], 3),
    "unreadable": (["check", "nowhere.yml"], 2),
}


@pytest.mark.parametrize(("arguments", "code"), PROCESSES.values(), ids=PROCESSES)
def test_a_real_process_ends_with_the_exit_code(arguments: list[str], code: int) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "deploy_protocol", *arguments], capture_output=True, check=False
    )
    assert process.returncode == code
    assert b"Traceback" not in process.stderr


def test_run_without_its_place_in_a_job_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    result = deploy_protocol("run", "--environment", "production")
    assert result.exit_code == 2
    assert "Set GITHUB_TOKEN" in result.output


def test_serve_without_settings_names_them() -> None:
    command = [sys.executable, "-m", "deploy_protocol", "serve"]
    served = subprocess.run(
        command, capture_output=True, check=False, text=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert served.returncode == 2
    assert "GITHUB_APP_ID" in served.stderr


@pytest.mark.parametrize(
    ("verb", "part"), [(["sandbox"], "sandbox"), (["serve"], "service"), (["deliveries", "list"], "service")]
)
def test_a_verb_whose_libraries_are_not_installed_says_how_to_install_them(
    verb: list[str], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    result = deploy_protocol(*verb)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"The part `{part}` needs flask, which is not installed here.")
    assert f"`pip install '.[{part}]'` in its checkout" in result.stderr


@pytest.mark.parametrize("part", LIBRARIES)
def test_the_libraries_looked_for_are_those_of_the_extra(part: str) -> None:
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {requirement.partition(">")[0].replace("-", "_") for requirement in extras[part]}
    assert {"graphql_core" if name == "graphql" else name for name in LIBRARIES[part]} == named


def test_sandbox_answers_where_it_says(tmp_path: Path) -> None:
    options = ["--json", "--root", str(tmp_path / "git")]
    command = [sys.executable, "-u", "-m", "deploy_protocol", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert requests.get(f"{url}/rate_limit", timeout=10).headers["X-RateLimit-Limit"]
        finally:
            process.terminate()


def test_help_comes_without_loading_the_protocol() -> None:
    script = "import sys, deploy_protocol; sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
