"""All that is known of one gate, from one question and the run beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo

from gateway.approvals import commented, dismissed, environment_answers, environment_approved, reviewed
from gateway.checks import checks_of, deployments_beside, own_deployments
from gateway.comparing import changes_since, relations_of
from gateway.deployments import deployments
from gateway.details import Details, Wanted, ask_details
from gateway.errors import GatewayError, NotFound
from gateway.freezes import emergency_of, freezes_of
from gateway.history import running
from gateway.look import COMMENTS, COMMIT, PULL, ROLLUP, Look, first_look
from gateway.memory import ReadPolicy
from gateway.needs import (
    environments_of,
    readable,
    teams_of,
    wants_required_checks,
    wants_ticks,
    zone_of,
)
from gateway.ours import our_own
from gateway.paging import follow_pages
from gateway.people import logins_of, people_of, unlisted
from gateway.policies import policies_in
from gateway.pulls import pull_of, pull_request
from gateway.reading import Node, known
from gateway.starts import aimed, as_asked
from gateway.ticks import boxes_of, sticky_comment, ticks_of
from protocol.facts import (
    Approval,
    Check,
    Deployment,
    Emergency,
    Facts,
    Freeze,
    Known,
    Missing,
    People,
    PullRequest,
    Tick,
)
from protocol.gate import Gate
from protocol.order import UNDER_WAY
from protocol.policy import Policy
from protocol.rollback import last_good, runs_now

if TYPE_CHECKING:
    from gateway.github import GitHub

Place: TypeAlias = Literal["gate", "action"]


def gather(github: GitHub, gate: Gate, now: datetime, place: Place) -> tuple[tuple[ReadPolicy, ...], Facts]:
    """The policies, and the facts for them. Raises GatewayError where the first answers do not come."""
    look = first_look(github, gate, now)
    if place == "gate" and look.run.status == "completed":
        raise NotFound(f"Run {gate.run_id} of {gate.repository} is over: nothing waits in it any more.")
    policies = policies_in(look.github, look.reading, now)
    return policies, facts_in(look, readable(policies), pull_in(look), place)


def pull_in(look: Look, number: int | None = None) -> Known[Node | None]:
    """The pull request that brought the commit, `number` where that is known, with all of its lists."""
    pull = look.reading.within(
        "the pull request",
        PULL,
        lambda: pull_of(look.commit["associatedPullRequests"], look.gate.sha, number),
    )
    follow_pages(look.github.connection, look.variables, look.repository, _found(pull))
    return pull


def facts_in(look: Look, valid: Sequence[Policy], pull: Known[Node | None], place: Place) -> Facts:
    """All that the answers tell of the gate, and what else its policies make us ask."""
    look, start = as_asked(look)
    gate, listed = look.gate, _listed_deployments(look)
    approvals = _approvals(look, pull, environments_of(valid))
    logins = logins_of(look, pull, approvals)
    details = _details(look, valid, pull, listed, logins)
    deployed = _deployments(listed, details)
    aim = aimed(look, start)
    relations = relations_of(aim, valid, deployed)
    ticks = _ticks(look, valid, pull, details)
    people = people_of(look, details, logins, ticks)
    return Facts(
        repository=gate.repository,
        environment=gate.environment,
        sha=aim.gate.sha,
        branch=gate.branch or look.run.branch,
        intent=start.intent if start else "deploy",
        deployer=look.run.actor,
        triggered_by=look.run.triggering_actor if look.run.triggering_actor != look.run.actor else "",
        requested_at=gate.requested_at,
        place=place,
        people=people,
        checks=_checks(look, details),
        pull_request=_pull_request(look, pull),
        from_fork=look.run.from_fork,
        changes=changes_since(aim, valid, pull if aim is look else None, deployed, relations),
        approvals=approvals,
        ticks=ticks,
        freezes=_freezes(look, people, zone_of(valid)),
        deployments=_without_own(look, deployed),
        relations=relations,
        emergency=_emergency(look, people),
    )


def _found(pull: Known[Node | None]) -> Node | None:
    return None if isinstance(pull, Missing) else pull


def _pull_request(look: Look, pull: Known[Node | None]) -> Known[PullRequest | None]:
    if pull is None or isinstance(pull, Missing):
        return pull
    return look.reading.within("the pull request", (*PULL, "nodes", "labels"), lambda: pull_request(pull))


def _checks(look: Look, details: Details) -> Known[tuple[Check, ...]]:
    required = next(iter(details.required.values()), frozenset[str]())
    if isinstance(required, Missing):
        return required
    return look.reading.within(
        "the checks", ROLLUP, lambda: checks_of(look.commit["statusCheckRollup"], look.gate, required)
    )


def _approvals(
    look: Look, pull: Known[Node | None], environments: frozenset[str]
) -> Known[tuple[Approval, ...]]:
    """All kinds together; one kind that could not be read leaves the whole unknown."""
    gate, reading = look.gate, look.reading
    if isinstance(pull, Missing):
        return pull
    kinds = [_environment_approvals(look)]
    if pull is not None:
        kinds += [
            reading.within(
                "the reviews",
                (*PULL, "nodes", "latestOpinionatedReviews"),
                lambda: reviewed(pull["latestOpinionatedReviews"], pull["dismissals"]),
            ),
            reading.within(
                "the dismissed reviews",
                (*PULL, "nodes", "dismissals"),
                lambda: dismissed(pull["dismissals"]),
            ),
            reading.within(
                "the comments",
                COMMENTS,
                lambda: commented(
                    pull["comments"],
                    gate,
                    since=look.run.created_at,
                    environments=environments,
                    our_logins=our_own(look),
                ),
            ),
        ]
    unknown = next((kind for kind in kinds if isinstance(kind, Missing)), None)
    return unknown or tuple(one for kind in kinds if not isinstance(kind, Missing) for one in kind)


def _environment_approvals(look: Look) -> Known[tuple[Approval, ...]]:
    """Asked by themselves where the run's check suite is not among those shown."""
    what, gate = "the environment's approvals", _gate_of_first_words(look)
    shown = look.reading.within(
        what,
        (*COMMIT, "checkSuites"),
        lambda: environment_approved(look.commit["checkSuites"], gate),
    )
    if shown is not None:
        return shown
    try:
        answers = look.github.approvals_of(look.gate.run_id)
    except GatewayError as error:
        return Missing(f"{what}: {error}")
    return known(what, lambda: environment_answers(answers, gate))


