"""The log, read back from GitHub alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy_protocol import main
from protocol.entry import Entry, entry_from, one_line
from tests.entries import AT, make_entry
from tests.waiting import SHOP, WaitingShop


@pytest.fixture
def sha(shop: WaitingShop) -> str:
    shop.push()
    return shop.push(two_dot_py="2\n").sha


def told(shop: WaitingShop, *arguments: str, token: str | None = None) -> Result:
    given = {"GITHUB_TOKEN": token or shop.world.token_for("ada"), "GITHUB_API_URL": shop.server.url}
    return CliRunner().invoke(
        main, ["log", "--repository", SHOP, *arguments], env=given, catch_exceptions=False
    )


def read_back(shop: WaitingShop, *arguments: str) -> list[Entry]:
    result = told(shop, *arguments, "--json")
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    return [entry_from(entry) for entry in shown["entries"]]


def test_entries_come_back_from_releases_newest_first(shop: WaitingShop, sha: str) -> None:
    entries = [
        make_entry(sha=sha, deployment_id=at, at=AT + timedelta(days=at), environment=place)
        for at, place in ((1, "staging"), (2, "production"), (3, "production"))
    ]
    for entry in entries:
        shop.github().write_log(entry, tag=f"v{entry.deployment_id}")
    assert read_back(shop) == entries[::-1]
    assert read_back(shop, "--environment", "Staging") == entries[:1]
    assert read_back(shop, "--since", "2026-11-26") == entries[2:]
    assert told(shop).stdout.startswith("## 2026-11-26 10:04 - Version 1.2.3\n\n**Deployer**: ada\n")


def test_a_deployment_without_a_release_is_told_by_its_status(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="staging")
    line = one_line(make_entry(status="failed", seconds=61, issues=("smoke: it is slow",)))
    github.post_deployment_status(made, state="failure", description=line, log_url="https://x.test/run")
    [entry] = read_back(shop)
    assert (entry.environment, entry.deployment_id, entry.sha) == ("staging", made, sha)
    assert (entry.version, entry.status, entry.issues) == ("1.2.3", "failed", ("smoke: it is slow",))


def test_an_entry_in_a_release_says_more_than_its_status(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production")
    entry = make_entry(sha=sha, deployment_id=made, approvers=("grace",))
    github.post_deployment_status(made, state="success", description=one_line(entry))
    github.write_log(entry, tag="v1")
    assert read_back(shop) == [entry]


def test_a_log_that_goes_on_in_issues_comes_back_whole(shop: WaitingShop, sha: str) -> None:
    entries = [
        make_entry(sha=sha, deployment_id=at, at=AT + timedelta(minutes=at), issues=("x" * 20_000,))
        for at in range(1, 9)
    ]
    for entry in entries:
        assert shop.github().write_log(entry, tag="v1").problems == ()
    assert read_back(shop) == entries[::-1]


def test_a_long_record_is_read_page_by_page(shop: WaitingShop, sha: str) -> None:
    github = shop.github()
    for at in range(25):
        github.write_log(make_entry(sha=sha, deployment_id=at + 1), tag=f"v{at}")
    assert len(read_back(shop)) == 25


WRONG = {
    "no token": (["--repository", SHOP], {"GITHUB_TOKEN": "", "GH_TOKEN": ""}, "Set GITHUB_TOKEN"),
    "no repository": (["--repository", "shop"], {}, "Give --repository OWNER/NAME"),
    "another's": (["--repository", "acme/nothing"], {}, "with the name 'acme/nothing'. Check the name"),
    "no time": (["--repository", SHOP, "--since", "soon"], {}, "--since: 'soon' is not a time"),
}


@pytest.mark.parametrize(("arguments", "given", "cure"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("verb", ["log"])
def test_what_cannot_be_read_is_said_with_the_cure(
    shop: WaitingShop, verb: str, arguments: list[str], given: dict[str, str], cure: str
) -> None:
    environ = {"GITHUB_TOKEN": shop.world.token_for("ada"), "GITHUB_API_URL": shop.server.url, **given}
    result = CliRunner().invoke(main, [verb, *arguments], env=environ)
    assert (result.exit_code, result.stdout) == (2, "")
    assert cure in result.stderr


def test_where_git_names_no_repository_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["log"], env={"GITHUB_TOKEN": "any", "GITHUB_REPOSITORY": ""})
    assert (result.exit_code, "Set GITHUB_REPOSITORY to OWNER/NAME" in result.stderr) == (2, True)


def test_an_empty_log_says_so(shop: WaitingShop) -> None:
    shop.push()
    assert told(shop).stdout == "No deployment is in the log.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["prod"], "There is no deployment to 'prod', did you mean 'production'?", id="near"),
        pytest.param(["live"], "There is no deployment to 'live', only to production and staging.", id="far"),
        pytest.param(
            ["prod", "--since", "2026-11-01"],
            "There is no deployment to 'prod' since then, only to production and staging.",
            id="in a time",
        ),
    ],
)
def test_an_environment_that_is_not_in_the_log_is_told_from_those_that_are(
    shop: WaitingShop, sha: str, arguments: list[str], said: str
) -> None:
    for at, place in enumerate(("staging", "production")):
        shop.github().write_log(make_entry(sha=sha, deployment_id=at, environment=place), tag=f"v{at}")
    result = told(shop, "--environment", *arguments)
    assert (result.exit_code, result.stdout) == (0, f"{said}\n")
    assert read_back(shop, "--environment", *arguments) == []
