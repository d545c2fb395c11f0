"""Before anything runs: what is known, what only a job can find out, and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from action.announce import Delivery, announce, news_so_far
from action.commands import environment_for_commands, run_command
from action.earlier import learn_of_earlier, note_not_begun, pass_on
from action.github import GitHub
from action.job import Job, Progress
from action.record import note_told
from action.summary import write_state
from action.way_back import bad_versions
from protocol.answers import refuse
from protocol.conditions import applies
from protocol.decision import decide, environment_in
from protocol.errors import PolicyError
from protocol.facts import Changes, Deployment, Emergency, Evidence, Facts, Known, Missing
from protocol.gate import Gate
from protocol.plan import Plan, plan_of
from protocol.policy import ChecklistItem, Policy
from protocol.rollback import RULE, last_good, runs_now, version_of
from protocol.verdict import Decision, Verdict

_UTC = ZoneInfo("UTC")
Policies: TypeAlias = Sequence[Policy | PolicyError | Missing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a deployment that may begin goes by."""

    policy: Policy
    plan: Plan
    facts: Facts
    decision: Decision
    made_by_github: int | None  # its Deployment; None: the job has no `environment:`


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was found. `allowed` is None unless the deployment may begin."""

    decision: Decision
    zone: ZoneInfo = _UTC
    deployment_id: int | None = None
    allowed: Allowed | None = None


def look_before(job: Job, github: GitHub, progress: Progress) -> Preflight:
    """Gather policy and facts, run the checklist's commands, decide; announce only what is allowed."""
    now = job.clock()
    policies, facts = github.facts_for(_gate(job, now), now, place="action")
    deployment_id = _deployment_github_made(job, github)
    policy = _own(policies)
    plan = _plan(policy, job.inputs.environment)
    progress.deployment_id = deployment_id
    facts = _going_back(_declared(facts, job, now), job, progress)
    _learn(facts, progress)
    facts = replace(facts, evidence=_evidence(policy, facts, job, progress))
    decision = _with_a_way_back(decide(policies, facts, now), facts, job)
    if decision.verdict is Verdict.ALLOW and _goes_on(job) and plan is not None:
        write_state(job.workflow, "journal", job.journal.path)  # before anybody is told that it begins
        learn_of_earlier(plan, job, github, progress)
        facts, decision = _announced(policies, facts, plan, job, progress)
        if decision.verdict is not Verdict.ALLOW:
            note_not_begun(job, progress)
            job.journal.finished("waiting")  # the next attempt tells the rest
        note_told(job, github, progress)
    else:
        pass_on(plan if _goes_on(job) else None, job, github, progress)
    allowed = None
    if decision.verdict is Verdict.ALLOW and policy is not None and plan is not None:
        allowed = Allowed(
            policy=policy, plan=plan, facts=facts, decision=decision, made_by_github=deployment_id
        )
    zone = policy.timezone if policy is not None else _UTC
    return Preflight(decision=decision, zone=zone, deployment_id=deployment_id, allowed=allowed)


def _deployment_github_made(job: Job, github: GitHub) -> int | None:
    """Known once the facts are, which tell of the job's own check as well."""
    check_run_id = job.inputs.check_run_id
    made = github.deployment_of_check(check_run_id) if check_run_id is not None else None
    return made.id if made is not None else None


def _gate(job: Job, now: datetime) -> Gate:
    return Gate(
        repository=job.workflow.repository,
        run_id=job.workflow.run_id,
        environment=job.inputs.environment,
        sha=job.workflow.sha,
        ref=job.workflow.ref or job.workflow.ref_name,
        requested_at=now,
        check_run_id=job.inputs.check_run_id,
    )


def _own(policies: Policies) -> Policy | None:
    """The repository's own policy, which comes last, if it can be used."""
    return policies[-1] if policies and isinstance(policies[-1], Policy) else None


def _plan(policy: Policy | None, name: str) -> Plan | None:
    if policy is None or environment_in(policy, name) is None:
        return None
    return plan_of(policy, name)


def _declared(facts: Facts, job: Job, now: datetime) -> Facts:
    reason = job.inputs.emergency_reason
    if not reason:
        return facts
    by = job.workflow.triggering_actor or job.workflow.actor or facts.deployer
    return replace(facts, emergency=Emergency(by=by.lower(), reason=reason, at=now))


def _going_back(facts: Facts, job: Job, progress: Progress) -> Facts:
    """An asked rollback deploys a version that ran well, so that is the one to decide about."""
    if job.inputs.phase != "rollback":
        return facts
    facts = replace(facts, intent="rollback")
    if isinstance(facts.deployments, Missing):
        return facts
    running = runs_now(facts.deployments, facts.environment)
    target = _target(facts.deployments, job, running)
    if running is not None:
        progress.version, progress.sha = version_of(running), running.sha
    return replace(facts, sha=target.sha) if target is not None else facts


