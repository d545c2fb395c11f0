"""Begins a hotfix: a branch from what an environment runs now, and the pull request it is reviewed on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gateway.checkout import Checkout
from gateway.errors import NotFound, Rejected
from gateway.github import GitHub
from gateway.history import running
from protocol.backports import HOTFIX_LABEL, review_body
from protocol.facts import Deployment
from protocol.policy import Hotfix, Policy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_DEPLOYMENTS = 100
_WITHOUT_HOTFIX = """\
The policy has no `hotfix:`. Add which branches are hotfixes, what they start from and where they go back to:

hotfix:
  branches: ["hotfix/*"]
  from: {environment}
  back_port: main"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`dirty`: what was not committed before came along."""

    branch: str
    start: Deployment
    dirty: bool


def start_hotfix(checkout: Checkout, github: GitHub, policy: Policy, name: str) -> Begun:
    """Raises GatewayError when there is nothing to start from, and then no branch was made."""
    hotfix = _hotfix(policy)
    branch, environment = _branch(hotfix.branches, name), hotfix.from_
    start = running(github.deployments(environment, limit=_DEPLOYMENTS), environment)
    if start is None:
        raise NotFound(
            f"Nothing was ever deployed to {environment}, so there is nothing to fix there. Deploy first."
        )
    checkout.start_branch(branch, start.sha)
    return Begun(branch=branch, start=start, dirty=checkout.is_dirty())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The pull request. `too_large`: more than a hotfix should change."""

    url: str
    branch: str
    base: str
    lines: int
    too_large: bool


def open_hotfix(github: GitHub, policy: Policy, name: str, *, title: str) -> Opened:
    """The pull request of a branch that is pushed, with its label; found again when it is open already."""
    hotfix = _hotfix(policy)
    branch = _branch(hotfix.branches, name)
    base = hotfix.back_port or str(_ask(github, "GET", "")["default_branch"])
    pull = _open_pull(github, branch) or _pull(github, hotfix, branch, base, title)
    _ask(github, "POST", f"/issues/{pull['number']}/labels", {"labels": [HOTFIX_LABEL]})
    lines = int(pull["additions"]) + int(pull["deletions"])
    return Opened(
        url=pull["html_url"],
        branch=branch,
        base=pull["base"]["ref"],
        lines=lines,
        too_large=hotfix.max_lines is not None and lines > hotfix.max_lines,
    )


def _open_pull(github: GitHub, branch: str) -> Any:
    owner = github.repository.partition("/")[0]
    found = _ask(github, "GET", "/pulls", params={"head": f"{owner}:{branch}", "state": "open"})
    return _ask(github, "GET", f"/pulls/{found[0]['number']}") if found else None


def _pull(github: GitHub, hotfix: Hotfix, branch: str, base: str, title: str) -> Any:
    fields = {"title": title, "head": branch, "base": base, "body": review_body(branch, hotfix)}
    try:
        return _ask(github, "POST", "/pulls", fields)
    except Rejected as error:
        cure = f"Commit the fix and push it first: git push -u origin {branch}"
        raise Rejected(f"GitHub did not open a pull request for {branch}. {cure}. ({error})") from error


def _ask(github: GitHub, verb: str, path: str, body: Mapping[str, Any] | None = None, **options: Any) -> Any:
    return github.connection.rest(verb, f"/repos/{quote(github.repository)}{path}", body, **options)


def _hotfix(policy: Policy) -> Hotfix:
    if policy.hotfix is None:
        names = list(policy.environments)
        usual = "production" if "production" in names else names[-1]
        raise Rejected(_WITHOUT_HOTFIX.format(environment=json.dumps(usual, ensure_ascii=False)))
    return policy.hotfix


def _branch(patterns: tuple[str, ...], name: str) -> str:
    """The first pattern with the name in its place."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise Rejected(f"'{name}' cannot be the name of a branch. Use letters, digits, `-`, `_` and `.`.")
    pattern = next((one for one in patterns if one.count("*") == 1), None)
    if pattern is None:
        raise Rejected("`hotfix.branches` has no pattern with one `*`. Add one, such as hotfix/*.")
    return pattern.replace("*", name)
