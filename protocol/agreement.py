"""What must hold between the keys of one mapping: those that exclude, need or bound each other.

Asked of the file as written, so that these faults show beside all others. A rule looks at the keys it needs
alone, and is silent while one of them is illegible: its own fault comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, TypeAlias

from protocol.comparison import ENOUGH
from protocol.durations import parse_duration, say_duration
from protocol.faults import Fault
from protocol.keys import default_of, mappings
from protocol.placeholders import names
from protocol.policy import (
    DEFAULTS,
    ApprovalRule,
    ChecklistItem,
    Environment,
    Integrity,
    Model,
    Monitor,
    Probe,
)
from protocol.principals import Principal
from protocol.source import MERGE, Node
from protocol.wording import counted, say_all, say_any

Rule: TypeAlias = Callable[[Node], Iterator[Fault]]
_BASE = ("environments", DEFAULTS)  # no environment: what it lacks, the others may have
_OF_A_URL = ("status", "contains", "header", "json")


def disagreements(root: Node) -> Iterator[Fault]:
    """What keys of one mapping demand of each other and do not get; a fault's path starts at `root`."""
    for path, node, model in mappings(root):
        if path == _BASE:
            continue
        for rule in _rules_of(model):
            for fault in rule(node):
                yield Fault((*path, *fault.path), fault.message)


@cache
def _rules_of(model: type[Model]) -> tuple[Rule, ...]:
    alone = (_one_of(model.exactly_one),) if model.exactly_one else ()
    return (*alone, *RULES.get(model, ()))


def _one_of(keys: tuple[str, ...]) -> Rule:
    """Of some keys a mapping gives one. An empty list gives nothing."""

    def rule(node: Node) -> Iterator[Fault]:
        entries = node.entries
        given = [key for key in keys if key in entries and entries[key].node.value != ()]
        told = [key for key in given if entries[key].node.legible]
        if len(told) > 1:
            yield Fault((told[1],), f"{say_all(told)} exclude each other: keep one")
        if not given and MERGE not in entries:
            yield Fault((), f"one of {say_any(keys)} is missing: give one")

    return rule


def _more_approvals_than_people(rule: Node) -> Iterator[Fault]:
    people = [item.text() for item in rule.listed("from")]
    count = rule.find("count")
    if count is None or not isinstance(count.value, int) or not people or None in people:
        return
    named = {Principal.parse(person) for person in people if person}
    if all(person.kind == "user" for person in named) and len(named) < count.value:
        message = f"{count.value} approvals can never be given by {len(named)}: name more people"
        yield Fault(("count",), message)


def _options_of_other_evidence(item: Node) -> Iterator[Fault]:
    given = item.entries
    if given.keys().isdisjoint(ChecklistItem.exactly_one):
        return
    if item.find("checks") is None and _value(item, "allow_none") is True:
        yield Fault(("allow_none",), "'allow_none' goes with 'checks' only: remove it")
    if item.find("run") is None and item.text("timeout") is not None:
        yield Fault(("timeout",), "'timeout' goes with 'run' only: remove it")


def _answers_of_no_url(probe: Node) -> Iterator[Fault]:
    given = probe.entries
    if probe.find("url") is not None or given.keys().isdisjoint(Probe.exactly_one):
        return
    for key in _OF_A_URL:
        if key in given and given[key].node.legible:
            yield Fault((key,), f"'{key}' goes with 'url' only: remove it")


def _metrics_without_source(monitor: Node) -> Iterator[Fault]:
    metrics = monitor.find("metrics")
    if metrics is not None and metrics.entries and monitor.find("source") is None:
        cure = "add source, such as {prometheus: https://prometheus.example}"
        yield Fault((), f"the metrics have no source: {cure}")


def _looked_at_too_late(monitor: Node) -> Iterator[Fault]:
    yield from _too_late(monitor, Monitor, monitor)
    integrity = monitor.find("integrity")
    if integrity is not None:
        yield from _too_late(integrity, Integrity, monitor, "integrity")


def _too_late(node: Node, model: type[Model], monitor: Node, *path: str) -> Iterator[Fault]:
    every, whole = _duration(node, "every", model), _duration(monitor, "for", Monitor)
    if every is not None and whole is not None and every > whole:
        each, bound = _with_its_length(node, "every", every), _with_its_length(monitor, "for", whole)
        yield Fault((*path, "every"), f"{each} is longer than {bound}: shorten it")


def _watched_too_briefly(monitor: Node) -> Iterator[Fault]:
    """So that every deployment would end without an answer."""
    every, whole = _duration(monitor, "every", Monitor), _duration(monitor, "for", Monitor)
    if every is None or whole is None or not every <= whole < every * ENOUGH or not _rises(monitor):
        return
    cure = f"watch for at least {say_duration(every * ENOUGH)}, or look more often"
    key = "for" if "for" in monitor.entries else "every"
    yield Fault((key,), f"a rise shows in {counted(ENOUGH, 'sample')} or more: {cure}")


