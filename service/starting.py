"""Starting workflows: for `/deploy` and `/rollback`, and after a merge. The gate decides; this never does.

What begins is written down in the reply before and after, so that a second try finds what the first began.
The safe direction of doubt is not to start: at worst a person asks again, and nothing runs twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gateway.errors import Forbidden, NotFound, Rejected, Unavailable
from gateway.github import GitHub, Run
from gateway.starts import Start, is_recorded, is_tag, record_start, runs_of, start_run, workflow_inputs
from gateway.threads import Pull
from protocol.answers import short
from protocol.facts import Deployment
from protocol.globs import matches_any
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.rights import right_to_start
from protocol.rollback import is_good, last_good, runs_now, version_of
from service.replies import Outcome, Reply, no, unclear
from service.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One workflow to start. `asked_at` is when it was asked for, by GitHub's clock."""

    environment: str
    workflow: str
    ref: str
    inputs: Mapping[str, str]
    start: Start
    asked_at: datetime
    how: str

    @property
    def dispatch(self) -> tuple[object, ...]:
        """What GitHub is asked for: the same for two environments means one run for both."""
        return (self.workflow, self.ref, *sorted(self.inputs.items()))


OrderFor: TypeAlias = Callable[[Request, str], Order]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Why a workflow is not started, in one sentence with the cure."""


def deploy(request: Request, reply: Reply) -> Outcome:
    """Start each environment's workflow; what is missing is waited for by the gate."""
    return _carried_out(request, reply, _order_to_deploy)


def rollback(request: Request, reply: Reply) -> Outcome:
    """Start each environment's workflow in its phase `rollback`, for a version that ran well there."""
    return _carried_out(request, reply, _order_to_go_back)


def _carried_out(request: Request, reply: Reply, order_for: OrderFor) -> Outcome:
    lines, refusals = [], []
    runs: dict[object, Run] = {}  # a workflow that goes through several environments is started once
    for name in request.command.environments:
        try:
            _check_right(request, name)
            order = order_for(request, name)
            if order.dispatch not in runs:
                runs[order.dispatch] = carry_out(request.github, order, reply, us=request.rulebook.us)
            lines.append(said_of(order, runs[order.dispatch]))
        except Refused as refusal:
            refusals.append(f"- **{escape(name)}**: {refusal}.")
    text = "\n".join([*lines, *refusals])
    if not refusals:
        return Outcome(text=text, reaction="rocket")
    return unclear(text) if lines else no(text)


def carry_out(github: GitHub, order: Order, reply: Reply, *, us: str) -> Run:
    """Start the order's workflow, unless an earlier try did. Raises Refused with GitHub's reason."""
    run_id = reply.begun.get(order.environment)
    run = github.run(run_id) if run_id else _left_behind(github, order, reply, us=us)
    if run is None:
        reply.begin()
        run = _dispatched(github, order, us=us)
    reply.begin({order.environment: run.id})
    if not (reply.is_repeated and is_recorded(github, run)):
        record_start(github, run, order.start, how=order.how)
    return run


def _dispatched(github: GitHub, order: Order, *, us: str) -> Run:
    try:
        run_id = start_run(github, order.workflow, order.ref, order.inputs)
    except (Rejected, NotFound, Forbidden) as error:
        raise Refused(f"GitHub did not start `{order.workflow}`: {escape(str(error).rstrip('.'))}") from error
    run = github.run(run_id) if run_id else next(_unclaimed(github, order, us=us), None)
    if run is None:
        raise Unavailable(f"{order.workflow} was started, and its run cannot be seen yet. Looking again.")
    return run


def _left_behind(github: GitHub, order: Order, reply: Reply, *, us: str) -> Run | None:
    """A run that an earlier try began and had no time to write down."""
    return next(_unclaimed(github, order, us=us), None) if reply.is_repeated else None


def _unclaimed(github: GitHub, order: Order, *, us: str) -> Iterator[Run]:
    """Our runs of the workflow since it was asked for, that nobody is written down for."""
    for run in runs_of(github, order.workflow, event="workflow_dispatch", branch=order.ref):
        if run.actor == us and run.created_at >= order.asked_at and not is_recorded(github, run):
            yield run


