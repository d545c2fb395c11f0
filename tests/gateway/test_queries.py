"""Every question we ask is one that GitHub's schema answers."""

from __future__ import annotations

from pathlib import Path

import graphql
import pytest

from gateway.deployments import OF_ONE
from gateway.details import Wanted, document
from gateway.overview import document as overviews
from gateway.pull_lines import Remark
from gateway.pull_lines import document as lines_document
from gateway.queries import query
from gateway.releases import document as log_document

SCHEMA = graphql.build_schema(Path("sandbox/schema.graphql").read_text("utf-8"), assume_valid=True)
EVERYTHING = Wanted(
    teams=("acme/dba", "acme/platform"),
    logins=("ada", "grace"),
    environments=("production", "staging"),
    required=(("a" * 40, 1),),
    edits=(("IC_1", "2026-11-25T12:00:00Z"),),
)
REMARKS = [Remark(number=7, node="PR_1", text="", is_there=it_is) for it_is in (False, True)]
REPOSITORY = {"owner": "acme", "name": "shop"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(query("gate", "policy_file", "parts", "deployments"), id="gate"),
        pytest.param(query("policies", "policy_file"), id="policies"),
        pytest.param(query("more", "parts"), id="more"),
        pytest.param(query("changes"), id="changes"),
        pytest.param(query("record"), id="record"),
        pytest.param(query("written"), id="written"),
        pytest.param(query("begun", "deployments"), id="begun"),
        pytest.param(query("tellers"), id="tellers"),
        pytest.param(query("own_comments"), id="own comments"),
        pytest.param(overviews(50), id="overviews"),
        pytest.param(log_document(True, [7, 9]), id="log"),
        pytest.param(lines_document(REMARKS), id="lines on pull requests"),
        pytest.param(OF_ONE + query("deployments"), id="deployments of one environment"),
        pytest.param(document(REPOSITORY, EVERYTHING)[0], id="all details"),
        pytest.param(document(REPOSITORY, Wanted(teams=("acme/dba",)))[0], id="teams alone"),
        pytest.param(document(REPOSITORY, Wanted(edits=(("IC_1", "then"),)))[0], id="edits alone"),
    ],
)
def test_the_schema_answers_our_question(text: str) -> None:
    assert graphql.validate(SCHEMA, graphql.parse(text)) == []


def test_peers_20_what_people_wrote_is_never_part_of_the_question() -> None:
    text, variables = document(REPOSITORY, Wanted(teams=('acme/x") { id } #',), logins=('y"',)))
    assert 'x")' not in text
    assert 'y"' not in text
    assert variables["s0"] == 'x") { id } #'
