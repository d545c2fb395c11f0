"""All that is known of one gate, from one question and the run beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from gateway.approvals import commented, environment_answers, environment_approved, reviewed
from gateway.checks import checks_of, our_logins, own_deployment
from gateway.deployments import deployments
from gateway.details import Details, Wanted, ask_details, permissions
from gateway.errors import Forbidden, GatewayError, NotFound
from gateway.freezes import authors_of, emergency_of, freezes_of
from gateway.history import Parents, follows, parents_of, relation, running
from gateway.memory import ReadPolicy
from gateway.needs import (
    compared_environments,
    environments_of,
    readable,
    teams_of,
    wants_required_checks,
    wants_ticks,
    zone_of,
)
from gateway.paging import follow_pages
from gateway.policies import organisation_policy, policy_expression, repository_policy
from gateway.pulls import changes_compared, changes_of, changes_of_commit, pull_of, pull_request
from gateway.queries import query
from gateway.reading import NOBODY, Node, Reading, Unreadable, known, login_of
from gateway.ticks import ticked_comment, ticks_of
from protocol.facts import (
    Approval,
    Changes,
    Check,
    Deployment,
    Emergency,
    Facts,
    Freeze,
    Known,
    Missing,
    People,
    Permission,
    PullRequest,
    Relation,
    Tick,
)
from protocol.gate import Gate
from protocol.policy import Policy

if TYPE_CHECKING:
    from gateway.github import GitHub, Run

_COMMIT = ("repository", "commit")
_ROLLUP = (*_COMMIT, "statusCheckRollup")
_PULL = (*_COMMIT, "associatedPullRequests")
_COMMENTS = (*_PULL, "nodes", "comments")
Place: TypeAlias = Literal["gate", "action"]


def gather(github: GitHub, gate: Gate, now: datetime, place: Place) -> tuple[tuple[ReadPolicy, ...], Facts]:
    """The policies, and the facts for them. Raises GatewayError where the first answers do not come."""
    look = _first_look(github, gate, now)
    policies = _policies(look)
    valid = readable(policies)
    pull = _pull(look)
    follow_pages(github.connection, look.variables, look.repository, _found(pull))
    listed = _listed_deployments(look)
    approvals = _approvals(look, pull, environments_of(valid))
    logins = _logins(look, pull, approvals)
    details = _details(look, valid, pull, listed, logins)
    deployed = _deployments(listed, details)
    relations = _relations(look, valid, deployed)
    people = _people(look, details, logins)
    return policies, Facts(
        repository=gate.repository,
        environment=gate.environment,
        sha=gate.sha,
        branch=gate.branch or look.run.branch,
        deployer=look.run.actor,
        triggered_by=look.run.triggering_actor if look.run.triggering_actor != look.run.actor else "",
        requested_at=gate.requested_at,
        place=place,
        people=people,
        checks=_checks(look, details),
        pull_request=_pull_request(look, pull),
        changes=_changes(look, pull, deployed, relations),
        approvals=approvals,
        ticks=_ticks(look, pull, details),
        freezes=_freezes(look, people, zone_of(valid)),
        deployments=_without_own(look, deployed),
        relations=relations,
        emergency=_emergency(look),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at a gate: what was asked, and what came first."""

    github: GitHub
    gate: Gate
    now: datetime
    run: Run
    variables: Mapping[str, Any]
    data: Node
    reading: Reading

    @property
    def repository(self) -> Any:
        return self.data["repository"]

    @property
    def commit(self) -> Any:
        if self.repository["commit"] is None:
            raise Unreadable(f"there is no commit {self.gate.sha}")
        return self.repository["commit"]


def _first_look(github: GitHub, gate: Gate, now: datetime) -> _Look:
    """The question and the run, at once."""
    owner, _, name = gate.repository.partition("/")
    policy = policy_expression(github.policy_file)
    variables = {"owner": owner, "name": name, "sha": gate.sha, "policy": policy}
    run = github.beside.submit(github.run, gate.run_id)
    answer = github.connection.graphql(query("gate", "parts", "deployments"), variables)
    reading = Reading(answer.data, answer.errors)
    if answer.data.get("repository") is None:
        raise _unseen(gate.repository, reading)
    return _Look(
        github=github,
        gate=gate,
        now=now,
        run=run.result(),
        variables=variables,
        data=answer.data,
        reading=reading,
    )


