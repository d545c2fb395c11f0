from __future__ import annotations

from typing import Any

import pytest

from protocol.conditions import applies
from protocol.facts import Changes, Facts, Missing, People
from protocol.policy import Environment, When
from tests.facts import make_facts, make_pull_request
from tests.policies import make_policy

UNREADABLE = Missing("GitHub did not answer")
MIGRATE = {"steps": {"migrate": {"run": "up", "lint": "migrations/*.sql"}}}


def changes(*paths: str, lines: int = 10, authors: tuple[str, ...] = ("grace",)) -> Changes:
    return Changes(paths=paths, lines=lines, authors=frozenset(authors))


def condition(when: dict[str, Any], **production: Any) -> tuple[When, Environment]:
    """As an approval rule of production has it."""
    rule = {"name": "Somebody", "from": ["anyone"], "when": when}
    environment = make_policy({**production, "approvals": [rule]}).environments["production"]
    parsed = environment.approvals[0].when
    assert parsed is not None
    return parsed, environment


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        pytest.param({"paths": ["db/**"]}, make_facts(changes=changes("a.py", "db/1.sql")), id="a path"),
        pytest.param(
            {"labels": ["Risky"]},
            make_facts(pull_request=make_pull_request(labels=frozenset({"risky"}))),
            id="a label in any case",
        ),
        pytest.param({"branches": ["release/*"]}, make_facts(branch="release/7"), id="a branch"),
        pytest.param({"authors": ["user:grace"]}, make_facts(), id="an author"),
        pytest.param(
            {"authors": ["team:acme/dba"]},
            make_facts(changes=changes("a", authors=("cy",))),
            id="an author's team",
        ),
        pytest.param({"lines": {"above": 9}}, make_facts(changes=changes("a")), id="more lines"),
        pytest.param({"migrations": True}, make_facts(changes=changes("migrations/1.sql")), id="migrations"),
        pytest.param({"migrations": False}, make_facts(changes=changes("a.py")), id="no migrations"),
        pytest.param(
            {"paths": ["*.py"], "branches": ["main"]}, make_facts(changes=changes("a.py")), id="both"
        ),
    ],
)
def test_a_condition_holds(when: dict[str, Any], facts: Facts) -> None:
    assert applies(*condition(when, **MIGRATE), facts) is True


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        pytest.param({"paths": ["db/**"]}, make_facts(changes=changes("a.py")), id="no such path"),
        pytest.param({"labels": ["risky"]}, make_facts(), id="no such label"),
        pytest.param({"labels": ["risky"]}, make_facts(pull_request=None), id="no pull request has labels"),
        pytest.param({"branches": ["release/*"]}, make_facts(), id="another branch"),
        pytest.param({"authors": ["user:ada"]}, make_facts(), id="another author"),
        pytest.param({"lines": {"above": 10}}, make_facts(changes=changes("a")), id="not more lines"),
        pytest.param({"migrations": True}, make_facts(changes=changes("a.py")), id="no migration"),
        pytest.param(
            {"paths": ["*.py"], "branches": ["x"]}, make_facts(changes=changes("a.py")), id="only one of two"
        ),
        pytest.param(
            {"paths": ["x"], "branches": ["x"]}, make_facts(changes=UNREADABLE), id="one surely does not hold"
        ),
    ],
)
def test_a_condition_does_not_hold(when: dict[str, Any], facts: Facts) -> None:
    assert applies(*condition(when, **MIGRATE), facts) is False


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        pytest.param({"paths": ["db/**"]}, make_facts(changes=UNREADABLE), id="paths"),
        pytest.param({"labels": ["x"]}, make_facts(pull_request=UNREADABLE), id="labels"),
        pytest.param({"lines": {"above": 1}}, make_facts(changes=UNREADABLE), id="lines"),
        pytest.param({"migrations": True}, make_facts(changes=UNREADABLE), id="migrations"),
        pytest.param({"authors": ["user:ada"]}, make_facts(changes=UNREADABLE), id="commit authors"),
        pytest.param(
            {"authors": ["user:ada"]}, make_facts(pull_request=UNREADABLE), id="the pull request's author"
        ),
        pytest.param({"authors": ["team:acme/dba"]}, make_facts(people=People()), id="an author's teams"),
    ],
)
def test_what_cannot_be_judged_is_missing(when: dict[str, Any], facts: Facts) -> None:
    assert isinstance(applies(*condition(when, **MIGRATE), facts), Missing)


@pytest.mark.parametrize("wanted", [True, False])
def test_without_a_migration_step_nothing_is_a_migration(wanted: bool) -> None:
    facts = make_facts(changes=changes("migrations/1.sql"))
    assert applies(When(migrations=wanted), Environment(), facts) is not wanted


def test_no_condition_always_holds() -> None:
    assert applies(None, make_policy().environments["production"], make_facts()) is True