def _rises(monitor: Node) -> bool:
    """Whether any metric that counts is compared with what it was before."""
    metrics = monitor.find("metrics")
    return any(
        metric.node.text("rollback_if", "rises") and _value(metric.node, "dry_run") is not True
        for metric in (metrics.entries.values() if metrics is not None else ())
    )


def _with_its_length(node: Node, key: str, length: timedelta) -> str:
    said = say_duration(length)
    return f"'{key}' ({said})" if key in node.entries else f"'{key}' ({said}, where it is left out)"


def _merges_without_workflow(environment: Node) -> Iterator[Fault]:
    if environment.text("deploy") == "on-merge" and environment.find("workflow") is None:
        cure = "add 'workflow', the file to start, such as deploy.yml"
        yield Fault(("deploy",), f"'on-merge' starts a workflow but none is named: {cure}")


def _approvals_by_no_method(environment: Node) -> Iterator[Fault]:
    methods = environment.find("approval_options", "methods")
    if environment.listed("approvals") and methods is not None and methods.value == ():
        yield Fault(
            ("approval_options", "methods"), "approvals are asked for but no method is allowed: name one"
        )


def _migrations_nobody_can_tell(environment: Node) -> Iterator[Fault]:
    if environment.find("steps", "migrate", "lint") is not None:
        return
    for key in ("approvals", "checklist"):
        for index, item in enumerate(environment.listed(key)):
            if isinstance(_value(item, "when", "migrations"), bool):
                cure = "add steps.migrate.lint, such as migrations/*.sql"
                path = (key, index, "when", "migrations")
                yield Fault(path, f"nothing says which files are migrations: {cure}")


def _migrations_that_can_never_be_shown(environment: Node) -> Iterator[Fault]:
    for index, item in enumerate(environment.listed("checklist")):
        kind = item.text("migration")
        lacking = _lacking_for(kind, environment) if kind is not None else ""
        if lacking:
            message = f"'migration: {kind}' can never be shown: {lacking}"
            yield Fault(("checklist", index, "migration"), message)


def _lacking_for(kind: str, environment: Node) -> str:
    if environment.find("steps", "migrate") is None:
        return "add steps.migrate"
    if kind == "staging" and environment.find("after") is None:
        return "add after, the environment where it is tried first"
    if kind == "backup" and environment.find("steps", "backup") is None:
        return "add steps.backup"
    if kind == "reversible" and not _may_be_undone(environment):
        return "add steps.migrate.undo, and leave out 'reversible: false'"
    if kind == "rollback_tested" and environment.find("steps", "migrate", "rehearse") is None:
        return "add steps.migrate.rehearse, which runs it up and down on a throwaway database"
    return ""


def _may_be_undone(environment: Node) -> bool:
    undo = environment.find("steps", "migrate", "undo")
    return undo is not None and _value(environment, "steps", "migrate", "reversible") is not False


def _canaries_judged_too_soon(environment: Node) -> Iterator[Fault]:
    hold = environment.text("strategy", "canary", "hold")
    monitor = environment.find("monitor")
    every = _duration(monitor, "every", Monitor) if monitor is not None else None
    if hold is None or every is None or not _compares_tracks(environment):
        return
    if timedelta(0) < parse_duration(hold) < every * ENOUGH:
        cure = f"hold at least {say_duration(every * ENOUGH)}, or shorten monitor.every"
        path = ("strategy", "canary", "hold")
        yield Fault(path, f"a canary is judged by {counted(ENOUGH, 'sample')} or more: {cure}")


def _compares_tracks(environment: Node) -> bool:
    """Whether any metric tells canary and stable apart and compares them."""
    metrics = environment.find("monitor", "metrics")
    return any(
        names(metric.node.text("query") or "", "TRACK") and metric.node.text("rollback_if", "rises")
        for metric in (metrics.entries.values() if metrics is not None else ())
    )


def _duration(node: Node, key: str, model: type[Model]) -> timedelta | None:
    """What the key says or its default; None when it is illegible."""
    found = node.find(key)
    if found is None:
        default: timedelta = default_of(model, key)
        return default
    return parse_duration(found.value) if isinstance(found.value, str) else None


def _value(node: Node, *path: str | int) -> Any:
    found = node.find(*path)
    return found.value if found is not None else None


RULES: Mapping[type[Model], tuple[Rule, ...]] = {
    ApprovalRule: (_more_approvals_than_people,),
    ChecklistItem: (_options_of_other_evidence,),
    Probe: (_answers_of_no_url,),
    Monitor: (_metrics_without_source, _looked_at_too_late, _watched_too_briefly),
    Environment: (
        _merges_without_workflow,
        _approvals_by_no_method,
        _migrations_nobody_can_tell,
        _migrations_that_can_never_be_shown,
        _canaries_judged_too_soon,
    ),
}
