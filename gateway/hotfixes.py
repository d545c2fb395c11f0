"""Begins a hotfix: a branch from what an environment runs now."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.checkout import Checkout
from gateway.errors import NotFound, Rejected
from gateway.github import GitHub
from gateway.history import running
from protocol.facts import Deployment
from protocol.policy import Policy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_DEPLOYMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    branch: str
    start: Deployment


def start_hotfix(checkout: Checkout, github: GitHub, policy: Policy, name: str) -> Begun:
    """Raises GatewayError when there is nothing to start from, and then no branch was made."""
    if policy.hotfix is None:
        raise Rejected("The policy has no `hotfix:`. Add one that says which branches may skip what.")
    branch = _branch(policy.hotfix.branches, name)
    environment = policy.hotfix.from_
    start = running(github.deployments(environment, limit=_DEPLOYMENTS), environment)
    if start is None:
        raise NotFound(
            f"Nothing was ever deployed to {environment}, so there is nothing to fix there. Deploy first."
        )
    checkout.start_branch(branch, start.sha)
    return Begun(branch=branch, start=start)


def _branch(patterns: tuple[str, ...], name: str) -> str:
    """The first pattern with the name in its place."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise Rejected(f"'{name}' is no name for a branch. Use letters, digits, `-`, `_` and `.`.")
    pattern = next((one for one in patterns if one.count("*") == 1), None)
    if pattern is None:
        raise Rejected("`hotfix.branches` has no pattern with one `*`. Add one, such as hotfix/*.")
    return pattern.replace("*", name)
