"""The policy's own `tests:`, asked of `decide` with everything they do not say as good as it can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from protocol.decision import decide, environment_in
from protocol.facts import (
    Approval,
    ApprovalMethod,
    Check,
    CheckState,
    Deployment,
    Evidence,
    Facts,
    Missing,
    People,
    Permission,
    PullRequest,
    Relation,
    Tick,
)
from protocol.moments import in_zone, later, say_moment
from protocol.policy import Environment, Policy, PolicyTest
from protocol.principals import Principal, anyone_of
from protocol.verdict import Decision

_SHA = "0" * 40
_AGE = timedelta(days=1)  # what is done was done so long ago, on top of any bake time


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """One case and how it came out; `message` is one sentence, of what came instead when it failed."""

    __test__ = False  # no test class of pytest's

    case: PolicyTest
    passed: bool
    message: str


def run_policy_tests(policy: Policy) -> tuple[TestOutcome, ...]:
    """Ask each case; in the order of the file."""
    return tuple(_outcome(policy, case) for case in policy.tests)


def _outcome(policy: Policy, case: PolicyTest) -> TestOutcome:
    decision = decide([policy], _facts(policy, case), in_zone(case.at, policy.timezone))
    as_expected = decision.verdict.word == case.expect
    passed = as_expected and _is_because(decision, case)
    return TestOutcome(case=case, passed=passed, message=_message(policy, case, decision, passed=passed))


def _is_because(decision: Decision, case: PolicyTest) -> bool:
    """`because` names a rule or a code among the findings with the expected verdict."""
    if case.because is None:
        return True
    return any(
        case.because in (finding.rule, finding.code) and finding.verdict.word == case.expect
        for finding in decision.findings
    )


def _message(policy: Policy, case: PolicyTest, decision: Decision, *, passed: bool) -> str:
    moment = say_moment(in_zone(case.at, policy.timezone), policy.timezone)
    because = f" because of {case.because}" if case.because else ""
    expected = f"{case.environment} at {moment}: {case.expect}{because}"
    if passed:
        return expected
    return f"{expected} was expected, but the answer is {decision.verdict.word}: {_reasons(decision)}"


def _reasons(decision: Decision) -> str:
    blocking = decision.blocking
    return "; ".join(f"{finding.why} ({finding.code})" for finding in blocking) or "nothing stands in the way"


def _facts(policy: Policy, case: PolicyTest) -> Facts:
    """Nothing is wrong with this deployment, except what the policy itself makes wrong at that moment."""
    environment = environment_in(policy, case.environment) or Environment()
    people = _everybody(policy, environment)
    now = in_zone(case.at, policy.timezone)
    return Facts(
        repository="owner/name",
        environment=case.environment,
        sha=_SHA,
        branch="main",
        deployer=_deployer(policy, environment, people),
        requested_at=now,
        people=people,
        checks=tuple(
            Check(name=name, state=CheckState.PASSED, required=True) for name in _checks(environment)
        ),
        pull_request=_pull_request(environment),
        approvals=tuple(
            Approval(by=login, method=method, state="approved", at=now)
            for login in _logins(people)
            for method in _methods(environment)
        ),
        ticks=tuple(
            Tick(item=item.item, by=login, at=now)
            for item in environment.checklist
            for login in _logins(people)
        ),
        deployments=tuple(_done_before(environment, now)),
        relations=dict.fromkeys(policy.environments, Relation.AHEAD),
        evidence={item.item: Evidence(passed=True, detail="done") for item in environment.checklist},
    )


def _everybody(policy: Policy, environment: Environment) -> People:
    """Whoever the policy names, and as many others as it may need, each of them in every team."""
    principals = list(_principals(policy, environment))
    others = sum(rule.count for rule in environment.approvals) + _most_reviews(environment) + 1
    if policy.hotfix is not None:
        others += policy.hotfix.approvals
    logins = [f"somebody-{number}" for number in range(others)]
    logins.extend(principal.name for principal in principals if principal.kind == "user")
    teams = {principal.name: frozenset(logins) for principal in principals if principal.kind == "team"}
    return People(permissions=dict.fromkeys(logins, Permission.ADMIN), teams=teams)


def _principals(policy: Policy, environment: Environment) -> Iterator[Principal]:
    yield from policy.access.deployers
    yield from environment.access.deployers if environment.access else ()
    for rule in environment.approvals:
        yield from rule.from_
        yield from rule.when.authors if rule.when else ()
    for item in environment.checklist:
        yield from item.tick or ()
        yield from item.when.authors if item.when else ()


def _most_reviews(environment: Environment) -> int:
    return max((item.reviews or 0 for item in environment.checklist), default=0)


def _logins(people: People) -> tuple[str, ...]:
    return () if isinstance(people.permissions, Missing) else tuple(people.permissions)


def _deployer(policy: Policy, environment: Environment, people: People) -> str:
    """Somebody whom every list of deployers has; anybody when there is no such person."""
    lists = [policy.access.deployers, *([environment.access.deployers] if environment.access else [])]
    may = (
        login
        for login in _logins(people)
        if all(anyone_of(principals, login, people) is True for principals in lists)
    )
    return next(may, _logins(people)[0])


def _methods(environment: Environment) -> tuple[ApprovalMethod, ...]:
    return tuple(dict.fromkeys(("review", *environment.approval_options.methods)))


def _checks(environment: Environment) -> Iterator[str]:
    yield "checks"
    for item in environment.checklist:
        yield from item.checks if isinstance(item.checks, tuple) else ()


def _pull_request(environment: Environment) -> PullRequest:
    titles = [item.section for item in environment.checklist if item.section is not None]
    body = "\n".join(f"# {title}\nWritten." for title in titles)
    return PullRequest(
        number=1, author="author", head_sha=_SHA, head_branch="topic", merged=True, merge_sha=_SHA, body=body
    )


def _done_before(environment: Environment, at: datetime) -> Iterator[Deployment]:
    bake = environment.after.bake if environment.after else timedelta(0)
    for number, name in enumerate(_earlier_environments(environment)):
        done = later(at, -(bake + _AGE))
        yield Deployment(
            id=number,
            environment=name,
            sha=_SHA,
            state="success",
            created_at=done,
            finished_at=done,
            succeeded=True,
        )


def _earlier_environments(environment: Environment) -> tuple[str, ...]:
    named = [item.deployed for item in environment.checklist if item.deployed is not None]
    return tuple(dict.fromkeys([*([environment.after.environment] if environment.after else []), *named]))
