"""The policy's JSON Schema says what the parser says, and the file in docs is that schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.schemas import policy_schema
from protocol.source import read_source

EXAMPLE = Path("docs/deploy.example.yml")
COMMITTED = Path("docs/deploy.schema.json")


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    return Draft202012Validator(policy_schema())


def values_of(text: str | bytes) -> Any:
    return read_source(text, "deploy.yml").root.plain


def test_the_committed_schema_is_in_step() -> None:
    fresh = json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"
    assert COMMITTED.read_text() == fresh, f"run: deploy-protocol schema policy > {COMMITTED}"


def test_the_schema_is_a_schema() -> None:
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    assert [error.message for error in meta.iter_errors(policy_schema())] == []


def test_the_schema_accepts_the_annotated_example(schema: Draft202012Validator) -> None:
    assert [error.message for error in schema.iter_errors(values_of(EXAMPLE.read_bytes()))] == []


REFUSED = {
    "unknown key": "{widnows: {}}",
    "unknown word": "{deploy: sometimes}",
    "empty key": "{windows: null}",
    "two strategies": "{strategy: {canary: {weights: [100], set: a}, rolling: {run: a, targets: [b]}}}",
    "item without evidence": "{checklist: [{item: Tests}]}",
    "text for a number": "{approvals: [{name: A, from: [anyone], count: one}]}",
    "rise without a unit": (
        "{monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {rises: '5'}}}}}"
    ),
}


@pytest.mark.parametrize("environment", REFUSED.values(), ids=REFUSED)
def test_schema_and_parser_refuse_alike(environment: str, schema: Draft202012Validator) -> None:
    text = f"version: 1\nenvironments: {{live: {environment}}}"
    assert not schema.is_valid(values_of(text))
    with pytest.raises(PolicyError):
        parse_policy(text, "deploy.yml")


ACCEPTED = {
    "nothing at all": "{}",
    "bare": "",
    "one probe": "{steps: {health: {run: ./ping}}}",
    "several probes": "{steps: {health: [{run: ./ping}, {tcp: 'db.example:5432'}]}}",
    "batch as a number": "{strategy: {rolling: {run: a, targets: [b], batch: 2}}}",
    "batch as a share": "{strategy: {rolling: {run: a, targets: [b], batch: 25%}}}",
    "checks by name": "{checklist: [{item: A, checks: [build, lint]}]}",
}


@pytest.mark.parametrize("environment", ACCEPTED.values(), ids=ACCEPTED)
def test_schema_and_parser_accept_alike(environment: str, schema: Draft202012Validator) -> None:
    text = f"version: 1\nenvironments:\n  live: {environment}\n"
    assert schema.is_valid(values_of(text))
    assert parse_policy(text, "deploy.yml")
