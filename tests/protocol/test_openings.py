from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from protocol.facts import Freeze, Missing
from tests.decisions import codes_of, finding_of, findings_of
from tests.facts import NOW, at, make_facts, make_pull_request
from tests.policies import example_policy, make_policy

OFFICE_HOURS = {"windows": {"open": ["Mon-Fri 10:00-16:00"], "grace": "10m"}}
YEAR_END = {"from": "2026-12-18 18:00", "until": "2027-01-04 08:00", "reason": "Year-end freeze"}
IN_FREEZE = at("2026-12-21 11:00")


def test_an_open_window_says_until_when() -> None:
    finding = finding_of("windows", make_policy(OFFICE_HOURS))
    assert (finding.code, finding.recheck_at) == ("windows.open", at("2026-11-23 16:00"))
    assert finding.why == "production is open until Mon 2026-11-23 16:00 CET"


def test_a_closed_window_says_when_it_opens() -> None:
    finding = finding_of("windows", make_policy(OFFICE_HOURS), make_facts(), at("2026-11-27 17:00"))
    assert (finding.verdict.word, finding.code) == ("wait", "windows.closed")
    assert finding.recheck_at == at("2026-11-30 10:00")
    assert finding.why.endswith("opens Mon 2026-11-30 10:00 CET")


def test_moments_are_said_in_the_policys_zone() -> None:
    policy = make_policy(OFFICE_HOURS, timezone="Asia/Tokyo")
    assert finding_of("windows", policy, make_facts(), NOW).why.endswith("Tue 2026-11-24 10:00 JST")


def test_without_windows_it_is_open_at_any_time() -> None:
    assert codes_of("windows", make_policy()) == [("allow", "policy.not_asked")]


EDGE = at("2026-11-23 16:00")


@pytest.mark.parametrize(
    ("requested_at", "now", "code"),
    [
        pytest.param(EDGE - timedelta(seconds=1), EDGE, "windows.grace", id="at the edge"),
        pytest.param(EDGE - timedelta(hours=1), EDGE + timedelta(minutes=9), "windows.grace", id="within"),
        pytest.param(
            EDGE - timedelta(hours=1), EDGE + timedelta(minutes=10), "windows.closed", id="too late"
        ),
        pytest.param(EDGE, EDGE + timedelta(minutes=1), "windows.closed", id="asked for at the edge"),
        pytest.param(EDGE - timedelta(hours=1), EDGE - timedelta(minutes=1), "windows.open", id="still open"),
    ],
)
def test_a_deployment_asked_for_before_the_edge_may_still_begin(
    requested_at: datetime, now: datetime, code: str
) -> None:
    facts = make_facts(requested_at=requested_at)
    assert finding_of("windows", make_policy(OFFICE_HOURS), facts, now).code == code


def test_the_grace_ends_at_a_moment_that_is_looked_at_again() -> None:
    finding = finding_of("windows", make_policy(OFFICE_HOURS), make_facts(), EDGE)
    assert finding.recheck_at == EDGE + timedelta(minutes=10)


def test_a_window_shorter_than_its_grace_has_a_grace_too() -> None:
    policy = make_policy({"windows": {"open": ["Mon 10:00-10:05"], "grace": "30m"}})
    facts = make_facts(requested_at=at("2026-11-23 10:01"))
    assert finding_of("windows", policy, facts, at("2026-11-23 10:20")).code == "windows.grace"


def test_without_an_end_it_is_open_for_good() -> None:
    policy = make_policy({"windows": {"open": ["Mon-Sun"]}})
    finding = finding_of("windows", policy)
    assert (finding.why, finding.recheck_at) == ("production is open without end", None)


def freezes(now: datetime = NOW, *, planned: tuple[Any, ...] = (), **facts: Any) -> list[tuple[str, str]]:
    return codes_of("freezes", make_policy({"freezes": planned}), make_facts(**facts), now)


NONE = ("allow", "freeze.none")
ACTIVE = ("wait", "freeze.active")
EXCEPTED = ("allow", "freeze.excepted")


