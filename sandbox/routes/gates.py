"""The doors of environments: pending deployments, approvals, and the verdicts of Apps."""

from __future__ import annotations

from sandbox import gates
from sandbox.answers import Answer, field_error, forbidden, nothing, ok, unprocessable
from sandbox.routes.runs import RUN, run_of
from sandbox.routing import Call, Routes
from sandbox.runs import advance
from sandbox.shapes.deployments import deployment_shape
from sandbox.shapes.runs import approval_shape, pending_shape
from sandbox.state import App, Approval, Environment, PendingDeployment, WorkflowRun

routes = Routes()

LONGEST_COMMENT = 1024


@routes.post(RUN + "/deployment_protection_rule", needs="deployments:write")
def answer_for_a_rule(call: Call) -> Answer:
    """A status report (`comment` alone) or the verdict (`state`), for the App's own rule only."""
    app = _own_app(call)
    run = run_of(call)
    environment = call.want("DeploymentProtectionRule", "environment_name", str)
    state, comment = call.get("state"), _comment(call)
    doors = gates.waiting_for(run, environment, app)
    if not doors:
        raise unprocessable(f"No pending deployment of '{environment}' waits for '{app.slug}' in this run.")
    if state is None:
        _report(doors, comment)
    elif state in ("approved", "rejected"):
        gates.answer_for(app, doors, approved=state == "approved")
        advance(call.world, run)
    else:
        raise unprocessable("Validation Failed", field_error("DeploymentProtectionRule", "state"))
    return nothing()


def _own_app(call: Call) -> App:
    if call.caller.kind != "installation" or call.caller.app is None:
        raise forbidden("Only the GitHub App of a deployment protection rule may answer for it.")
    return call.caller.app


def _comment(call: Call) -> str:
    comment = call.get("comment")
    if comment is None and call.get("state") is not None:
        return ""
    comment = call.want("DeploymentProtectionRule", "comment", str)
    if len(comment) > LONGEST_COMMENT:
        raise unprocessable(
            "Validation Failed",
            field_error(
                "DeploymentProtectionRule", "comment", "custom", "comment is longer than 1024 characters"
            ),
        )
    return comment


def _report(doors: list[PendingDeployment], comment: str) -> None:
    if any(len(pending.reports) >= gates.MOST_REPORTS for pending in doors):
        raise unprocessable(f"A deployment takes at most {gates.MOST_REPORTS} status reports.")
    for pending in doors:
        pending.reports.append(comment)


@routes.get(RUN + "/pending_deployments", needs="actions:read")
def pending_deployments(call: Call) -> Answer:
    run = run_of(call)
    user = call.user if call.caller.kind == "user" else None
    return ok(
        [
            pending_shape(
                call.world,
                call.repository,
                pending,
                may_approve=gates.may_review(pending, user),
            )
            for pending in _one_per_environment(run)
        ]
    )


@routes.post(RUN + "/pending_deployments", needs="user")
def review_pending_deployments(call: Call) -> Answer:
    run = run_of(call)
    state = call.want("PendingDeployment", "state", str)
    comment = call.want("PendingDeployment", "comment", str)
    if state not in ("approved", "rejected"):
        raise unprocessable("Validation Failed", field_error("PendingDeployment", "state"))
    environments = _reviewed(call, run)
    deployments = [
        pending.deployment
        for pending in run.pending
        if pending.environment in environments and pending.deployment is not None
    ]
    approval = Approval(
        environments=environments,
        state="approved" if state == "approved" else "rejected",
        user=call.user,
        comment=comment,
        at=call.world.now(),
    )
    gates.review(call.world, run, approval)
    advance(call.world, run)
    return ok([deployment_shape(call.world, call.repository, each) for each in deployments])


@routes.get(RUN + "/approvals", needs="actions:read")
def approvals(call: Call) -> Answer:
    run = run_of(call)
    return ok([approval_shape(call.world, call.repository, approval) for approval in run.approvals])


def _reviewed(call: Call, run: WorkflowRun) -> list[Environment]:
    """The environments named, each of which must wait for this very person."""
    wanted = call.want("PendingDeployment", "environment_ids", list)
    found = [pending for pending in _one_per_environment(run) if pending.environment.id in wanted]
    if not found or {pending.environment.id for pending in found} != set(wanted):
        raise unprocessable("There are no pending deployment requests for one or more environments.")
    if not all(gates.may_review(pending, call.user) for pending in found):
        raise unprocessable("You are not a required reviewer of one or more of these environments.")
    return [pending.environment for pending in found]


def _one_per_environment(run: WorkflowRun) -> list[PendingDeployment]:
    return list({pending.environment.id: pending for pending in run.pending}.values())