def _unseen(repository: str, reading: Reading) -> GatewayError:
    """A lacking permission can take the whole repository out of the answer; then it is not gone."""
    if reading.is_absent("repository"):
        cure = "Check the name, and that the App is installed on it."
        return NotFound(f"{repository}: GitHub shows no such repository to this token. {cure}")
    said = reading.said() or "nothing"
    return Forbidden(f"{repository}: GitHub says '{said}'. Give the token or the App what it lacks.")


def _policies(look: _Look) -> tuple[ReadPolicy, ...]:
    """The organisation's first, the repository's own last, as `decide` takes them."""
    gate, remembered = look.gate, look.github.memory.policies
    own = look.reading.part(
        "the policy",
        ("repository", "policy"),
        lambda found: repository_policy(
            gate.repository, look.github.policy_file, found, remembered, look.now
        ),
    )
    shared = look.reading.part(
        "the organisation's policy",
        ("organisation",),
        lambda found: organisation_policy(gate.repository, found, remembered, look.now),
    )
    return (own,) if shared is None or look.reading.is_absent("organisation") else (shared, own)


def _pull(look: _Look) -> Known[Node | None]:
    return look.reading.within(
        "the pull request", _PULL, lambda: pull_of(look.commit["associatedPullRequests"], look.gate.sha)
    )


def _found(pull: Known[Node | None]) -> Node | None:
    return None if isinstance(pull, Missing) else pull


def _pull_request(look: _Look, pull: Known[Node | None]) -> Known[PullRequest | None]:
    if pull is None or isinstance(pull, Missing):
        return pull
    return look.reading.within("the pull request", (*_PULL, "nodes", "labels"), lambda: pull_request(pull))


def _checks(look: _Look, details: Details) -> Known[tuple[Check, ...]]:
    required = next(iter(details.required.values()), frozenset[str]())
    if isinstance(required, Missing):
        return required
    return look.reading.within(
        "the checks", _ROLLUP, lambda: checks_of(look.commit["statusCheckRollup"], look.gate, required)
    )


def _approvals(
    look: _Look, pull: Known[Node | None], environments: frozenset[str]
) -> Known[tuple[Approval, ...]]:
    """All kinds together; one kind that could not be had leaves the whole unknown."""
    gate, reading = look.gate, look.reading
    if isinstance(pull, Missing):
        return pull
    kinds = [_environment_approvals(look)]
    if pull is not None:
        kinds += [
            reading.within(
                "the reviews",
                (*_PULL, "nodes", "latestOpinionatedReviews"),
                lambda: reviewed(pull["latestOpinionatedReviews"]),
            ),
            reading.within(
                "the comments",
                _COMMENTS,
                lambda: commented(
                    pull["comments"],
                    gate,
                    since=look.run.created_at,
                    environments=environments,
                    our_logins=our_logins(look.commit["statusCheckRollup"]),
                ),
            ),
        ]
    unknown = next((kind for kind in kinds if isinstance(kind, Missing)), None)
    return unknown or tuple(one for kind in kinds if not isinstance(kind, Missing) for one in kind)


def _environment_approvals(look: _Look) -> Known[tuple[Approval, ...]]:
    """Asked by themselves where the run's check suite is not among those shown."""
    what = "the environment's approvals"
    shown = look.reading.within(
        what,
        (*_COMMIT, "checkSuites"),
        lambda: environment_approved(look.commit["checkSuites"], look.gate),
    )
    if shown is not None:
        return shown
    try:
        answers = look.github.approvals_of(look.gate.run_id)
    except GatewayError as error:
        return Missing(f"{what}: {error}")
    return known(what, lambda: environment_answers(answers, look.gate))


def _listed_deployments(look: _Look) -> Known[tuple[Deployment, ...]]:
    """The newest hundred of all environments."""
    return look.reading.part(
        "the deployments", ("repository", "deployments"), lambda found: deployments(found["nodes"])
    )


def _logins(look: _Look, pull: Known[Node | None], approvals: Known[tuple[Approval, ...]]) -> frozenset[str]:
    """Whose permission can matter. A bot has none to find out."""
    known_approvals = () if isinstance(approvals, Missing) else approvals
    issues = look.reading.part("the freezes", ("repository", "issues"), authors_of)
    named = {look.run.actor, look.run.triggering_actor, *(approval.by for approval in known_approvals)}
    named |= frozenset() if isinstance(issues, Missing) else issues
    if found := _found(pull):
        named.add(login_of(found["author"]))
    return frozenset(login for login in named if login not in ("", NOBODY) and not login.endswith("[bot]"))


