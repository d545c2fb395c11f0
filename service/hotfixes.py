"""A hotfix that is in comes back to the branch others build on, whoever deployed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import structlog

from gateway.errors import Forbidden, NotFound, Rejected
from gateway.github import GitHub
from gateway.history import running
from gateway.own_comments import write_own_comment
from gateway.text import post_mortem_line
from protocol.backports import POST_MORTEM_LABEL, hotfix_post_mortem
from protocol.entry import Entry
from protocol.facts import Deployment
from protocol.globs import matches_any
from protocol.policy import Hotfix, Policy

_NEWEST = 30  # deployments, among which what runs now is looked for
_MARKER = "<!-- deploy-protocol:back-port -->"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """A deployment that went in. `run_id` 0: GitHub does not say which run it was of."""

    deployment_id: int
    run_id: int


def bring_back(github: GitHub, success: Success, clock: Callable[[], datetime]) -> None:
    """Open the back-port's pull request and tell the post-mortem of it, each once.

    From GitHub's present state: what was replaced or gone back from since then comes back no more.
    """
    policy = github.own_policy(clock())
    hotfix = policy.hotfix if isinstance(policy, Policy) else None
    if hotfix is None or (hotfix.back_port is None and not hotfix.post_mortem):
        return
    branch = _branch(github, success.deployment_id)
    runs = running(github.deployments(hotfix.from_, limit=_NEWEST), hotfix.from_)
    if runs is None or runs.id != success.deployment_id or not matches_any(hotfix.branches, branch):
        return
    back = _back_port(github, runs.sha, branch, hotfix)
    log.info("hotfix.brought_back", branch=branch, back_port=back)
    if hotfix.post_mortem and success.run_id:
        _tell(github, success.run_id, runs, branch, back)


def _branch(github: GitHub, deployment_id: int) -> str:
    found = github.connection.rest("GET", f"/repos/{quote(github.repository)}/deployments/{deployment_id}")
    return str(found["ref"])


def _back_port(github: GitHub, sha: str, branch: str, hotfix: Hotfix) -> str:
    """Where it stands, in a few words. What GitHub will never take is said, and made by hand."""
    if hotfix.back_port is None:
        return "not asked for by the policy"
    try:
        return github.back_port(sha=sha, branch=branch, onto=hotfix.back_port).said(hotfix.back_port)
    except (Forbidden, NotFound, Rejected) as error:
        return f"to be made by hand, since it failed ({error})"


def _tell(github: GitHub, run_id: int, runs: Deployment, branch: str, back: str) -> None:
    """In the post-mortem that the gate or the job has opened, else in one of our own."""
    mark = post_mortem_line(run_id, runs.environment)
    known = github.find_issues(mark, labels=[POST_MORTEM_LABEL], state="all")
    if not known:
        body = hotfix_post_mortem(mark, _entry(github.repository, runs), branch, back)
        github.open_issue(f"Post-mortem: hotfix {branch}", body, [POST_MORTEM_LABEL])
    elif back not in known[0].body:
        write_own_comment(github, known[0].number, f"Back-port: {back}", _MARKER)


def _entry(repository: str, runs: Deployment) -> Entry:
    """As much of the log's entry as the Deployment tells."""
    return Entry(
        repository=repository,
        environment=runs.environment,
        version=runs.version or runs.sha[:7],
        sha=runs.sha,
        at=runs.finished_at or runs.created_at,
        deployer=runs.creator,
        status="success",
        deployment_id=runs.id,
    )
