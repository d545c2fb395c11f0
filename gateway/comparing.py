"""What lies between a commit and what an environment runs: how they stand, and what changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.errors import GatewayError
from gateway.history import Parents, follows, parents_of, relation, running
from gateway.look import COMMIT, PULL, Look
from gateway.memory import Comparison
from gateway.needs import compared_environments, environments_of, wants_changes
from gateway.pulls import changes_compared, changes_of, changes_of_commit
from gateway.reading import Node, known
from protocol.facts import Changes, Deployment, Known, Missing, Relation
from protocol.policy import Policy

_NOT_ASKED = Missing("what changes was not asked: no rule of this environment looks at it")


def relations_of(
    look: Look, policies: Sequence[Policy], deployed: Known[tuple[Deployment, ...]]
) -> Mapping[str, Known[Relation]]:
    names = environments_of(policies) | {look.gate.environment}
    if isinstance(deployed, Missing):
        return dict.fromkeys(names, deployed)
    certain = compared_environments(policies, look.gate.environment)
    parents = look.reading.within("the history", (*COMMIT, "history"), lambda: _parents(look))
    return {
        name: _relation(look, running(deployed, name), parents, certain=name in certain) for name in names
    }


def _parents(look: Look) -> Parents:
    default = look.repository["defaultBranchRef"]
    histories = [look.commit["history"], *([default["target"]["history"]] if default else [])]
    return parents_of(histories)


def _relation(
    look: Look, runs: Deployment | None, parents: Known[Parents], *, certain: bool
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


def _compared(look: Look, base: str) -> Known[Relation]:
    found = _comparison(look, base, look.gate.sha)
    return found if isinstance(found, Missing) else found.relation


def changes_since(
    look: Look,
    policies: Sequence[Policy],
    pull: Known[Node | None],
    deployed: Known[tuple[Deployment, ...]],
    relations: Mapping[str, Known[Relation]],
) -> Known[Changes]:
    """All since what the environment runs: the pull request's where it is the only one since.

    GitHub is asked to compare only where a rule looks at it.
    """
    if isinstance(pull, Missing):
        return pull
    if isinstance(deployed, Missing):
        return deployed
    runs = running(deployed, look.gate.environment)
    pair = (runs.sha if runs else "", look.gate.sha)
    if relations.get(look.gate.environment) is Relation.BEHIND:
        pair = (pair[1], pair[0])  # going back undoes what lies between
    compares = wants_changes(policies, look.gate.environment)
    if pull is None:
        return _compared_changes(look, *pair) if compares else _NOT_ASKED
    own = look.reading.within("the changes", (*PULL, "nodes", "files"), lambda: changes_of(pull))
    if isinstance(own, Missing) or runs is None or _brings_all_since(look, pull, runs.sha):
        return own
    since = _compared_changes(look, *pair) if compares else _NOT_ASKED
    return since if isinstance(since, Missing) else replace(since, authors=since.authors | own.authors)


def _brings_all_since(look: Look, pull: Node, base: str) -> bool:
    """Whether nothing but this pull request came after `base`."""
    parents = look.reading.within("the history", (*COMMIT, "history"), lambda: _parents(look))
    if isinstance(parents, Missing):
        return False
    return follows(look.gate.sha, base, len(pull["commits"]["nodes"]), parents)


def _compared_changes(look: Look, base: str, head: str) -> Known[Changes]:
    found = _comparison(look, base, head)
    return found if isinstance(found, Missing) else found.changes


def _comparison(look: Look, base: str, head: str) -> Known[Comparison]:
    """Asked once for two commits; without a base it is the one commit."""
    memory, pair = look.github.memory.comparisons, (base, head)
    found = memory.at(pair, look.now)
    if found is not None:
        return found
    try:
        answer = look.github.changes_between(base, head)
    except GatewayError as error:
        return Missing(f"what lies between {base[:8] or 'nothing'} and {head[:8]}: {error}")
    comparison = known("the comparison", lambda: _read(answer, base))
    return comparison if isinstance(comparison, Missing) else memory.keep(pair, comparison, look.now)


def _read(answer: Node, base: str) -> Comparison:
    if not base:
        changes = known("the changes", lambda: changes_of_commit(answer))
        return Comparison(relation=Relation.NOTHING_DEPLOYED, changes=changes)
    changes = known("the changes", lambda: changes_compared(answer))
    return Comparison(relation=Relation(answer["status"]), changes=changes)