def _details(
    look: _Look,
    policies: Sequence[Policy],
    pull: Known[Node | None],
    listed: Known[tuple[Deployment, ...]],
    logins: frozenset[str],
) -> Details:
    """What is still unknown, in one request more at most."""
    environment, found = look.gate.environment, _found(pull)
    wanted = Wanted(
        teams=tuple(sorted(teams_of(policies, environment))),
        logins=tuple(sorted(_unlisted(look, logins))),
        environments=tuple(sorted(_unseen_environments(look, policies, listed))),
        required=((look.gate.sha, found["number"]),)
        if found and wants_required_checks(policies, environment)
        else (),
        edits=_edited_comment(look, found) if found and wants_ticks(policies, environment) else (),
    )
    return ask_details(look.github.connection, look.github.memory, look.variables, wanted, look.now)


def _unlisted(look: _Look, logins: frozenset[str]) -> frozenset[str]:
    """Who stands beyond the collaborators listed; nobody where the list is whole or not to be had."""
    listed = _listed_people(look)
    if isinstance(listed, Missing) or not look.repository["collaborators"]["pageInfo"]["hasNextPage"]:
        return frozenset()
    return logins - listed.keys()


def _listed_people(look: _Look) -> Known[dict[str, Permission]]:
    return look.reading.part("who may do what", ("repository", "collaborators"), permissions)


def _unseen_environments(
    look: _Look, policies: Sequence[Policy], listed: Known[tuple[Deployment, ...]]
) -> frozenset[str]:
    """Environments whose last success lies beyond the newest hundred deployments of all."""
    if isinstance(listed, Missing) or not look.repository["deployments"]["pageInfo"]["hasNextPage"]:
        return frozenset()
    named = environments_of(policies) | {look.gate.environment}
    return frozenset(name for name in named if running(listed, name) is None)


def _edited_comment(look: _Look, pull: Node) -> tuple[tuple[str, str], ...]:
    """Our checklist with a ticked box, when anybody ever edited it."""
    comment = _ticked_comment(look, pull)
    if comment is None or isinstance(comment, Missing) or comment["lastEditedAt"] is None:
        return ()
    return ((comment["id"], comment["lastEditedAt"]),)


def _ticked_comment(look: _Look, pull: Node) -> Known[Node | None]:
    return look.reading.within(
        "the checklist", _COMMENTS, lambda: ticked_comment(pull["comments"], look.gate)
    )


def _deployments(listed: Known[tuple[Deployment, ...]], details: Details) -> Known[tuple[Deployment, ...]]:
    """All that were seen; Missing when an environment's past could not be."""
    parts = (listed, *details.deployments.values())
    unknown = next((part for part in parts if isinstance(part, Missing)), None)
    if unknown is not None:
        return unknown
    found = {one.id: one for part in parts if not isinstance(part, Missing) for one in part}
    return tuple(sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True))


def _without_own(look: _Look, deployed: Known[tuple[Deployment, ...]]) -> Known[tuple[Deployment, ...]]:
    """This gate's own Deployment is no fact about others."""
    if isinstance(deployed, Missing):
        return deployed
    own = {look.gate.deployment_id, _deployment_of_own_check(look)}
    return tuple(one for one in deployed if one.id not in own)


def _deployment_of_own_check(look: _Look) -> int | None:
    if look.gate.check_run_id is None or look.repository["commit"] is None:
        return None
    return own_deployment(look.commit["statusCheckRollup"], look.gate.check_run_id)


def _relations(
    look: _Look, policies: Sequence[Policy], deployed: Known[tuple[Deployment, ...]]
) -> Mapping[str, Known[Relation]]:
    names = environments_of(policies) | {look.gate.environment}
    if isinstance(deployed, Missing):
        return dict.fromkeys(names, deployed)
    certain = compared_environments(policies, look.gate.environment)
    parents = look.reading.within("the history", (*_COMMIT, "history"), lambda: _parents(look))
    return {
        name: _relation(look, running(deployed, name), parents, certain=name in certain) for name in names
    }


def _parents(look: _Look) -> Parents:
    default = look.repository["defaultBranchRef"]
    histories = [look.commit["history"], *([default["target"]["history"]] if default else [])]
    return parents_of(histories)


def _relation(
    look: _Look, runs: Deployment | None, parents: Known[Parents], *, certain: bool
) -> Known[Relation]:
    """From the history we see; where that is too short and it matters, GitHub compares."""
    if runs is None:
        return Relation.NOTHING_DEPLOYED
    sha = look.gate.sha
    seen = None if isinstance(parents, Missing) else relation(sha, runs.sha, parents)
    if seen is not None:
        return seen
    if not certain:
        return Missing(
            f"{sha[:8]} and {runs.sha[:8]}, which {runs.environment} runs, are too far apart to see"
        )
    return _compared(look, runs.sha)


