"""A deployment to production with which nothing is wrong; a test says only what matters to it.

`ada` deploys, `grace` wrote it, `bo` manages releases, `cy` owns the database, `eve` is on call.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from protocol.facts import (
    Approval,
    ApprovalMethod,
    Changes,
    Check,
    CheckState,
    Deployment,
    Evidence,
    Facts,
    People,
    Permission,
    PullRequest,
    Relation,
    Tick,
)

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=ZoneInfo("Europe/Berlin"))  # a Monday, open in the example
EARLIER = NOW - timedelta(hours=1)
SHA = "abc1234" + "0" * 33
HEAD = "def5678" + "0" * 33
OTHER = "fff9999" + "0" * 33

PEOPLE = People(
    permissions={
        "ada": Permission.WRITE,
        "grace": Permission.WRITE,
        "bo": Permission.MAINTAIN,
        "cy": Permission.WRITE,
        "eve": Permission.ADMIN,
        "reader": Permission.READ,
        "robot[bot]": Permission.WRITE,
    },
    teams={
        "acme/platform": frozenset({"ada", "eve"}),
        "acme/release-managers": frozenset({"bo", "ada", "robot[bot]"}),
        "acme/dba": frozenset({"cy"}),
        "acme/on-call": frozenset({"eve"}),
    },
)

PULL_REQUEST = PullRequest(
    number=7,
    author="grace",
    head_sha=HEAD,
    head_branch="topic",
    title="A topic",
    merged=True,
    merge_sha=SHA,
    body="## Rollback plan\nDeploy the previous version.\n",
)


def make_approval(by: str = "bo", method: ApprovalMethod = "environment", **changes: Any) -> Approval:
    """An approval of this run; a review of the pull request's head."""
    approval = Approval(
        by=by, method=method, state="approved", at=EARLIER, sha=HEAD if method == "review" else None
    )
    return replace(approval, **changes)


def make_deployment(environment: str = "staging", **changes: Any) -> Deployment:
    """One that succeeded two hours ago."""
    done = NOW - timedelta(hours=2)
    deployment = Deployment(
        id=1,
        environment=environment,
        sha=SHA,
        state="success",
        created_at=done - timedelta(minutes=5),
        succeeded=True,
        finished_at=done,
        creator="ada",
    )
    return replace(deployment, **changes)


def make_check(name: str = "test", state: CheckState = CheckState.PASSED, **changes: Any) -> Check:
    return replace(Check(name=name, state=state), **changes)


def make_pull_request(**changes: Any) -> PullRequest:
    return replace(PULL_REQUEST, **changes)


def make_facts(**changes: Any) -> Facts:
    """Facts with which docs/deploy.example.yml lets production begin at NOW."""
    facts = Facts(
        repository="acme/shop",
        environment="production",
        sha=SHA,
        branch="main",
        deployer="ada",
        requested_at=EARLIER,
        people=PEOPLE,
        checks=(make_check("test", required=True), make_check("migrations")),
        pull_request=PULL_REQUEST,
        changes=Changes(paths=("shop/basket.py",), lines=12, authors=frozenset({"grace"})),
        approvals=(make_approval("bo"), make_approval("cy", "review")),
        ticks=(Tick(item="Maintenance window scheduled", by="bo", at=EARLIER),),
        deployments=(make_deployment(),),
        relations={"production": Relation.AHEAD, "staging": Relation.IDENTICAL},
        evidence={
            "Monitoring alerts configured": Evidence(passed=True, detail="alerts are there"),
            "Team notified": Evidence(passed=True, detail="slack was told"),
        },
    )
    return replace(facts, **changes)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    """`2026-11-23 11:00` on the clocks of `zone`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
