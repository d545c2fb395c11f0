from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import ANY_RULE, CODES
from protocol.decision import decide
from protocol.facts import (
    Changes,
    CheckState,
    Emergency,
    Evidence,
    Facts,
    Freeze,
    Missing,
    People,
    Permission,
    Relation,
    Tick,
)
from protocol.policy import Policy
from protocol.verdict import Decision, Verdict
from tests.facts import (
    HEAD,
    NOW,
    OTHER,
    PEOPLE,
    SHA,
    make_approval,
    make_check,
    make_deployment,
    make_facts,
    make_pull_request,
)
from tests.policies import make_policy

GONE = Missing("GitHub did not answer")
CATALOGUE = {code.code: code for code in CODES}
MIGRATIONS = {"paths": ["migrations/**"]}
EXCEPTED = {"labels": ["urgent"], "branches": ["main"]}

FRAGMENTS: tuple[Mapping[str, Any], ...] = (
    {"after": {"environment": "staging", "bake": "2h"}},
    {"windows": {"open": ["Mon-Fri 09:00-12:00"], "closed": ["Wed"], "grace": "30m"}},
    {
        "freezes": [
            {"from": "2026-11-23 12:00", "until": "2026-11-25 12:00", "reason": "Sale", "except": EXCEPTED}
        ]
    },
    {"freezes": [{"from": "2026-11-22 12:00", "until": "2026-11-24 12:00", "reason": "Sale"}]},
    {
        "approvals": [
            {"name": "Manager", "from": ["team:acme/release-managers"]},
            {"name": "Owner", "from": ["team:acme/dba", "user:bo"], "count": 2, "when": MIGRATIONS},
        ],
        "approval_options": {"expire": "5h"},
    },
    {"approvals": [{"name": "Writers", "from": ["permission:write"]}], "approval_options": {"own": True}},
    {"access": {"deployers": ["team:acme/platform"]}},
    {
        "checklist": [
            {"item": "Tests", "checks": "all"},
            {"item": "Review", "reviews": 1},
            {"item": "Plan", "section": "Rollback plan"},
            {"item": "Staging", "deployed": "staging"},
            {"item": "Alerts", "run": "ops/check"},
            {"item": "Told", "notified": "before"},
            {"item": "Scheduled", "tick": ["permission:write"], "when": {"lines": {"above": 10}}},
        ],
        "notify": {"before": ["slack"]},
    },
    {"in_flight": "refuse", "diverged": "allow"},
    {"expire": "3h"},
)
KEYS: tuple[Mapping[str, Any], ...] = (
    {"access": {"emergency": {"who": ["team:acme/on-call"]}}},
    {"hotfix": {"max_lines": 20}},
)


@cache
def policy_of(fragments: frozenset[int], keys: frozenset[int]) -> Policy:
    production = dict(chain.from_iterable(FRAGMENTS[number].items() for number in sorted(fragments)))
    return make_policy(
        production, **dict(chain.from_iterable(KEYS[number].items() for number in sorted(keys)))
    )


def some_of(items: tuple[Any, ...], most: int = 4) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(0, len(items) - 1), max_size=most)


policies = st.builds(policy_of, some_of(FRAGMENTS), some_of(KEYS))
moments = st.integers(-60 * 80, 60 * 80).map(lambda minutes: NOW + timedelta(minutes=minutes))
past = st.integers(0, 60 * 30).map(lambda minutes: NOW - timedelta(minutes=minutes))
people = st.sampled_from(
    [
        PEOPLE,
        People(permissions=GONE, teams=PEOPLE.teams),
        People(permissions=PEOPLE.permissions, teams={"acme/platform": GONE}),
        People(permissions={"ada": Permission.READ}),
    ]
)
logins = st.sampled_from(["ada", "bo", "cy", "eve", "grace", "reader", "robot[bot]"])
approvals = st.builds(
    make_approval,
    by=logins,
    method=st.sampled_from(["review", "environment", "button", "comment"]),
    state=st.sampled_from(["approved", "approved", "rejected", "withdrawn"]),
    at=past,
    sha=st.sampled_from([None, SHA, HEAD, OTHER]),
)
deployments = st.builds(
    make_deployment,
    environment=st.sampled_from(["staging", "production"]),
    id=st.integers(1, 99),
    sha=st.sampled_from([SHA, SHA, OTHER]),
    state=st.sampled_from(["waiting", "queued", "in_progress", "success", "failure", "inactive"]),
    created_at=past,
    succeeded=st.booleans(),
    finished_at=st.none() | past,
)
freezes = st.builds(
    Freeze,
    reason=st.sampled_from(["Sale", "Move"]),
    by=logins,
    environments=st.sampled_from([frozenset(), frozenset({"production"}), frozenset({"staging"})]),
    since=st.none() | moments,
    until=st.none() | moments,
)
pull_requests = st.sampled_from(
    [
        None,
        make_pull_request(),
        make_pull_request(labels=frozenset({"urgent"}), body=""),
        make_pull_request(from_fork=True, merged=False),
    ]
)
changes = st.sampled_from(
    [
        Changes(paths=("shop/basket.py",), lines=5, authors=frozenset({"grace"})),
        Changes(paths=("migrations/1.sql",), lines=50, authors=frozenset({"bo", "grace"})),
    ]
)
relations = st.fixed_dictionaries({"production": st.sampled_from([*Relation, GONE])})
evidence = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(
            [Evidence(passed=True, detail=""), Evidence(passed=False, detail="exit 1"), GONE]
        )
        for name in ("Alerts", "Told")
    },
)
checks = st.builds(
    make_check, name=st.sampled_from(["test", "lint"]), state=st.sampled_from(list(CheckState))
)
ticks = st.builds(Tick, item=st.just("Scheduled"), by=logins, at=past)


