"""Webhooks about runs, jobs, gates and checks. A workflow's own events start no workflows."""

from __future__ import annotations

from typing import Any

from sandbox.pulls import told_with
from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import repo_url, stamp
from sandbox.shapes.checks import check_run_event_shape, check_suite_shape
from sandbox.shapes.deployments import deployment_shape
from sandbox.shapes.environments import reviewer_shape
from sandbox.shapes.pulls import pull_shape
from sandbox.shapes.runs import job_event_shape, job_review_shape, run_shape, workflow_shape
from sandbox.state import (
    App,
    Approval,
    Event,
    Job,
    Organization,
    PendingDeployment,
    ProtectionRule,
    User,
    WorkflowRun,
)
from sandbox.world import World


def about_run(world: World, run: WorkflowRun, action: str) -> None:
    shape = run_shape(world, run)
    if action == "in_progress":
        del shape["display_title"]  # the one of the three actions without it
    payload = {
        "workflow_run": shape,
        "workflow": workflow_shape(world, run.repository, run.workflow),
    }
    _emit(world, run, "workflow_run", action, payload)


def about_job(world: World, job: Job, action: str) -> None:
    payload: dict[str, Any] = {"workflow_job": job_event_shape(world, job)}
    if job.deployment is not None:
        payload["deployment"] = deployment_shape(world, job.run.repository, job.deployment)
    _emit(world, job.run, "workflow_job", action, payload)


def about_check(world: World, job: Job, action: str) -> None:
    shape = check_run_event_shape(world, job.run.repository, job.check_run)
    _emit(world, job.run, "check_run", action, {"check_run": shape})


def suite_completed(world: World, run: WorkflowRun) -> None:
    shape = check_suite_shape(world, run.repository, run.suite)
    del shape["repository"]  # it stands beside the suite
    _emit(world, run, "check_suite", "completed", {"check_suite": shape})


def verdict_wanted(world: World, pending: PendingDeployment, app: App) -> None:
    """`deployment_protection_rule`, to the rule's own App. The run's id is only in the callback URL."""
    run = pending.job.run
    repository = run.repository
    deployment = pending.deployment
    payload = {
        "environment": pending.environment.name,
        "event": run.event,
        "sha": run.head_sha,
        "ref": run.ref,
        "deployment_callback_url": repo_url(
            world, repository, f"/actions/runs/{run.id}/deployment_protection_rule"
        ),
        "deployment": deployment_shape(world, repository, deployment) if deployment else None,
        "pull_requests": [
            pull_shape(world, repository, pull) for pull in told_with(repository, run.head_sha)
        ],
    }
    _emit(world, run, "deployment_protection_rule", "requested", payload, only=app)


def review_wanted(world: World, pending: PendingDeployment, rule: ProtectionRule) -> None:
    run = pending.job.run
    payload = {
        "environment": pending.environment.name,
        "requestor": account_shape(world, run.actor),
        "reviewers": [reviewer_shape(world, reviewer) for reviewer in rule.reviewers],
        "since": stamp(pending.since),
        "workflow_job_run": job_review_shape(world, pending.job),
        "workflow_run": {**run_shape(world, run), "head_commit": None},
    }
    _emit(world, run, "deployment_review", "requested", payload)


def review_given(
    world: World, run: WorkflowRun, approval: Approval, answered: list[PendingDeployment]
) -> None:
    rules = [rule for each in approval.environments for rule in each.rules]
    jobs = [job_review_shape(world, pending.job) for pending in answered]
    payload = {
        "approver": account_shape(world, approval.user),
        "comment": approval.comment,
        "reviewers": [reviewer_shape(world, reviewer) for rule in rules for reviewer in rule.reviewers],
        "since": stamp(min(pending.since for pending in answered)),
        "workflow_job_run": {**jobs[0], "name": None},
        "workflow_job_runs": jobs,
        "workflow_run": {**run_shape(world, run), "head_commit": None},
    }
    _emit(world, run, "deployment_review", approval.state, payload, sender=approval.user)


def _emit(
    world: World,
    run: WorkflowRun,
    name: str,
    action: str,
    payload: dict[str, Any],
    *,
    sender: User | None = None,
    only: App | None = None,
) -> None:
    if name == "deployment_review" and not isinstance(run.repository.owner, Organization):
        return  # its published payload needs an organization
    world.emit(
        Event(
            name=name,
            action=action,
            repository=run.repository,
            sender=sender or run.triggering_actor,
            payload=payload,
            only=only,
            quiet=True,
        )
    )