def _gate_of_first_words(look: Look) -> Gate:
    """GitHub keeps neither time nor attempt of an environment's approvals, and all attempts' together.

    Of a run that was run again each may be as old as the run: what was taken back, or has expired, is not
    given anew by that.
    """
    again = look.run.attempt > 1
    return replace(look.gate, requested_at=look.run.created_at) if again else look.gate


def _listed_deployments(look: Look) -> Known[tuple[Deployment, ...]]:
    """The newest hundred of all environments."""
    return look.reading.part(
        "the deployments", ("repository", "deployments"), lambda found: deployments(found["nodes"])
    )


def _details(
    look: Look,
    policies: Sequence[Policy],
    pull: Known[Node | None],
    listed: Known[tuple[Deployment, ...]],
    logins: frozenset[str],
) -> Details:
    """What is still unknown, in one request more at most."""
    environment, found = look.gate.environment, _found(pull)
    wanted = Wanted(
        teams=tuple(sorted(teams_of(policies, environment))),
        logins=tuple(sorted(unlisted(look, logins))),
        environments=tuple(sorted(_unseen_environments(look, policies, listed))),
        required=((look.gate.sha, found["number"]),)
        if found and wants_required_checks(policies, environment)
        else (),
        edits=_edited_comment(look, found) if found and wants_ticks(policies, environment) else (),
    )
    return ask_details(look.github.connection, look.github.memory, look.variables, wanted, look.now)


def _unseen_environments(
    look: Look, policies: Sequence[Policy], listed: Known[tuple[Deployment, ...]]
) -> frozenset[str]:
    """Environments whose last success lies beyond the newest hundred deployments of all.

    Here also where what ran before it does: that is what a rollback goes to.
    """
    if isinstance(listed, Missing) or not look.repository["deployments"]["pageInfo"]["hasNextPage"]:
        return frozenset()
    here, now = look.gate.environment, runs_now(listed, look.gate.environment)
    before = last_good(listed, here, but=now.sha) if now is not None else None
    elsewhere = {name for name in environments_of(policies) if running(listed, name) is None}
    return frozenset(elsewhere | ({here} if before is None else set()))


