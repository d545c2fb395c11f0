"""An environment's door: who is asked before a job may enter, and what their answers do."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase

from sandbox.announcements import review_given, review_wanted, verdict_wanted
from sandbox.state import (
    App,
    Approval,
    Environment,
    Job,
    PendingDeployment,
    ProtectionRule,
    Repository,
    Team,
    User,
    WorkflowRun,
)
from sandbox.world import World

LONGEST_WAIT = timedelta(days=30)
MOST_REPORTS = 10
ASKED = ("required_reviewers", "wait_timer", "custom")


def lets_in(environment: Environment, repository: Repository, ref: str) -> bool:
    """Whether the branch policies allow this ref. `*` stays within a `/`, as in Ruby's fnmatch."""
    if environment.protected_branches:
        return ref.removeprefix("refs/heads/") in repository.protected_branches
    if environment.branch_policies is None:
        return True
    kind, name = (
        ("tag", ref[10:]) if ref.startswith("refs/tags/") else ("branch", ref.removeprefix("refs/heads/"))
    )
    return any(
        policy.type == kind and _same_depth(name, policy.name) for policy in environment.branch_policies
    )


def _same_depth(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def close_door(world: World, job: Job, environment: Environment) -> PendingDeployment | None:
    """Ask everyone who must be asked; None when nobody must."""
    rules = [rule for rule in environment.rules if rule.type in ASKED]
    if not rules:
        return None
    timer = any(rule.type == "wait_timer" for rule in rules)
    pending = PendingDeployment(
        job=job,
        environment=environment,
        deployment=job.deployment,
        waiting=rules,
        wait_timer_started_at=world.now() if timer else None,
        since=world.now(),
    )
    job.run.pending.append(pending)
    return pending


def ask(world: World, pending: PendingDeployment) -> None:
    for rule in pending.waiting:
        if rule.app is not None:
            verdict_wanted(world, pending, rule.app)
        elif rule.type == "required_reviewers":
            review_wanted(world, pending, rule)


def waiting_for(run: WorkflowRun, environment: str, app: App) -> list[PendingDeployment]:
    """The doors of this environment in this run that wait for this App's own rule."""
    return [
        pending
        for pending in run.pending
        if pending.environment.name.lower() == environment.lower()
        and any(rule.app is app for rule in pending.waiting)
    ]


def answer(pending: PendingDeployment, rule: ProtectionRule, *, approved: bool) -> None:
    """One rule has spoken. The first no decides; the last yes opens."""
    pending.waiting.remove(rule)
    if not approved:
        pending.rejected_by = rule


def answer_for(app: App, doors: list[PendingDeployment], *, approved: bool) -> None:
    for pending in doors:
        for rule in [rule for rule in pending.waiting if rule.app is app]:
            answer(pending, rule, approved=approved)


def may_review(pending: PendingDeployment, user: User | None) -> bool:
    rule = _review_rule(pending)
    if rule is None or user is None:
        return False
    if rule.prevent_self_review and user is pending.job.run.triggering_actor:
        return False
    return any(_is(user, reviewer) for reviewer in rule.reviewers)


def review(world: World, run: WorkflowRun, approval: Approval) -> None:
    """Take a reviewer's answer for every door of these environments that waits for one."""
    doors = [
        pending
        for pending in run.pending
        if pending.environment in approval.environments and _review_rule(pending) is not None
    ]
    run.approvals.append(approval)
    for pending in doors:
        rule = _review_rule(pending)
        if rule is not None:
            answer(pending, rule, approved=approval.state == "approved")
    if doors:
        review_given(world, run, approval, doors)


def pass_time(world: World, pending: PendingDeployment) -> None:
    """Timers that ran out open; a door nobody answered for 30 days shuts for good."""
    now = world.now()
    for rule in [rule for rule in pending.waiting if rule.type == "wait_timer"]:
        if pending.wait_timer_started_at and now - pending.wait_timer_started_at >= timedelta(
            minutes=rule.wait_minutes
        ):
            answer(pending, rule, approved=True)
    if pending.waiting and now - pending.since >= LONGEST_WAIT:
        pending.rejected_by = pending.waiting[0]


def _review_rule(pending: PendingDeployment) -> ProtectionRule | None:
    return next((rule for rule in pending.waiting if rule.type == "required_reviewers"), None)


def _is(user: User, reviewer: User | Team) -> bool:
    return user in reviewer.members if isinstance(reviewer, Team) else user is reviewer