def _compared(look: _Look, base: str) -> Known[Relation]:
    memory, pair = look.github.memory.relations, (base, look.gate.sha)
    found = memory.at(pair, look.now)
    if found is not None:
        return found
    try:
        return memory.keep(pair, look.github.compare(*pair), look.now)
    except GatewayError as error:
        return Missing(f"how {look.gate.sha[:8]} stands to what runs: {error}")


def _changes(
    look: _Look,
    pull: Known[Node | None],
    deployed: Known[tuple[Deployment, ...]],
    relations: Mapping[str, Known[Relation]],
) -> Known[Changes]:
    """All since what the environment runs: the pull request's where it is the only one since."""
    if isinstance(pull, Missing):
        return pull
    if isinstance(deployed, Missing):
        return deployed
    runs = running(deployed, look.gate.environment)
    pair = (runs.sha if runs else "", look.gate.sha)
    if relations.get(look.gate.environment) is Relation.BEHIND:
        pair = (pair[1], pair[0])  # going back undoes what lies between
    if pull is None:
        return _compared_changes(look, *pair)
    own = look.reading.within("the changes", (*_PULL, "nodes", "files"), lambda: changes_of(pull))
    if isinstance(own, Missing) or runs is None or _brings_all_since(look, pull, runs.sha):
        return own
    since = _compared_changes(look, *pair)
    return since if isinstance(since, Missing) else replace(since, authors=since.authors | own.authors)


def _brings_all_since(look: _Look, pull: Node, base: str) -> bool:
    """Whether nothing but this pull request came after `base`."""
    parents = look.reading.within("the history", (*_COMMIT, "history"), lambda: _parents(look))
    if isinstance(parents, Missing):
        return False
    return follows(look.gate.sha, base, len(pull["commits"]["nodes"]), parents)


def _compared_changes(look: _Look, base: str, head: str) -> Known[Changes]:
    memory, pair = look.github.memory.changes, (base, head)
    found = memory.at(pair, look.now)
    if found is not None:
        return found
    try:
        answer = look.github.changes_between(base, head)
    except GatewayError as error:
        return Missing(f"the changes: {error}")
    changes = known("the changes", lambda: changes_compared(answer) if base else changes_of_commit(answer))
    return changes if isinstance(changes, Missing) else memory.keep(pair, changes, look.now)


def _people(look: _Look, details: Details, logins: frozenset[str]) -> People:
    return People(permissions=_permissions(look, details, logins), teams=details.teams)


def _permissions(look: _Look, details: Details, logins: frozenset[str]) -> Known[dict[str, Permission]]:
    listed = _listed_people(look)
    if isinstance(listed, Missing):
        return _asked_one_by_one(look, logins)
    for login, permission in details.permissions.items():
        if isinstance(permission, Missing):
            return permission
        listed[login] = permission
    return listed


def _asked_one_by_one(look: _Look, logins: frozenset[str]) -> Known[dict[str, Permission]]:
    """Whether a token may see the list of collaborators is not documented; this it may."""
    memory = look.github.memory.permissions
    found: dict[str, Permission] = {}
    for login in sorted(logins):
        permission = memory.at(login, look.now)
        try:
            found[login] = permission if permission is not None else look.github.permission_of(login)
        except GatewayError as error:
            return Missing(f"the permission of {login}: {error}")
        memory.keep(login, found[login], look.now)
    return found


def _ticks(look: _Look, pull: Known[Node | None], details: Details) -> Known[tuple[Tick, ...]]:
    """Without a person's edit nothing is ticked."""
    if pull is None or isinstance(pull, Missing):
        return pull or ()
    comment = _ticked_comment(look, pull)
    if comment is None or isinstance(comment, Missing):
        return comment or ()
    edits = details.edits.get((comment["id"], comment["lastEditedAt"]), ())
    if isinstance(edits, Missing):
        return edits
    return known("the checklist", lambda: ticks_of(comment, edits))


def _freezes(look: _Look, people: People, zone: ZoneInfo) -> Known[tuple[Freeze, ...]]:
    return look.reading.part(
        "the freezes", ("repository", "issues"), lambda issues: freezes_of(issues, people.permissions, zone)
    )


def _emergency(look: _Look) -> Emergency | None:
    """One that could not be read is none: everything is asked as on any other day."""
    found = look.reading.part(
        "an emergency", ("repository", "issues"), lambda issues: emergency_of(issues, look.gate)
    )
    return None if isinstance(found, Missing) else found