def test_a_planned_freeze_holds_until_its_end() -> None:
    finding = finding_of("freezes", make_policy({"freezes": [YEAR_END]}), make_facts(), IN_FREEZE)
    assert finding.why == "production is frozen until Mon 2027-01-04 08:00 CET: Year-end freeze"
    assert finding.recheck_at == at("2027-01-04 08:00")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-18 17:59", NONE),
        ("2026-12-18 18:00", ACTIVE),
        ("2027-01-04 07:59", ACTIVE),
        ("2027-01-04 08:00", NONE),
    ],
)
def test_a_planned_freeze_has_its_first_minute_and_not_its_last(now: str, expected: tuple[str, str]) -> None:
    assert freezes(at(now), planned=(YEAR_END,)) == [expected]


@pytest.mark.parametrize(
    ("wanted", "facts"),
    [
        pytest.param(
            {"labels": ["Hotfix"]},
            {"pull_request": make_pull_request(labels=frozenset({"hotfix"}))},
            id="label",
        ),
        pytest.param({"branches": ["urgent/*"]}, {"branch": "urgent/x"}, id="branch"),
    ],
)
def test_a_freeze_excepts_what_it_says(wanted: Any, facts: Any) -> None:
    assert freezes(IN_FREEZE, planned=({**YEAR_END, "except": wanted},), **facts) == [EXCEPTED, NONE]


@pytest.mark.parametrize("pull_request", [None, make_pull_request(), Missing("no answer")])
def test_a_freeze_excepts_nothing_else(pull_request: Any) -> None:
    planned = ({**YEAR_END, "except": {"labels": ["hotfix"]}},)
    assert freezes(IN_FREEZE, planned=planned, pull_request=pull_request) == [ACTIVE]


def test_an_excepted_deployment_is_told_of_the_next_freeze() -> None:
    first = {**YEAR_END, "except": {"branches": ["main"]}}
    second = {"from": "2026-12-24 00:00", "until": "2026-12-27 00:00", "reason": "Holidays"}
    policy = make_policy({"freezes": [first, second]})
    found = findings_of("freezes", policy, make_facts(), IN_FREEZE)
    assert found[1].recheck_at == at("2026-12-24 00:00")


def test_a_freeze_to_come_is_named() -> None:
    finding = finding_of("freezes", example_policy())
    assert finding.why == "production is not frozen until Fri 2026-12-18 18:00 CET"
    assert finding.recheck_at == at("2026-12-18 18:00")


def freeze(**changes: Any) -> Freeze:
    return Freeze(**{"reason": "Migration of the data centre", "by": "bo", **changes})


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(freeze(), ACTIVE, id="everywhere, until it is closed"),
        pytest.param(freeze(environments=frozenset({"Production"})), ACTIVE, id="here"),
        pytest.param(freeze(environments=frozenset({"staging"})), NONE, id="elsewhere"),
        pytest.param(freeze(until=NOW + timedelta(hours=1)), ACTIVE, id="not over yet"),
        pytest.param(freeze(until=NOW), NONE, id="over"),
        pytest.param(freeze(since=NOW), ACTIVE, id="just begun"),
        pytest.param(freeze(since=NOW + timedelta(hours=1)), NONE, id="not begun"),
    ],
)
def test_an_issue_freezes_what_and_when_it_says(declared: Freeze, expected: tuple[str, str]) -> None:
    assert freezes(freezes=(declared,)) == [expected]


def test_a_declared_freeze_says_who_and_where() -> None:
    declared = freeze(url="https://github.example/acme/shop/issues/9", until=NOW + timedelta(hours=1))
    finding = finding_of("freezes", make_policy(), make_facts(freezes=(declared,)))
    assert finding.why == (
        "production is frozen by bo until Mon 2026-11-23 12:00 CET: Migration of the data centre "
        "(https://github.example/acme/shop/issues/9)"
    )
    assert finding.who == ("user:bo", "permission:write")


def test_freezes_that_cannot_be_read_wait() -> None:
    assert freezes(freezes=Missing("no answer")) == [("wait", "facts.unavailable")]


def test_every_freeze_is_named() -> None:
    assert freezes(IN_FREEZE, planned=(YEAR_END,), freezes=(freeze(),)) == [ACTIVE, ACTIVE]


def test_a_planned_freeze_is_awaited_while_the_declared_ones_cannot_be_read() -> None:
    facts = make_facts(freezes=Missing("no answer"))
    assert finding_of("freezes", make_policy({"freezes": [YEAR_END]}), facts).recheck_at == at(
        "2026-12-18 18:00"
    )
