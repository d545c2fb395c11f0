"""`deploy: on-merge`: each merge into the default branch starts the workflow, once.

Once is agreed on at GitHub: a claim on the pull request while we work, and our comment on it when done.
A delivery that comes twice, or to two workers, finds one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.claims import claimed
from gateway.github import GitHub
from gateway.rulebook import read_rulebook
from gateway.starts import is_recorded, runs_of
from gateway.threads import Pull, read_pull
from protocol.markdown import escape
from protocol.policy import Policy
from service.replies import Outcome, Reply, unclear
from service.starting import Refused, carry_out, order_after_merge, said_of


def start_after_merge(github: GitHub, number: int, clock: Callable[[], datetime]) -> None:
    """Start what the policy says, for a pull request that GitHub shows as merged."""
    rulebook = read_rulebook(github, clock())
    policy = rulebook.own
    if not isinstance(policy, Policy):
        return
    names = [name for name, one in policy.environments.items() if one.deploy == "on-merge" and one.workflow]
    pull = read_pull(github, number) if names else None
    if pull is None or pull.merged_at is None or pull.base_branch != rulebook.default_branch:
        return
    with claimed(github, f"issues/{number}", clock):
        reply = Reply(github, number, "on-merge", us=rulebook.us, since=pull.merged_at)
        if reply.done is None:
            merge = _Merge(github=github, us=rulebook.us, policy=policy, pull=pull)
            reply.finish(_outcome([_start(merge, name, reply) for name in names]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merge:
    github: GitHub
    us: str
    policy: Policy
    pull: Pull


def _start(merge: _Merge, name: str, reply: Reply) -> tuple[bool, str]:
    """Whether it went well, and what people are told."""
    if name not in reply.begun and _runs_already(merge, name):
        return True, f"- **{escape(name)}**: its workflow already runs for this merge."
    try:
        order = order_after_merge(merge.github, merge.policy, name, merge.pull)
        return True, said_of(order, carry_out(merge.github, order, reply, us=merge.us))
    except Refused as refusal:
        return False, f"- **{escape(name)}**: {refusal}."


def _runs_already(merge: _Merge, name: str) -> bool:
    """By a push, or for a merge right after this one, whose run is of this commit too."""
    workflow = merge.policy.environments[name].workflow or ""
    return any(
        not run.event.startswith("pull_request") and (run.actor != merge.us or is_recorded(merge.github, run))
        for run in runs_of(merge.github, workflow, head_sha=merge.pull.merge_sha)
    )


def _outcome(lines: list[tuple[bool, str]]) -> Outcome:
    text = "\n".join(["Merged, so the policy deploys it:", "", *(line for _, line in lines)])
    return Outcome(text=text, reaction="rocket") if all(well for well, _ in lines) else unclear(text)
