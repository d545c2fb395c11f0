"""Facts travel as JSON and back, and what does not fit is named by its path, with the cure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from protocol.facts import Facts, Missing, Permission, Relation
from protocol.facts_json import FactsError, facts_data, facts_schema, read_facts
from protocol.facts_meanings import MEANINGS

EXAMPLE = Path("docs/facts.example.json")


def example() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(EXAMPLE.read_text())
    return data


def read(**changed: Any) -> Facts:
    return read_facts(json.dumps(example() | changed), "facts.json")


def problems_of(text: str | bytes) -> str:
    with pytest.raises(FactsError) as error:
        read_facts(text, "facts.json")
    return str(error.value)


def test_facts_become_values_of_their_own_types() -> None:
    facts = read(relations={"production": "ahead"})
    assert facts.requested_at == datetime(2026, 11, 25, 9, 55, tzinfo=UTC)
    assert facts.relations == {"production": Relation.AHEAD}
    assert facts.people.permissions == {"ada": Permission.WRITE, "grace": Permission.MAINTAIN}
    assert facts.people.teams["acme/platform"] == frozenset({"ada", "grace"})


def test_a_fact_that_could_not_be_had_says_why() -> None:
    assert read(checks={"missing": "GitHub did not answer"}).checks == Missing("GitHub did not answer")


def test_no_pull_request_is_not_an_unknown_one() -> None:
    assert read(pull_request=None).pull_request is None


def test_logins_and_teams_compare_in_lower_case() -> None:
    facts = read(people={"permissions": {"Ada": "admin"}, "teams": {"Acme/DBA": ["Bo"]}})
    assert facts.people.permissions == {"ada": Permission.ADMIN}
    assert facts.people.teams == {"acme/dba": frozenset({"bo"})}


def test_facts_written_and_read_again_are_the_same() -> None:
    facts = replace(read(), freezes=Missing("not asked"), evidence={"Alerts": Missing("not run")})
    assert read_facts(json.dumps(facts_data(facts)), "facts.json") == facts


def test_the_schema_accepts_the_example_and_what_is_written() -> None:
    schema = Draft202012Validator(facts_schema())
    Draft202012Validator.check_schema(facts_schema())
    assert [error.message for error in schema.iter_errors(example())] == []
    assert schema.is_valid(facts_data(read(checks={"missing": "why"})))


def test_the_schema_refuses_what_the_reader_does() -> None:
    schema = Draft202012Validator(facts_schema())
    assert not schema.is_valid(example() | {"chekcs": []})
    assert not schema.is_valid(example() | {"intent": "destroy"})


def test_every_fact_has_a_meaning_in_the_schema_and_no_other_thing_has() -> None:
    definitions = facts_schema()["$defs"].items()
    assert {f"{name}.{key}" for name, shape in definitions for key in shape["properties"]} == set(MEANINGS)


MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"chekcs": []}, "unknown key 'chekcs', did you mean 'checks'?"),
    "number for text": ({"sha": 1}, "sha: this must be text, not a number"),
    "text for a number": (
        {"changes": {"paths": [], "lines": "many"}},
        "changes.lines: this must be a whole number, not text",
    ),
    "text for a truth": (
        {"checks": [{"name": "a", "state": "passed", "required": "no"}]},
        "checks[0].required: this must be true or false, not text",
    ),
    "truth for a number": (
        {"changes": {"paths": [], "lines": True}},
        "changes.lines: this must be a whole number, not true or false",
    ),
    "object for a list": ({"ticks": {}}, "ticks: this must be a list, not an object: write it in [brackets]"),
    "list for an object": (
        {"people": []},
        "people: this must be an object, not a list: write it in {braces}",
    ),
    "list for a mapping": (
        {"relations": []},
        "relations: this must be an object, not a list: write it in {braces}",
    ),
    "null for text": ({"branch": None}, "branch: this must be text, not null"),
    "unknown word": ({"intent": "destroy"}, "intent: 'destroy' is not known here: write deploy or rollback"),
    "unknown state": (
        {"checks": [{"name": "a", "state": "green"}]},
        "checks[0].state: 'green' is not known here: write pending, passed or failed",
    ),
    "unknown permission": (
        {"people": {"permissions": {"ada": "owner"}}},
        (
            "people.permissions.ada: 'owner' is not known here: "
            "write none, read, triage, write, maintain or admin"
        ),
    ),
    "a list for a word": (
        {"intent": ["deploy"]},
        "intent: '['deploy']' is not known here: write deploy or rollback",
    ),
    "reason that is no text": ({"checks": {"missing": 3}}, "checks.missing: this must be text, not a number"),
    "missing key": ({"checks": [{"name": "a"}]}, "checks[0]: key 'state' is missing: add it"),
    "no moment": (
        {"requested_at": "yesterday"},
        "requested_at: 'yesterday' is not a moment: write one such as 2026-11-27T15:00:00+01:00",
    ),
    "fraction for a number": (
        {"changes": {"paths": [], "lines": 1.5}},
        "changes.lines: this must be a whole number, not 1.5",
    ),
    "half a character": (
        {"deployer": "a\ud800"},
        "deployer: this holds half a character (U+D800): remove it",
    ),
    "half a character in a name": (
        {"people": {"permissions": {}, "teams": {"acme/\udc00": []}}},
        "people.teams.acme/\udc00: this holds half a character (U+DC00): remove it",
    ),
    "text without end": (
        {"requested_at": "9" * 10_000},
        f"requested_at: '{'9' * 572}…",
    ),
    "moment before all clocks": (
        {"requested_at": "0001-01-01T00:00:00+01:00"},
        "requested_at: the year 1 is too far away: write one from 1970 to 9998",
    ),
    "moment without offset": (
        {"requested_at": "2026-11-27T15:00:00"},
        "requested_at: '2026-11-27T15:00:00' has no offset: add one, such as +01:00 or Z",
    ),
}


@pytest.mark.parametrize(("changed", "problem"), MISFITS.values(), ids=MISFITS)
def test_a_misfit_is_named_by_its_path(changed: dict[str, Any], problem: str) -> None:
    assert problems_of(json.dumps(example() | changed)) == f"facts.json: {problem}"


def test_all_misfits_are_named_at_once() -> None:
    assert problems_of(json.dumps(example() | {"sha": 1, "ticks": 2})).count("\n") == 1


def test_misfits_come_in_the_same_order_every_time() -> None:
    assert problems_of("{}").splitlines() == [
        f"facts.json: key '{key}' is missing: add it"
        for key in ("branch", "deployer", "environment", "repository", "requested_at", "sha")
    ]


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("{\n  oops", "facts.json:2:3: this is not JSON: "),
    "empty": ("", "facts.json:1:1: this is not JSON: it is empty, write one object in {braces}"),
    "only blanks": (" \n", "facts.json:2:1: this is not JSON: it is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "facts.json:1:1: this is not JSON: it is empty"),
    "not UTF-8": (
        b'{"sha": "\xff"}',
        "facts.json: this is not JSON we can read: byte 10 is not UTF-8, save it as UTF-8",
    ),
    "nested without end": (
        "[" * 100_000,
        "facts.json: this is not JSON we can read: it is nested too deep, facts never are",
    ),
    "a number without end": (
        "9" * 5_000,
        "facts.json: this is not JSON we can read: it holds a number of more digits than any fact has",
    ),
    "key twice": (
        '{"sha": "a", "sha": "b"}',
        "facts.json: this is not JSON we can read: key 'sha' is written twice",
    ),
    "a list": ("[]", "facts.json: this must be an object, not a list"),
}


@pytest.mark.parametrize(("text", "problem"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_json_is_said_to_be_none(text: str | bytes, problem: str) -> None:
    assert problems_of(text).startswith(problem)