def _check_right(request: Request, environment: str) -> None:
    right = right_to_start(request.policies, environment, request.author, request.people)
    if not right:
        raise Refused(escape(right.refusal))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workflow:
    """A workflow at a branch or tag, and the inputs it takes there."""

    file: str
    ref: str
    takes: frozenset[str]

    def order(self, environment: str, start: Start, *, asked_at: datetime, how: str, **given: str) -> Order:
        """To start it with those of the `given` inputs that it takes."""
        inputs = {"environment": environment, **given}
        return Order(
            environment=environment,
            workflow=self.file,
            ref=self.ref,
            inputs={key: value for key, value in inputs.items() if value and key in self.takes},
            start=start,
            asked_at=asked_at,
            how=how,
        )

    def require(self, name: str) -> None:
        if name not in self.takes:
            raise Refused(f"`{self.file}` takes no `{name}`; add it under `on.workflow_dispatch.inputs`")


def _order_to_deploy(request: Request, name: str) -> Order:
    version = request.command.version
    tagged = bool(version) and is_tag(request.github, version)
    workflow = _workflow(request.github, request.policy, name, version if tagged else _ref(request))
    if version and not tagged:
        workflow.require("version")
    start = Start(by=request.author)
    return workflow.order(name, start, asked_at=request.comment.at, how=_how(request), version=version)


def _order_to_go_back(request: Request, name: str) -> Order:
    workflow = _workflow(request.github, request.policy, name, request.rulebook.default_branch)
    workflow.require("version")
    workflow.require("phase")
    target = _target(request.github, name, request.command.version)
    return workflow.order(
        name,
        Start(by=request.author, intent="rollback", target=target.sha),
        asked_at=request.comment.at,
        how=_how(request),
        version=version_of(target),
        phase="rollback",
    )


def _how(request: Request) -> str:
    return f"Asked for with `/{request.command.word}` in #{request.thread.number}."


def order_after_merge(github: GitHub, policy: Policy, name: str, pull: Pull) -> Order:
    """Of the branch the pull request was merged into, for the person who merged it."""
    assert pull.merged_at is not None  # noqa: S101 - the caller knows it as merged
    workflow = _workflow(github, policy, name, pull.base_branch)
    start = Start(by=pull.merged_by)
    return workflow.order(name, start, asked_at=pull.merged_at, how=f"#{pull.number} was merged.")


def _workflow(github: GitHub, policy: Policy, name: str, ref: str) -> _Workflow:
    file = policy.environments[name].workflow
    if file is None:
        raise Refused("the policy names no `workflow:` to start; add one, such as `workflow: deploy.yml`")
    return _Workflow(file=file, ref=ref, takes=_inputs(github, file, ref))


def _ref(request: Request) -> str:
    """The default branch; a hotfix branch its own, before it is merged."""
    pull, default = request.thread.pull, request.rulebook.default_branch
    if pull is None or (pull.merged and pull.base_branch == default):
        return default
    if pull.merged:
        raise Refused(
            f"it was merged into {escape(pull.base_branch)}; deployments start from {escape(default)}"
        )
    if pull.from_fork:
        raise Refused("it comes from a fork; merge it first, forks are never deployed")
    hotfix = request.policy.hotfix
    if hotfix is not None and matches_any(hotfix.branches, pull.head_branch):
        return pull.head_branch
    raise Refused("it is not merged; merge it first. Only hotfix branches are deployed before")


def _inputs(github: GitHub, workflow: str, ref: str) -> frozenset[str]:
    try:
        takes = workflow_inputs(github, workflow, ref)
    except NotFound:
        raise Refused(f"there is no `.github/workflows/{workflow}` at {escape(ref)}; add it") from None
    if takes is None:
        raise Refused(f"`{workflow}` cannot be started by hand; add `workflow_dispatch:` under `on:`")
    return takes


def _target(github: GitHub, name: str, wanted: str) -> Deployment:
    """What ran well there: the version asked for, or the newest but what runs now."""
    known = github.deployments(name)
    if not wanted:
        now = runs_now(known, name)
        target = last_good(known, name, but=now.sha if now else "")
        if target is None:
            raise Refused("no earlier version is known to have run well there; name one")
        return target
    asked = [one for one in known if wanted in (one.version, one.sha, short(one.sha))]
    if not asked:
        raise Refused(f"{escape(wanted)} never ran there, as far as the latest deployments show")
    if not is_good(known, asked[0]):
        raise Refused(f"{escape(wanted)} did not run well there; choose another version")
    return asked[0]


def said_of(order: Order, run: Run) -> str:
    back = f"going back to {short(order.start.target)}" if order.start.intent == "rollback" else ""
    what = back or f"started {short(run.sha)} of {escape(order.ref)}"
    where = f"in [this run]({run.url}). Its gate says what it waits for."
    return f"- **{escape(order.environment)}**: {what} {where}"
