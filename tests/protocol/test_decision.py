from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from protocol.decision import decide
from protocol.errors import PolicyError, Problem
from protocol.facts import Facts, Missing
from protocol.rules import RULES
from protocol.verdict import Decision, Finding, Verdict
from tests.facts import NOW, at, make_facts
from tests.policies import example_policy, make_bare_policy, make_policy

CLOSED = {"windows": {"closed": ["Mon"]}}


def codes(*policies: object, facts: Facts | None = None) -> list[str]:
    return [one.code for one in decide(list(policies), facts or make_facts(), NOW).blocking]  # type: ignore[arg-type]


def test_the_documentations_example_allows_a_good_deployment() -> None:
    decision = decide([example_policy()], make_facts(), NOW)
    assert decision.verdict is Verdict.ALLOW


def test_every_rule_answers_even_when_one_refuses() -> None:
    decision = decide([example_policy()], make_facts(deployer="reader", approvals=(), checks=()), NOW)
    assert {one.rule for one in decision.findings} == {rule.name for rule in RULES} - {
        "emergency",
        "rollback",
    }
    assert {one.rule for one in decision.blocking} == {"access", "checks", "review", "approvals"}


def test_the_worst_finding_is_the_verdict() -> None:
    assert decide([make_policy(CLOSED)], make_facts(), NOW).verdict is Verdict.WAIT
    assert decide([make_policy(CLOSED)], make_facts(deployer="reader"), NOW).verdict is Verdict.REFUSE


def test_it_is_looked_at_again_when_the_first_answer_can_change() -> None:
    assert decide([example_policy()], make_facts(), NOW).recheck_at == at("2026-11-23 16:00")


def test_the_first_moment_is_found_by_time_where_clocks_show_an_hour_twice() -> None:
    sooner = at("2026-10-25 02:30")
    later = at("2026-10-25 02:10").replace(fold=1)
    findings = tuple(
        Finding(code="x", rule="x", verdict=Verdict.WAIT, why="", recheck_at=moment)
        for moment in (later, sooner)
    )
    assert Decision(findings).recheck_at is sooner


def test_without_any_policy_it_waits() -> None:
    assert codes() == ["policy.missing"]


def test_a_policy_that_could_not_be_read_waits_with_the_reason() -> None:
    (finding,) = decide([Missing("GitHub did not answer")], make_facts(), NOW).findings
    assert finding.why == "No policy could be read: GitHub did not answer"


def test_an_invalid_policy_waits_and_names_the_first_problem() -> None:
    error = PolicyError(
        (Problem("deploy.yml", 3, 1, "unknown key 'widnows'"), Problem("deploy.yml", 9, 1, "bad zone"))
    )
    (finding,) = decide([error], make_facts(), NOW).findings
    assert finding.code == "policy.invalid"
    assert finding.why == "The policy cannot be used: deploy.yml:3:1: unknown key 'widnows' (and 1 more)"


def test_an_environment_that_the_repository_does_not_name_waits() -> None:
    assert codes(make_policy(), facts=make_facts(environment="moon")) == ["policy.environment_unknown"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("prod", "prod; did you mean production? Otherwise", id="near"),
        pytest.param("moon", "moon;", id="like no other"),
    ],
)
def test_an_environment_that_is_not_named_is_told_the_nearest(name: str, meant: str) -> None:
    (finding,) = decide([make_policy()], make_facts(environment=name), NOW).findings
    assert finding.why == f"The policy does not name the environment {meant} add it under `environments:`"


@pytest.mark.parametrize("name", ["Production", "PRODUCTION"])
def test_the_case_of_an_environments_name_does_not_matter(name: str) -> None:
    facts = make_facts(environment=name, relations={name: make_facts().relations["production"]})
    assert codes(make_policy(CLOSED), facts=facts) == ["windows.closed"]


def test_an_organisations_policy_holds_as_well() -> None:
    organisation = make_bare_policy({"production": CLOSED})
    assert codes(organisation, make_policy()) == ["windows.closed"]


def test_an_organisations_policy_says_nothing_of_what_it_does_not_name() -> None:
    assert codes(make_bare_policy({"moon": CLOSED}), make_policy()) == []


def test_an_organisations_policy_does_not_stand_in_for_the_repositorys() -> None:
    organisation = make_bare_policy({"moon": {}})
    facts = make_facts(environment="moon", relations={"moon": make_facts().relations["production"]})
    assert codes(organisation, make_policy(), facts=facts) == ["policy.environment_unknown"]


def test_a_repository_cannot_loosen_what_its_organisation_asks() -> None:
    strict = make_bare_policy({"production": {"approvals": [{"name": "Security", "from": ["user:eve"]}]}})
    loose = make_policy({"approval_options": {"own": True}})
    assert codes(strict, loose) == ["approvals.missing"]


def test_an_organisations_policy_that_could_not_be_read_waits() -> None:
    assert codes(Missing("no answer"), make_policy()) == ["policy.missing"]


def test_what_two_policies_say_alike_is_said_once() -> None:
    decision = decide([make_policy(CLOSED), make_policy(CLOSED)], make_facts(), NOW)
    assert len(decision.blocking) == 1


def test_a_moment_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="pass an aware moment"):
        decide([make_policy()], make_facts(), datetime(2026, 11, 23, 11))  # noqa: DTZ001 (on purpose)


def test_the_zone_of_the_moment_does_not_matter() -> None:
    here = decide([example_policy()], make_facts(), NOW)
    assert decide([example_policy()], make_facts(), NOW.astimezone(UTC)) == here


def test_a_freezes_last_hour_counts_when_the_clocks_are_put_back() -> None:
    night = [{"from": "2026-10-25 01:00", "until": "2026-10-25 02:30", "reason": "Maintenance"}]
    policy = make_policy({"freezes": night})
    first_half_past_two = at("2026-10-25 02:30").astimezone(UTC)
    facts = make_facts(requested_at=first_half_past_two - timedelta(hours=1))
    assert decide([policy], facts, first_half_past_two).verdict is Verdict.WAIT
    assert decide([policy], facts, first_half_past_two + timedelta(hours=1)).verdict is Verdict.ALLOW
