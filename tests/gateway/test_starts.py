"""Starting workflows: what a workflow takes, and servers that do not tell of the run."""

from __future__ import annotations

import base64

import pytest
import responses

from gateway.errors import NotFound, Rejected
from gateway.github import GitHub
from gateway.starts import runs_of, start_run, workflow_inputs
from tests.scripted import SHOP

FILE = f"{SHOP}/contents/.github/workflows/deploy.yml"
DISPATCHES = f"{SHOP}/actions/workflows/deploy.yml/dispatches"


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        pytest.param("on: workflow_dispatch\n", frozenset[str](), id="a word"),
        pytest.param("on: [push, workflow_dispatch]\n", frozenset[str](), id="a list"),
        pytest.param("on:\n  workflow_dispatch:\n", frozenset[str](), id="bare"),
        pytest.param("'on': {workflow_dispatch: {}}\n", frozenset[str](), id="in quotes"),
        pytest.param(
            "on: {workflow_dispatch: {inputs: {a: {}, b: }}}\n", frozenset({"a", "b"}), id="with inputs"
        ),
        pytest.param("on: push\n", None, id="not by hand"),
        pytest.param("on: {push: {}}\n", None, id="a mapping, not by hand"),
        pytest.param("jobs: {}\n", None, id="nothing"),
        pytest.param("- a list\n", None, id="no mapping"),
        pytest.param("on: [\n", None, id="no YAML"),
    ],
)
def test_what_a_workflow_takes_is_read_from_its_file(
    played: responses.RequestsMock, github: GitHub, text: str, inputs: frozenset[str] | None
) -> None:
    played.get(FILE, json={"content": base64.b64encode(text.encode()).decode()})
    assert workflow_inputs(github, "deploy.yml", "main") == inputs


def test_the_run_is_known_where_github_tells_of_it(played: responses.RequestsMock, github: GitHub) -> None:
    played.post(DISPATCHES, status=200, json={"workflow_run_id": 7, "run_url": "", "html_url": ""})
    assert start_run(github, "deploy.yml", "main", {}) == 7


def test_an_older_server_is_asked_without_what_it_does_not_know(
    played: responses.RequestsMock, github: GitHub
) -> None:
    refusal = {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}
    played.post(DISPATCHES, status=422, json=refusal)
    played.post(DISPATCHES, status=204)
    assert start_run(github, "deploy.yml", "main", {}) is None


def test_another_refusal_is_not_asked_again(played: responses.RequestsMock, github: GitHub) -> None:
    played.post(DISPATCHES, status=422, json={"message": "No ref found for: main"})
    with pytest.raises(Rejected, match="No ref found"):
        start_run(github, "deploy.yml", "main", {})


def test_a_workflow_that_never_ran_has_no_runs(played: responses.RequestsMock, github: GitHub) -> None:
    played.get(f"{SHOP}/actions/workflows/deploy.yml/runs", status=404, json={"message": "Not Found"})
    assert runs_of(github, "deploy.yml") == ()


def test_a_file_that_is_not_there_is_not_found(played: responses.RequestsMock, github: GitHub) -> None:
    played.get(FILE, status=404, json={"message": "Not Found"})
    with pytest.raises(NotFound):
        workflow_inputs(github, "deploy.yml", "main")
