"""`when`: whether an approval rule or a checklist item applies to this deployment.

All conditions given must hold; within one, any entry. A condition that cannot be judged makes the
answer Missing, unless another one surely does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.facts import Changes, Facts, Known, Missing, PullRequest
from protocol.globs import first_match, matches_any
from protocol.policy import Environment, When
from protocol.principals import Principal, anyone_of


def applies(when: When | None, environment: Environment, facts: Facts) -> Known[bool]:
    """Whether every condition given holds."""
    if when is None:
        return True
    answers = list(_answers(when, environment, facts))
    if any(answer is False for answer in answers):
        return False
    return next((answer for answer in answers if isinstance(answer, Missing)), True)


def _answers(when: When, environment: Environment, facts: Facts) -> Iterator[Known[bool]]:
    if when.paths:
        yield _touches(when.paths, facts.changes)
    if when.labels:
        yield _labelled(when.labels, facts.pull_request)
    if when.branches:
        yield matches_any(when.branches, facts.branch)
    if when.authors:
        yield _written_by(when.authors, facts)
    if when.lines is not None:
        yield _larger_than(when.lines.above, facts.changes)
    if when.migrations is not None:
        yield _migrates(environment, facts.changes, wanted=when.migrations)


def _touches(patterns: tuple[str, ...], changes: Known[Changes]) -> Known[bool]:
    if isinstance(changes, Missing):
        return changes
    return first_match(patterns, changes.paths) is not None


def _labelled(labels: tuple[str, ...], pull_request: Known[PullRequest | None]) -> Known[bool]:
    if isinstance(pull_request, Missing):
        return pull_request
    return pull_request is not None and has_label(pull_request, labels)


def has_label(pull_request: PullRequest, labels: tuple[str, ...]) -> bool:
    """Whether the pull request carries one of the labels; GitHub does not tell their case apart."""
    carried = {label.casefold() for label in pull_request.labels}
    return any(label.casefold() in carried for label in labels)


def authors_of(facts: Facts) -> Known[frozenset[str]]:
    """Everyone whose work this is, in lower case: commit authors and the pull request's author."""
    if isinstance(facts.changes, Missing):
        return facts.changes
    if isinstance(facts.pull_request, Missing):
        return facts.pull_request
    authors = frozenset(author.lower() for author in facts.changes.authors)
    return authors | {facts.pull_request.author.lower()} if facts.pull_request else authors


def _written_by(principals: tuple[Principal, ...], facts: Facts) -> Known[bool]:
    authors = authors_of(facts)
    if isinstance(authors, Missing):
        return authors
    answers = [anyone_of(principals, author, facts.people) for author in sorted(authors)]
    if any(answer is True for answer in answers):
        return True
    return next((answer for answer in answers if isinstance(answer, Missing)), False)


def _larger_than(above: int, changes: Known[Changes]) -> Known[bool]:
    return changes if isinstance(changes, Missing) else changes.lines > above


def _migrates(environment: Environment, changes: Known[Changes], *, wanted: bool) -> Known[bool]:
    migrate = environment.steps.migrate
    if migrate is None or migrate.lint is None:
        return wanted is False
    touched = _touches((migrate.lint,), changes)
    return touched if isinstance(touched, Missing) else touched is wanted
