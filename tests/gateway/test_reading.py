"""What GitHub does not give is Missing, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reading import Reading, login_of, moment, nodes_of
from protocol.facts import Missing
from tests.nodes import bot, listed, person

DATA: dict[str, Any] = {"repository": {"issues": listed({"number": 1}), "deployments": None}}
FORBIDDEN = {
    "type": "FORBIDDEN",
    "path": ["repository", "issues", "nodes", 0, "author"],
    "message": "Not yours",
}


def test_what_is_there_is_read() -> None:
    assert Reading(DATA).part("the freezes", ("repository", "issues"), nodes_of) == [{"number": 1}]


def test_an_error_inside_a_part_makes_it_missing_and_no_other() -> None:
    reading = Reading(DATA, [FORBIDDEN])
    missing = Missing("the freezes could not be read: GitHub says 'Not yours'")
    assert reading.part("the freezes", ("repository", "issues"), nodes_of) == missing
    assert reading.part("it", ("repository",), lambda found: found["deployments"]) == Missing(
        "it could not be read: GitHub says 'Not yours'"
    )
    assert reading.part("it", ("repository", "other"), lambda _: True) == Missing(
        "it could not be read: 'other' is not in GitHub's answer"
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(None, "a permission is lacking", id="null"),
        pytest.param(listed(more=True), "goes on longer", id="only a part"),
        pytest.param({"nodes": None}, "not as it should be", id="of another shape"),
        pytest.param({}, "'nodes' is not in GitHub's answer", id="without its list"),
    ],
)
def test_a_list_that_is_not_whole_is_missing(found: Any, why: str) -> None:
    read = Reading({"list": found}).part("it", ("list",), nodes_of)
    assert isinstance(read, Missing)
    assert why in read.reason


@pytest.mark.parametrize(
    ("actor", "login"),
    [(person("Ada"), "ada"), (bot("gate"), "gate[bot]"), (bot("gate[bot]"), "gate[bot]"), (None, "ghost")],
)
def test_logins_are_in_lower_case_and_a_bots_says_so(actor: dict[str, Any] | None, login: str) -> None:
    assert login_of(actor) == login


def test_every_moment_has_a_zone() -> None:
    assert (
        moment("2026-11-25T12:00:00Z") == moment("2026-11-25T12:00:00") == moment("2026-11-25T13:00:00+01:00")
    )