def _edited_comment(look: Look, pull: Node) -> tuple[tuple[str, str], ...]:
    """Our checklist, when anybody ever edited it."""
    comment = _checklist(look, pull)
    if comment is None or isinstance(comment, Missing) or comment["lastEditedAt"] is None:
        return ()
    return (_last_edit(comment),)


def _checklist(look: Look, pull: Node) -> Known[Node | None]:
    read = partial(sticky_comment, pull["comments"], our_own(look))
    return look.reading.within("the checklist", COMMENTS, read)


def _last_edit(comment: Node) -> tuple[str, str]:
    """GitHub tells seconds only: of two edits within one the texts differ."""
    digest = hashlib.sha256(comment["body"].encode()).hexdigest()
    return comment["id"], f"{comment['lastEditedAt']} {digest}"


def _deployments(listed: Known[tuple[Deployment, ...]], details: Details) -> Known[tuple[Deployment, ...]]:
    """All that were seen; Missing when an environment's past could not be."""
    parts = (listed, *details.deployments.values())
    unknown = next((part for part in parts if isinstance(part, Missing)), None)
    if unknown is not None:
        return unknown
    found = {one.id: one for part in parts if not isinstance(part, Missing) for one in part}
    return tuple(sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True))


def _without_own(look: Look, deployed: Known[tuple[Deployment, ...]]) -> Known[tuple[Deployment, ...]]:
    """This gate's own Deployment is no fact about others."""
    if isinstance(deployed, Missing):
        return deployed
    own = {look.gate.deployment_id, _deployment_of_own_check(look)}
    beside = _jobs_beside(look)
    others = (one for one in deployed if one.id not in own)
    return tuple(one for one in others if one.id not in beside or one.state not in UNDER_WAY)


def _jobs_beside(look: Look) -> frozenset[int]:
    """Those of this very run to the same environment, as of a matrix: waiting for each other they all fail.

    At a gate they wait at no cost, so there they do.
    """
    if look.gate.check_run_id is None:
        return frozenset()
    told = look.reading.within(
        "the jobs beside", ROLLUP, lambda: deployments_beside(look.commit["statusCheckRollup"], look.gate)
    )
    return frozenset() if isinstance(told, Missing) else told


def _deployment_of_own_check(look: Look) -> int | None:
    """As the question tells it; asked for by itself where the job's check is not among those shown."""
    check = look.gate.check_run_id
    if check is None:
        return None
    told = look.reading.within(
        "the job's Deployment", ROLLUP, lambda: own_deployments(look.commit["statusCheckRollup"], check)
    )
    if told is not None and not isinstance(told, Missing):
        look.github.memory.jobs.keep(check, told, look.now)
    made = look.github.deployment_of_check(check)
    return made.id if made is not None else None


def _ticks(
    look: Look, policies: Sequence[Policy], pull: Known[Node | None], details: Details
) -> Known[tuple[Tick, ...]]:
    """Without a person's edit nothing is ticked."""
    if pull is None or isinstance(pull, Missing):
        return pull or ()
    comment = _checklist(look, pull)
    if comment is None or isinstance(comment, Missing):
        return comment or ()
    edits = details.edits.get(_last_edit(comment), ())
    if isinstance(edits, Missing):
        return edits
    boxes = boxes_of(policies, look.gate.environment)
    return known("the checklist", lambda: ticks_of(edits, boxes))


def _freezes(look: Look, people: People, zone: ZoneInfo) -> Known[tuple[Freeze, ...]]:
    return look.reading.part(
        "the freezes",
        ("repository", "issues"),
        lambda issues: freezes_of(issues, people.permissions, zone, our_own(look)),
    )


def _emergency(look: Look, people: People) -> Emergency | None:
    """One that could not be read is none: everything is asked as on any other day."""
    found = look.reading.part(
        "an emergency",
        ("repository", "issues"),
        lambda issues: emergency_of(issues, look.gate, people.permissions, our_own(look)),
    )
    return None if isinstance(found, Missing) else found