def several(items: st.SearchStrategy[Any], unique_by: Any = None) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=4, unique_by=unique_by).map(tuple) | st.just(GONE)


facts_of_all_kinds = st.builds(
    make_facts,
    branch=st.sampled_from(["main", "hotfix/x"]),
    deployer=logins,
    triggered_by=st.just("") | logins,
    requested_at=past,
    intent=st.sampled_from(["deploy", "deploy", "rollback"]),
    place=st.sampled_from(["gate", "action"]),
    people=people,
    checks=several(checks),
    pull_request=pull_requests | st.just(GONE),
    changes=changes | st.just(GONE),
    approvals=several(approvals),
    ticks=several(ticks),
    freezes=several(freezes),
    deployments=several(deployments, unique_by=lambda one: one.id),
    relations=relations,
    evidence=evidence,
    emergency=st.none() | st.builds(Emergency, by=logins, reason=st.sampled_from(["Down", ""]), at=past),
)


def with_facts(facts: Facts, changes: Mapping[str, Any]) -> Facts:
    return replace(facts, **changes)


def blocking_codes(decision: Decision) -> set[str]:
    return {finding.code for finding in decision.blocking}


@settings(deadline=None, max_examples=100)
@given(policies, facts_of_all_kinds, moments)
def test_every_finding_is_in_the_catalogue(policy: Policy, facts: Facts, now: datetime) -> None:
    for finding in decide([policy], facts, now).findings:
        known = CATALOGUE[finding.code]
        assert known.rule in (finding.rule, ANY_RULE)
        assert finding.verdict in known.verdicts or finding.why.startswith("Passed (")
        assert finding.why
        assert finding.recheck_at is None or finding.recheck_at > now


@settings(deadline=None, max_examples=100)
@given(policies, policies | st.just(GONE), facts_of_all_kinds, moments)
def test_another_policy_never_loosens(
    own: Policy, other: Policy | Missing, facts: Facts, now: datetime
) -> None:
    alone = decide([own], facts, now)
    assert decide([other, own], facts, now).verdict >= alone.verdict


FIELDS = ("checks", "pull_request", "changes", "approvals", "ticks", "freezes", "deployments")


@settings(deadline=None, max_examples=200)
@given(policies, facts_of_all_kinds, moments, st.sampled_from(FIELDS))
def test_a_missing_fact_never_allows_what_the_fact_does_not(
    policy: Policy, facts: Facts, now: datetime, missing: str
) -> None:
    if decide([policy], with_facts(facts, {missing: GONE}), now).verdict is Verdict.ALLOW:
        assert decide([policy], facts, now).verdict is Verdict.ALLOW


@settings(deadline=None, max_examples=100)
@given(policies, facts_of_all_kinds, moments)
def test_people_or_relations_that_cannot_be_read_never_allow(
    policy: Policy, facts: Facts, now: datetime
) -> None:
    people_gone = People(permissions=GONE, teams=dict.fromkeys(facts.people.teams, GONE))
    for lost in (replace(facts, people=people_gone), replace(facts, relations={})):
        if decide([policy], lost, now).verdict is Verdict.ALLOW:
            assert decide([policy], facts, now).verdict is Verdict.ALLOW


@settings(deadline=None, max_examples=100)
@given(policies, facts_of_all_kinds, moments, st.integers())
def test_the_order_of_facts_does_not_matter(policy: Policy, facts: Facts, now: datetime, seed: int) -> None:
    random = Random(seed)
    shuffled = {
        name: tuple(random.sample(value, len(value)))
        for name in ("checks", "approvals", "ticks", "freezes", "deployments")
        if isinstance(value := getattr(facts, name), tuple)
    }
    assert decide([policy], with_facts(facts, shuffled), now) == decide([policy], facts, now)


@settings(deadline=None, max_examples=200)
@given(policies, facts_of_all_kinds, moments, st.floats(0, 1, exclude_max=True))
def test_no_answer_changes_by_the_clock_before_it_is_looked_at_again(
    policy: Policy, facts: Facts, now: datetime, part: float
) -> None:
    decision = decide([policy], facts, now)
    end = decision.recheck_at or now + timedelta(days=400)
    sooner = now + (end - now) * part
    later = decide([policy], facts, min(sooner, end - timedelta(microseconds=1)))
    assert (later.verdict, blocking_codes(later)) == (decision.verdict, blocking_codes(decision))
