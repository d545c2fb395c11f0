"""Workflows, their runs, jobs and pending deployments as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp, stamp_or_none
from sandbox.shapes.checks import head_commit_shape, pull_links
from sandbox.shapes.environments import environment_link_shape, reviewer_shape
from sandbox.shapes.repositories import minimal_repository_shape
from sandbox.state import (
    Approval,
    Environment,
    Job,
    PendingDeployment,
    Repository,
    Step,
    Workflow,
    WorkflowRun,
)
from sandbox.world import World


def workflow_shape(world: World, repository: Repository, workflow: Workflow) -> dict[str, Any]:
    branch = repository.default_branch
    return {
        "id": workflow.id,
        "node_id": node_id("Workflow", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": workflow.state,
        "created_at": stamp(workflow.created_at),
        "updated_at": stamp(workflow.updated_at),
        "url": repo_url(world, repository, f"/actions/workflows/{workflow.id}"),
        "html_url": repo_html(world, repository, f"/blob/{branch}/{workflow.path}"),
        "badge_url": repo_html(world, repository, f"/workflows/{workflow.name}/badge.svg"),
    }


def run_shape(world: World, run: WorkflowRun) -> dict[str, Any]:
    repository = run.repository
    url = repo_url(world, repository, f"/actions/runs/{run.id}")
    home = minimal_repository_shape(world, repository)
    earlier = f"{url}/attempts/{run.attempt - 1}" if run.attempt > 1 else None
    return {
        "id": run.id,
        "name": run.workflow.name,
        "node_id": node_id("WorkflowRun", run.id),
        "check_suite_id": run.suite.id,
        "check_suite_node_id": node_id("CheckSuite", run.suite.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow.path,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "event": run.event,
        "display_title": run.title,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow.id,
        "url": url,
        "html_url": repo_html(world, repository, f"/actions/runs/{run.id}"),
        "pull_requests": pull_links(world, repository, run.head_sha),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "run_started_at": stamp(run.started_at or run.created_at),
        "actor": account_shape(world, run.actor),
        "triggering_actor": account_shape(world, run.triggering_actor),
        **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")},
        "check_suite_url": repo_url(world, repository, f"/check-suites/{run.suite.id}"),
        "previous_attempt_url": earlier,
        "workflow_url": repo_url(world, repository, f"/actions/workflows/{run.workflow.id}"),
        "head_commit": head_commit_shape(repository, run.head_sha),
        "repository": home,
        "head_repository": minimal_repository_shape(world, run.fork) if run.fork else home,
    }


def job_shape(world: World, job: Job) -> dict[str, Any]:
    run, repository = job.run, job.run.repository
    taken = job.started_at is not None and job.conclusion != "skipped"
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": repo_url(world, repository, f"/actions/runs/{run.id}"),
        "run_attempt": job.attempt,
        "node_id": node_id("CheckRun", job.id),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "workflow_name": run.workflow.name,
        "url": repo_url(world, repository, f"/actions/jobs/{job.id}"),
        "html_url": repo_html(world, repository, f"/actions/runs/{run.id}/job/{job.id}"),
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.created_at),
        "started_at": stamp(job.started_at or job.created_at),
        "completed_at": stamp_or_none(job.completed_at),
        "name": job.name,
        "steps": [_step(step) for step in job.steps],
        "check_run_url": repo_url(world, repository, f"/check-runs/{job.id}"),
        "labels": list(job.labels),
        "runner_id": 1 if taken else None,
        "runner_name": "sandbox" if taken else None,
        "runner_group_id": 1 if taken else None,
        "runner_group_name": "Default" if taken else None,
    }


def job_event_shape(world: World, job: Job) -> dict[str, Any]:
    """A webhook's job: `pending` is not among its words."""
    status = "queued" if job.status == "pending" else job.status
    return {**job_shape(world, job), "status": status}


def job_review_shape(world: World, job: Job) -> dict[str, Any]:
    """What `deployment_review` says of the job at the door (`workflow_job_run`)."""
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "conclusion": None,
        "environment": job.environment.name if job.environment else "",
        "html_url": job_shape(world, job)["html_url"],
        "created_at": stamp(job.created_at),
        "updated_at": stamp(job.started_at or job.created_at),
    }


def pending_shape(
    world: World, repository: Repository, pending: PendingDeployment, *, may_approve: bool
) -> dict[str, Any]:
    environment = pending.environment
    timer = next((rule.wait_minutes for rule in environment.rules if rule.type == "wait_timer"), 0)
    reviewers = [reviewer for rule in environment.rules for reviewer in rule.reviewers]
    return {
        "environment": environment_link_shape(world, repository, environment),
        "wait_timer": timer,
        "wait_timer_started_at": stamp_or_none(pending.wait_timer_started_at),
        "current_user_can_approve": may_approve,
        "reviewers": [reviewer_shape(world, reviewer) for reviewer in reviewers],
    }


def approval_shape(world: World, repository: Repository, approval: Approval) -> dict[str, Any]:
    return {
        "environments": [_dated(world, repository, each) for each in approval.environments],
        "state": approval.state,
        "user": account_shape(world, approval.user),
        "comment": approval.comment,
    }


def _dated(world: World, repository: Repository, environment: Environment) -> dict[str, Any]:
    return {
        **environment_link_shape(world, repository, environment),
        "created_at": stamp(environment.created_at),
        "updated_at": stamp(environment.updated_at),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": stamp_or_none(step.started_at),
        "completed_at": stamp_or_none(step.completed_at),
    }
