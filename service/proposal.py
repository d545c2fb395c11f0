"""A policy that a pull request proposes: checked, tried by its own tests, and told apart from what holds."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.check_runs import Annotation, Conclusion
from gateway.memory import ReadPolicy
from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.facts import Known, Missing
from protocol.markdown import escape
from protocol.policy import Policy
from protocol.policy_diff import Change, changes_between
from protocol.policy_tests import TestOutcome, run_policy_tests
from protocol.source import read_source
from protocol.wording import counted
from service.showing import Said

_UNTIL_MERGED = "Until it is merged, the policy of the default branch decides."
_GONE = (
    "This pull request removes the policy. Without one every gate waits: nothing can be deployed until "
    "there is one again. To stop using the gate, remove its rule from the environments instead."
)


def said_of_proposal(
    text: Known[str | None], file: str, current: ReadPolicy, *, shared: bool = False
) -> Said:
    """The check run's words. It fails a policy that could not be used, or that its own tests contradict."""
    if isinstance(text, Missing):
        return Said(title="Could not be read", summary=escape(text.reason), conclusion="neutral")
    if text is None:
        return Said(title="The policy is removed", summary=_GONE, conclusion="failure")
    try:
        proposed = parse_policy(text, file)
    except PolicyError as error:
        return _said_invalid(error)
    changes = changes_between(current, proposed, shared=shared) if isinstance(current, Policy) else None
    return _said_valid(proposed, changes, text, file)


def _said_invalid(error: PolicyError) -> Said:
    count = counted(len(error.problems), "problem")
    lines = [f"- line {one.line}, column {one.column}: {escape(one.message)}" for one in error.problems]
    return Said(
        title=f"{count}: the policy could not be used",
        summary="\n".join(["Merged like this, every gate would wait.", "", *lines]),
        conclusion="failure",
        remarks=tuple(
            Annotation(path=one.file, line=one.line, message=one.message, title="deploy policy")
            for one in error.problems
        ),
    )


def _said_valid(proposed: Policy, changes: tuple[Change, ...] | None, text: str, file: str) -> Said:
    outcomes = run_policy_tests(proposed)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    parts = [*_of_changes(changes), *_of_tests(outcomes), "", _UNTIL_MERGED]
    return Said(
        title=_title(changes or (), failed),
        summary="\n".join(parts),
        conclusion=_conclusion(changes or (), failed),
        remarks=tuple(_on_failed_tests(outcomes, text, file)),
    )


def _on_failed_tests(outcomes: tuple[TestOutcome, ...], text: str, file: str) -> Iterator[Annotation]:
    """Each on its own line; outcomes come in the order of the file."""
    root = read_source(text, file).root
    for index, outcome in enumerate(outcomes):
        node = root.find("tests", index)
        if not outcome.passed and node is not None:
            message = outcome.message
            yield Annotation(path=file, line=node.mark.line, message=message, title="a policy test fails")


def _conclusion(changes: tuple[Change, ...], failed: list[TestOutcome]) -> Conclusion:
    """What loosens is for people to judge: neither green nor in their way."""
    if failed:
        return "failure"
    return "neutral" if any(change.loosens for change in changes) else "success"


def _title(changes: tuple[Change, ...], failed: list[TestOutcome]) -> str:
    if failed:
        return f"{counted(len(failed), 'policy test')} failed"
    loosening = sum(change.loosens for change in changes)
    if loosening:
        return f"Loosens the policy: {loosening} of {counted(len(changes), 'change')}"
    return f"Valid, {counted(len(changes), 'change')}"


def _of_changes(changes: tuple[Change, ...] | None) -> Iterator[str]:
    """What loosens first: it is what a reviewer must not miss."""
    if changes is None:
        yield "The default branch has no policy that could be compared."
        return
    yield "#### What it changes"
    yield ""
    for change in sorted(changes, key=lambda one: not one.loosens):
        yield f"- ⚠️ **loosens** {escape(change.text)}" if change.loosens else f"- {escape(change.text)}"
    if not changes:
        yield "Nothing that a gate or a deployment would notice."


def _of_tests(outcomes: tuple[TestOutcome, ...]) -> Iterator[str]:
    if outcomes:
        yield ""
        yield "#### Its own tests"
        yield ""
    for outcome in outcomes:
        yield f"- {'✅' if outcome.passed else '❌'} {escape(outcome.message)}"