def _with_a_way_back(decision: Decision, facts: Facts, job: Job) -> Decision:
    """With nowhere to go back to, the workflow's own commit was judged, which nobody meant."""
    if facts.intent != "rollback" or isinstance(facts.deployments, Missing):
        return decision
    if _target(facts.deployments, job, runs_now(facts.deployments, facts.environment)) is not None:
        return decision
    nowhere = refuse(RULE, "rollback.not_proven", _nowhere(job.inputs.version, facts.environment))
    return Decision((*(one for one in decision.findings if one.rule != RULE), nowhere))


def _nowhere(wanted: str, environment: str) -> str:
    if wanted:
        return f"{wanted} never ran in {environment}; name a version that the log shows"
    return f"No other version is known to have run well in {environment}; deploy one instead"


def _target(deployments: tuple[Deployment, ...], job: Job, running: Deployment | None) -> Deployment | None:
    wanted, environment = job.inputs.version, job.inputs.environment
    if wanted:
        here = [one for one in deployments if one.environment.casefold() == environment.casefold()]
        return next((one for one in here if wanted in (one.version, one.sha)), None)
    return last_good(deployments, environment, but=running.sha if running else "")


def _learn(facts: Facts, progress: Progress) -> None:
    """What ran before: another commit that went well, or in a rollback the one to go back to."""
    progress.emergency = facts.emergency is not None
    progress.changed_paths = facts.changes.paths if isinstance(facts.changes, Changes) else None
    if isinstance(facts.deployments, Missing):
        return
    progress.bad_versions = bad_versions(facts.deployments, facts.environment)
    if facts.intent == "rollback":
        before = next((one for one in facts.deployments if one.sha == facts.sha and one.succeeded), None)
    else:
        before = last_good(facts.deployments, facts.environment, but=facts.sha)
    if before is not None:
        progress.previous_version, progress.previous_sha = version_of(before), before.sha


def _goes_on(job: Job) -> bool:
    return job.inputs.phase != "check" and not job.inputs.dry_run


def _evidence(
    policy: Policy | None, facts: Facts, job: Job, progress: Progress
) -> Mapping[str, Known[Evidence]]:
    """What the checklist asks of a job. Notified items are taken as told until it is time to tell."""
    evidence: dict[str, Known[Evidence]] = dict(facts.evidence)
    for item in _items(policy, facts):
        if item.run is not None:
            evidence[item.item] = _run_item(item, item.run, job, progress)
        elif item.notified is not None:
            evidence[item.item] = Evidence(passed=True, detail="told when the deployment begins")
    return evidence


def _items(policy: Policy | None, facts: Facts) -> list[ChecklistItem]:
    environment = environment_in(policy, facts.environment) if policy is not None else None
    if environment is None:
        return []
    return [item for item in environment.checklist if applies(item.when, environment, facts) is not False]


def _run_item(item: ChecklistItem, command: str, job: Job, progress: Progress) -> Evidence:
    with job.console.group(f"checklist: {item.item}"), job.console.fence():
        outcome = run_command(
            command,
            environ=environment_for_commands(job.environ, progress.variables),
            directory=job.workflow.workspace,
            timeout=item.timeout.total_seconds(),
            stop=job.stop,
            write=job.console.output,
        )
    detail = f"`{command}` passed" if outcome.succeeded else f"`{command}` {outcome.reason}"
    return Evidence(passed=outcome.succeeded, detail=detail)


def _announced(
    policies: Policies, facts: Facts, plan: Plan, job: Job, progress: Progress
) -> tuple[Facts, Decision]:
    """Tell the team; where the checklist asks for that, whether it was told decides again."""
    news = news_so_far(job, progress, **_known_before(facts))
    told = _told(announce("before", plan.notify, news, job=job, progress=progress))
    asked = {item.item: told for item in _items(_own(policies), facts) if item.notified == "before"}
    facts = replace(facts, evidence={**facts.evidence, **asked})
    return facts, decide(policies, facts, job.clock())


def _known_before(facts: Facts) -> dict[str, str]:
    pull_request = None if isinstance(facts.pull_request, Missing) else facts.pull_request
    return {
        "deployer": facts.deployer,
        "approvers": ", ".join(facts.approvers),
        "emergency": facts.emergency.reason if facts.emergency is not None else "",
        "changes": f"{pull_request.title} (#{pull_request.number})" if pull_request is not None else "",
    }


def _told(deliveries: tuple[Delivery, ...]) -> Evidence:
    if not deliveries:
        return Evidence(passed=False, detail="`notify.before` names no channel")
    failed = [delivery for delivery in deliveries if not delivery.delivered]
    if failed:
        detail = "; ".join(f"{delivery.channel}: {delivery.wrong}" for delivery in failed)
        return Evidence(passed=False, detail=detail)
    return Evidence(passed=True, detail="told " + ", ".join(delivery.channel for delivery in deliveries))
